package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrefers(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"":          false,
		"*/*":       false,
		"text/html": true,
		"TEXT/HTML": true,
		"text/html,application/xhtml+xml,*/*;q=0.8": true,
		"application/json, text/html;q=0.1":         false,
		"text/html;q=0, application/json":           false,
		"text/html;q=0":                             false,
		"application/json, text/html":               false,
		"text/html, application/json":               true,
		"application/json;q=0.5, text/html":         true,
		"text/htmlx":                                false,
		"text/html;q=x":                             false,
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{Header: http.Header{"Accept": {accept}}}
			require.Equal(t, want, prefers(r, "text/html", "application/json"))
		})
	}
}
