package api

import (
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
	// Rules are what shipments are validated by before they are published. While
	// they emulate, POST /{shipmentId} publishes sample shipments.
	Rules  shipment.Rules
	Checks Checks
	About  About
	Log    zerolog.Logger
}

const (
	readTimeout    = 5 * time.Second
	publishTimeout = 5 * time.Second
)

// New makes the API's handler.
func New(config Config) http.Handler {
	a := &api{Config: config, jetStream: outage{log: config.Log}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{shipmentId}", a.createSample)
	mux.HandleFunc("POST /shipments", a.create)
	mux.HandleFunc("GET /shipments", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		problem(w, http.StatusMethodNotAllowed, "POST a shipment here; GET /shipments/{shipmentId} has the status of one")
	})
	mux.HandleFunc("GET /{shipmentId}", a.status)
	mux.HandleFunc("GET /shipments/{shipmentId}", a.status)
	mux.HandleFunc("GET "+documents.Folder+"{name}", a.document)
	mux.HandleFunc("GET /schemas/{$}", listSchemas)
	mux.HandleFunc("GET /schemas/{name}", serveSchema)
	addHealth(mux, config.Checks, config.About)
	return withProblems(mux)
}

// Health makes a handler with the health routes alone, for processes without
// the API.
func Health(checks Checks, about About) http.Handler {
	mux := http.NewServeMux()
	addHealth(mux, checks, about)
	return withProblems(mux)
}

type api struct {
	Config

	jetStream outage
}
