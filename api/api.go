// Package api is the HTTP side of the service: it takes shipments in and tells
// how they stand.
//
//	POST /{shipmentId}             a sample shipment (while emulating)
//	POST /shipments                a shipment, or a CloudEvent that carries one
//	GET  /{shipmentId}             status, read from JetStream
//	GET  /shipments/{shipmentId}   the same
//	GET  /shipment-documents/{name}  a document, as PDF
//	GET  /schemas/                 the events' JSON Schemas
//	GET  /healthz, /readyz         is the process alive; which dependency is missing
//
// Errors are application/problem+json (RFC 9457). Nothing here asks a
// workflow, so it answers with Temporal and every worker down.
package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"shipments/activities/documents"
	"shipments/events/streams"
	"shipments/shipment"
)

// Config is what the API works with.
type Config struct {
	JetStream jetstream.JetStream
	Publisher *streams.Publisher
	Documents *documents.Store
	// Rules are what shipments are judged by before they are published. While
	// they emulate, POST /{shipmentId} publishes sample shipments.
	Rules  shipment.Rules
	Checks Checks
	Log    zerolog.Logger
}

// Checks are the dependencies of the process by name. A check returns what is
// wrong with its dependency.
type Checks map[string]func(context.Context) error

const (
	readTimeout    = 5 * time.Second
	publishTimeout = 5 * time.Second
)

// New makes the API's handler.
func New(config Config) http.Handler {
	a := &api{Config: config}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{shipmentId}", a.createSample)
	mux.HandleFunc("POST /shipments", a.create)
	mux.HandleFunc("GET /shipments", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		problem(w, http.StatusMethodNotAllowed, "POST a shipment here; GET /shipments/{shipmentId} tells how one stands")
	})
	mux.HandleFunc("GET /{shipmentId}", a.status)
	mux.HandleFunc("GET /shipments/{shipmentId}", a.status)
	mux.HandleFunc("GET "+documents.Folder+"{name}", a.document)
	mux.HandleFunc("GET /schemas/{$}", listSchemas)
	mux.HandleFunc("GET /schemas/{name}", serveSchema)
	addHealth(mux, config.Checks)
	return withProblems(mux)
}

// Health makes a handler with the health routes alone, for processes without
// the API.
func Health(checks Checks) http.Handler {
	mux := http.NewServeMux()
	addHealth(mux, checks)
	return withProblems(mux)
}

// Server makes an HTTP server with the limits that keep slow and endless
// requests from holding it up.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

type api struct{ Config }

// withProblems answers requests that no route takes with a problem instead of
// the mux's plain text.
func withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI == "*" {
			problem(w, http.StatusBadRequest, "a request needs a path") // The mux would say so without a problem.
			return
		}
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := discarded{}
		handler.ServeHTTP(answer, r)
		if allow := http.Header(answer).Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			problem(w, http.StatusMethodNotAllowed, "use "+allow)
			return
		}
		problem(w, http.StatusNotFound, "there is nothing at this path")
	})
}

// discarded keeps the headers of an answer alone.
type discarded http.Header

func (d discarded) Header() http.Header         { return http.Header(d) }
func (d discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d discarded) WriteHeader(int)             {}

// problems turns the errors that net/http's server of content answers, which
// are plain text, into problems.
type problems struct {
	http.ResponseWriter

	answered bool
}

func (p *problems) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		p.ResponseWriter.WriteHeader(status)
		return
	}
	p.answered = true
	p.Header().Del("Content-Disposition")
	p.Header().Del("Content-Length")
	problem(p.ResponseWriter, status, "the document has no such state, or no such range")
}

func (p *problems) Write(b []byte) (int, error) {
	if p.answered {
		return len(b), nil
	}
	return p.ResponseWriter.Write(b)
}

// Problem is an application/problem+json body (RFC 9457). Errors lists what
// was wrong with an input.
type Problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail,omitempty"`
	Errors []shipment.Reason `json:"errors,omitempty"`
	Checks map[string]string `json:"checks,omitempty"`
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
	_, _ = w.Write(append(encoded, '\n')) // The client may be gone; there is nobody to tell.
}
