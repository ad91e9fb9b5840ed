package metrics

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HTTP measures the requests of a handler by the pattern of their route.
func (m *Metrics) HTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		m.requests.Record(r.Context(), time.Since(began).Seconds(), labels(
			"http.request.method", method(r.Method), "http.route", route(r.Pattern), "http.response.status_code", strconv.Itoa(recorder.status)))
	})
}

// route is the path of a pattern; a request without a route has none.
func route(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// method is a method of HTTP, of which a client may have made one up.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return name
	}
	return "_OTHER"
}

// statusRecorder keeps the status of a response.
type statusRecorder struct {
	http.ResponseWriter

	status  int
	written bool
}

func (s *statusRecorder) WriteHeader(status int) {
	if !s.written && status >= http.StatusOK {
		s.status, s.written = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
