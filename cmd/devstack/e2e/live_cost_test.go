package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/stack"
)

// TestLivePagesCost compares the throughput while 200 browsers show the overview, live,
// with that while none does, in turns. The test does what the page's script does over
// HTTP; what browsers draw takes their own processors.
func TestLivePagesCost(t *testing.T) {
	onlyForCost(t)
	const rounds, warmUp, browsers = 4, 50, 200
	var with, without throughput
	var fetched atomic.Int64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: browsers}} // Browsers keep their connections.
	for round := range rounds {
		for _, watched := range []bool{round%2 == 0, round%2 != 0} {
			t.Run(fmt.Sprintf("round %d, watched %t", round+1, watched), func(t *testing.T) {
				s := startWith(t, "none", collectionDelay, stack.Options{Dir: t.TempDir()})
				s.pipeline(t, 0, warmUp)
				if !watched {
					without.add(s.pipeline(t, warmUp, *shipments))
					return
				}
				ctx, stop := context.WithCancel(t.Context())
				var open sync.WaitGroup
				for range browsers {
					open.Go(func() { s.browse(ctx, t, client, &fetched) })
				}
				before := fetched.Load()
				eventually(t, func() bool { return fetched.Load() >= before+browsers }, "all pages are shown")
				with.add(s.pipeline(t, warmUp, *shipments))
				stop()
				open.Wait()
			})
		}
	}
	t.Logf("without browsers: %v", &without)
	t.Logf("with %d browsers: %v; %d pages fetched", browsers, &with, fetched.Load())
	t.Logf("ratio %.3f in shipments per second, %.3f in time of the processors", with.rate()/without.rate(), without.cpuMs()/with.cpuMs())
	require.Greater(t, with.rate()/without.rate(), 0.8, "a machine that is shared with others may be a tenth slower in some rounds")
}

// browse shows the overview until ctx is done: it fetches the page, and fetches it again
// whenever it is told that something has changed.
func (s *system) browse(ctx context.Context, t testing.TB, client *http.Client, fetched *atomic.Int64) {
	get := func(path, accept string) (io.ReadCloser, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.apiURL+path, nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Accept", accept)
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		if response.StatusCode != http.StatusOK {
			_ = response.Body.Close()
			return nil, fmt.Errorf("%s: %s", path, response.Status)
		}
		return response.Body, nil
	}
	show := func() error {
		page, err := get("/", "text/html")
		if err != nil {
			return err
		}
		defer page.Close()
		_, err = io.Copy(io.Discard, page)
		fetched.Add(1)
		return err
	}
	err := show()
	if err == nil {
		var live io.ReadCloser
		if live, err = get("/live", "text/event-stream"); err == nil {
			defer live.Close()
			for lines := bufio.NewScanner(live); err == nil && lines.Scan(); {
				if lines.Text() == "event: changed" {
					err = show()
				}
			}
		}
	}
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}
