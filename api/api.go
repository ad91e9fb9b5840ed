package api

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"shipments/activities/documents"
	"shipments/api/auth"
	"shipments/api/index"
	"shipments/api/presence"
	"shipments/events/streams"
	"shipments/shipment"
)

// Config is what the API works with.
type Config struct {
	JetStream jetstream.JetStream
	Publisher *streams.Publisher
	Documents *documents.Store
	// PublicURL is where users reach the API; its path comes before those of the
	// routes in Location. Empty means that they reach it at its root.
	PublicURL string
	// Index is the view of the recent shipments, which its owner runs. Without one,
	// shipments are not listed.
	Index *index.Index
	// Rules are what shipments are validated by before they are published. While
	// they emulate, POST /{shipmentId} publishes sample shipments.
	Rules shipment.Rules
	// CarrierDeadline is how long a carrier may give no answer; it bounds what pending
	// shipments wait for. 0 if it is not known.
	CarrierDeadline time.Duration
	// Access is who may ask what; everybody everything by default.
	Access auth.Config
	// UI says what the pages for people may do; none by default.
	UI UI
	// About is the process that the pages describe.
	About About
	// Processes are those that were heard of, with other hosts too; optional.
	Processes func() []presence.Heard
	// Readiness is what /readyz answers by.
	Readiness func() Readiness
	Log       zerolog.Logger
}

const (
	readTimeout    = 5 * time.Second
	publishTimeout = 5 * time.Second
)

// New makes the API's handler.
func New(config Config) http.Handler {
	a, mux := newRoutes(config)
	return a.protect(mux)
}

// newRoutes makes the routes, but for those of the login.
func newRoutes(config Config) (*api, *routes) {
	if config.Index == nil {
		config.Index = index.New(index.Config{JetStream: config.JetStream, Log: config.Log}) // It is never ready.
	}
	a := &api{
		Config: config, publicPath: publicPath(config.PublicURL), jetStream: outage{log: config.Log}, streams: make(chan struct{}, maxStreams),
	}
	a.templates = template.Must(pages.Clone()).Funcs(template.FuncMap{"carrier": a.carrierName})
	mux := &routes{ServeMux: http.NewServeMux()}
	mux.HandleFunc("POST /{shipmentId}", a.createSample)
	mux.HandleFunc("POST /shipments", a.create)
	mux.HandleFunc("GET /shipments", a.list)
	mux.HandleFunc("GET /{shipmentId}", a.status)
	mux.HandleFunc("GET /shipments/{shipmentId}", a.status)
	mux.HandleFunc("GET /shipments/{shipmentId}/events", a.events)
	mux.HandleFunc("POST /shipments/{shipmentId}/cancellation", a.cancel)
	mux.HandleFunc("POST /shipments/{shipmentId}/rebooking", a.rebook)
	mux.HandleFunc("GET /rejections", a.listRejections)
	mux.HandleFunc("POST /rejections/{sequence}/replay", a.replay)
	mux.HandleFunc("GET "+documents.Folder+"{name}", a.document)
	mux.HandleFunc("POST "+documents.Folder+"{name}/links", a.linkDocument)
	mux.HandleFunc("GET /schemas/{$}", listSchemas)
	mux.HandleFunc("GET /schemas/{name}", a.serveSchema)
	a.addContract(mux)
	a.addPages(mux)
	addHealth(mux, config.Readiness)
	return a, mux
}

type api struct {
	Config

	publicPath string // comes before a route's path in Location
	jetStream  outage
	streams    chan struct{} // has an element for each client that stays
	backlog    backlog
	rendered   rendered
	templates  *template.Template
}

// publicPath is the path of the public URL, escaped and without a slash at its end.
// What is no URL has none.
func publicPath(publicURL string) string {
	public, err := url.Parse(publicURL)
	if err != nil {
		return ""
	}
	return strings.TrimRight(public.EscapedPath(), "/")
}
