package api

import (
	"context"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"shipments/events"
)

// checkTimeout bounds every readiness check.
const checkTimeout = 2 * time.Second

func addHealth(mux *http.ServeMux, checks Checks) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		states, ready := checks.run(r.Context())
		if !ready {
			writeProblem(w, Problem{Status: http.StatusServiceUnavailable, Detail: "a dependency is missing", Checks: states})
			return
		}
		writeJSON(w, http.StatusOK, "application/json", map[string]any{"status": "ready", "checks": states})
	})
}

// run runs all checks at once and tells how each went.
func (c Checks) run(ctx context.Context) (states map[string]string, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	states, ready = map[string]string{}, true
	for name, check := range c {
		all.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			states[name] = "ok"
			if err != nil {
				states[name], ready = err.Error(), false
			}
		})
	}
	all.Wait()
	return states, ready
}

func listSchemas(w http.ResponseWriter, _ *http.Request) {
	names, err := fs.Glob(events.Schemas(), "*.json")
	if err != nil {
		problem(w, http.StatusInternalServerError, "the schemas cannot be listed")
		return
	}
	writeJSON(w, http.StatusOK, "application/json", map[string][]string{"schemas": names})
}

func serveSchema(w http.ResponseWriter, r *http.Request) {
	text, err := fs.ReadFile(events.Schemas(), r.PathValue("name"))
	if err != nil {
		problem(w, http.StatusNotFound, "there is no such schema: see /schemas/")
		return
	}
	w.Header().Set("Content-Type", "application/schema+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(text) //nolint:gosec // an embedded file; and if the client is gone there is nobody to tell
}
