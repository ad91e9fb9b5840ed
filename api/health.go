package api

import (
	"net/http"
)

// Readiness is whether the hosts of a process can do their work.
type Readiness struct {
	Ready bool
	// Why says in one line why they cannot; empty while Ready.
	Why string
	// Checks have "ok" or what is wrong, by host or dependency. What is wrong need
	// not keep the process from being ready.
	Checks map[string]string
	// Warnings are about what the process does without.
	Warnings []string
}

// About describes a process in /readyz of the admin listener.
type About struct {
	Version string   `json:"version"`
	Hosts   []string `json:"hosts"`
	// SimulatedCarriers are the names of the carriers that the process simulates
	// instead of calling them.
	SimulatedCarriers []string `json:"simulatedCarriers,omitempty"`
}

// addHealth adds the health routes of the public listener. They have no details:
// what is wrong inside is not for everybody.
func addHealth(mux *routes, readiness func() Readiness) {
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !readiness().Ready {
			writeProblem(w, Problem{Status: http.StatusServiceUnavailable, Detail: "not ready: /readyz of the admin listener has the reason"})
			return
		}
		writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ready"})
	})
}

// healthy answers while the process is alive. It depends on nothing: a restart
// would not help against what is missing outside.
func healthy(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "alive"})
}
