package api

import (
	"net/http"
	"net/http/pprof"

	"shipments/api/auth"
)

// AdminConfig is what the admin listener shows.
type AdminConfig struct {
	Readiness func() Readiness
	About     About
	// Metrics serves /metrics.
	Metrics http.Handler
	// Pprof adds the profiles of net/http/pprof.
	Pprof bool
	// Hosts are the names by which the listener may be asked for; nil: any.
	Hosts []string
}

// ready is the body of /readyz of the admin listener. A [Problem] takes its place
// while the process is not ready.
type ready struct {
	Status   string            `json:"status"`
	Checks   map[string]string `json:"checks"`
	Warnings []string          `json:"warnings,omitempty"`
	About
}

// Admin makes the handler of the admin listener, which is for operators: liveness,
// readiness with its details, metrics, and profiles. Every process may have one, with or
// without the API.
func Admin(config AdminConfig) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		r := config.Readiness()
		if !r.Ready {
			writeProblem(w, Problem{
				Status: http.StatusServiceUnavailable, Detail: r.Why, Checks: r.Checks, Warnings: r.Warnings, About: &config.About,
			})
			return
		}
		writeJSON(w, http.StatusOK, "application/json", ready{Status: "ready", Checks: r.Checks, Warnings: r.Warnings, About: config.About})
	})
	if config.Metrics != nil {
		mux.Handle("GET /metrics", config.Metrics)
	}
	if config.Pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	handler := withProblems(mux)
	if config.Hosts == nil {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !auth.Serves(config.Hosts, r.Host) {
			problem(w, http.StatusMisdirectedRequest, "this host is not served here")
			return
		}
		handler.ServeHTTP(w, r)
	})
}
