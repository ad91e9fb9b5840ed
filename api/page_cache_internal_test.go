package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPagesAreMadeOnceForManyBrowsers(t *testing.T) {
	t.Parallel()
	var c rendered
	var version atomic.Uint64
	made := 0 // One at a time makes a page.
	read := func(path string) string {
		_, body := c.page(httptest.NewRequest(http.MethodGet, path, nil), version.Load, func() (int, []byte) {
			made++
			return 200, fmt.Appendf(nil, "%s at %d", path, version.Load())
		})
		return string(body)
	}
	require.Equal(t, "/ at 0", read("/"))
	require.Equal(t, "/ at 0", read("/"))
	require.Equal(t, 1, made)
	require.Equal(t, "/?q=x at 0", read("/?q=x"), "other filters, another page")
	require.Equal(t, 2, made)

	t.Run("a change is shown, and made once for all who ask", func(t *testing.T) {
		version.Add(1)
		began := time.Now()
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if got := read("/"); got != "/ at 1" {
					t.Errorf("got %s", got)
				}
			})
		}
		all.Wait()
		require.Equal(t, 3, made)
		require.Less(t, time.Since(began), 10*time.Second)
	})
	t.Run("what is kept is bounded", func(t *testing.T) {
		for n := range 3 * maxRendered {
			read(fmt.Sprint("/?q=", n))
		}
		require.LessOrEqual(t, len(c.pages), maxRendered)
	})
}
