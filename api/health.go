package api

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// checkTimeout bounds every readiness check.
const checkTimeout = 2 * time.Second

// Checks are the readiness checks of a process, by the name of the dependency.
// A check returns what is wrong with its dependency.
type Checks map[string]func(context.Context) error

// About describes a process in /readyz.
type About struct {
	Version string   `json:"version"`
	Hosts   []string `json:"hosts"`
	// SimulatedCarriers are the names of the carriers that the process simulates
	// instead of calling them.
	SimulatedCarriers []string `json:"simulatedCarriers,omitempty"`
}

// ready is the body of /readyz when all checks succeed. A [Problem] takes its
// place otherwise.
type ready struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
	About
}

func addHealth(mux *http.ServeMux, checks Checks, about About) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		states, ok := checks.run(r.Context())
		if !ok {
			writeProblem(w, Problem{Status: http.StatusServiceUnavailable, Detail: "a dependency is missing", Checks: states, About: &about})
			return
		}
		writeJSON(w, http.StatusOK, "application/json", ready{Status: "ready", Checks: states, About: about})
	})
}

// run runs all checks at once and returns the state of each dependency: "ok" or
// what is wrong. It is ok if all are.
func (c Checks) run(ctx context.Context) (states map[string]string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	states, ok = map[string]string{}, true
	for name, check := range c {
		all.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			states[name] = "ok"
			if err != nil {
				states[name], ok = err.Error(), false
			}
		})
	}
	all.Wait()
	return states, ok
}
