package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"

	"shipments/api/contract"
)

// routes is a mux that remembers its patterns.
type routes struct {
	*http.ServeMux

	patterns []string
}

// HandleFunc adds a route.
func (r *routes) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	r.patterns = append(r.patterns, pattern)
	r.ServeMux.HandleFunc(pattern, handler)
}

// Routes are the patterns of all routes that an API has with a configuration.
func Routes(config Config) []string {
	a, mux := newRoutes(config)
	a.protect(mux)
	return mux.patterns
}

// addContract adds the routes of what describes the API. They need no token: they are
// the same for everybody, and say nothing of any shipment.
func (a *api) addContract(mux *routes) {
	mux.HandleFunc("GET /openapi.json", a.description("application/json", contract.OpenAPI))
	mux.HandleFunc("GET /asyncapi.json", a.description("application/json", contract.AsyncAPI))
	mux.HandleFunc("GET /docs", a.description("text/html; charset=utf-8", contract.Page))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, "favicon.svg", "image/svg+xml") })
}

// description serves a document that is made for the public URL, when somebody first asks
// for it.
func (a *api) description(contentType string, of func(publicURL string) ([]byte, error)) func(http.ResponseWriter, *http.Request) {
	made := sync.OnceValues(func() (body []byte, err error) {
		if body, err = of(a.PublicURL); err != nil {
			a.Log.Error().Err(err).Msg("A document of the API cannot be made")
		}
		return body, err
	})
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := made()
		if err != nil {
			problem(w, http.StatusInternalServerError, "the document cannot be made")
			return
		}
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:12]) + `"`
		h := w.Header()
		h.Set("ETag", tag)
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", contract.PagePolicy)
		if hasTag(r, tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Type", contentType)
		_, _ = w.Write(body) // An error means that the client is gone.
	}
}
