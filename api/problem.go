package api

import (
	"encoding/json"
	"net/http"

	"shipments/shipment"
)

// withProblems answers a request without a route with a problem instead of the
// mux's plain text.
func withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI == "*" {
			problem(w, http.StatusBadRequest, "a request needs a path") // The mux would answer in plain text.
			return
		}
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		reply := headerOnly{}
		handler.ServeHTTP(reply, r)
		if allow := reply.Header().Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			problem(w, http.StatusMethodNotAllowed, "use "+allow)
			return
		}
		problem(w, http.StatusNotFound, "this path has no route")
	})
}

// headerOnly is a reply whose status and body are dropped.
type headerOnly http.Header

func (h headerOnly) Header() http.Header         { return http.Header(h) }
func (h headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h headerOnly) WriteHeader(int)             {}

// problemWriter replaces the plain-text errors of [http.ServeContent] by problems.
type problemWriter struct {
	http.ResponseWriter

	replaced bool
}

func (p *problemWriter) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		p.ResponseWriter.WriteHeader(status)
		return
	}
	p.replaced = true
	p.Header().Del("Content-Disposition")
	p.Header().Del("Content-Length")
	problem(p.ResponseWriter, status, "the document does not match the condition, or lacks the range, of the request")
}

func (p *problemWriter) Write(b []byte) (int, error) {
	if p.replaced {
		return len(b), nil
	}
	return p.ResponseWriter.Write(b)
}

// Problem is an application/problem+json body (RFC 9457). Errors lists what is
// wrong with an input. Checks, Warnings and About are members of /readyz of the
// admin listener.
type Problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail,omitempty"`
	Errors []shipment.Reason `json:"errors,omitempty"`
	Checks map[string]string `json:"checks,omitempty"`
	// Warnings are about what the process does without.
	Warnings []string `json:"warnings,omitempty"`
	*About
}

func problem(w http.ResponseWriter, status int, detail string, reasons ...shipment.Reason) {
	writeProblem(w, Problem{Status: status, Detail: detail, Errors: reasons})
}

func writeProblem(w http.ResponseWriter, p Problem) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	encoded, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(encoded, '\n')) // An error means that the client is gone.
}
