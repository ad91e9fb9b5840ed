package carriers

import (
	"bytes"
	"context"
	_ "embed" // the API's description
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"shipments/shipment"
)

// OpenAPI describes the carrier API.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Chaos is what a [Server] does wrong on purpose. Errors, Throttled and Dropped are
// probabilities from 0 to 1.
type Chaos struct {
	// Latency is how long every call takes.
	Latency time.Duration
	// Errors is how many calls end with a 500, before they have an effect.
	Errors float64
	// Throttled is how many calls end with a 429, before they have an effect. The
	// answer says to come back after RetryAfter, rounded up to whole seconds.
	Throttled  float64
	RetryAfter time.Duration
	// Dropped is how many calls lose their connection, after they had their effect.
	Dropped float64
	// LabelURLs makes it answer where its labels can be read, instead of the labels.
	LabelURLs bool
	// Seed makes the order of good and bad calls repeatable.
	Seed uint64
}

// Server serves the carrier API of openapi.yaml from a simulator, with chaos on
// demand. It keeps the answer to each idempotency key and counts effects: a call
// with a known key has none. GET /v1/effects shows the counts.
//
// It is safe for concurrent use. Its memory grows with the number of keys.
type Server struct {
	simulator Simulator
	chaos     Chaos
	token     string
	mux       *http.ServeMux

	mu      sync.Mutex
	random  *rand.Rand
	results map[string]*result
	// undone has the keys of the calls that were taken back before they were made.
	undone map[string]bool
	labels map[string]Label // by path
	// repeats counts the calls whose key was known.
	repeats int
}

// result is the answer to the first call with a key.
type result struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`

	request []byte
	effects int
}

// NewServer makes a server. Unless token is empty, calls need it as bearer token.
func NewServer(simulator Simulator, token string, chaos Chaos) *Server {
	s := &Server{
		simulator: simulator, chaos: chaos, token: token, mux: http.NewServeMux(),
		random: rand.New(rand.NewPCG(chaos.Seed, 0)), results: map[string]*result{}, undone: map[string]bool{}, labels: map[string]Label{}, //nolint:gosec // chaos needs no secrets
	}
	handle(s, "POST /v1/manifestations", simulator.ManifestLeg, s.manifested)
	handle(s, "POST /v1/manifestation-voids", simulator.VoidLeg, func(r VoidLegRequest, v VoidLegReply) (any, *shipment.Fault) {
		s.undone[ManifestLegRequest{ShipmentID: r.ShipmentID, Leg: r.Leg}.IdempotencyKey()] = true
		return struct{}{}, v.Declined
	})
	handle(s, "POST /v1/collections", simulator.BookCollection, func(_ BookCollectionRequest, b BookCollectionReply) (any, *shipment.Fault) {
		return b, b.Declined
	})
	handle(s, "POST /v1/collection-cancellations", simulator.CancelCollection, func(r CancelCollectionRequest, c CancelCollectionReply) (any, *shipment.Fault) {
		s.undone[BookCollectionRequest{ShipmentID: r.ShipmentID, Attempt: r.Attempt}.IdempotencyKey()] = true
		return struct{}{}, c.Declined
	})
	s.mux.HandleFunc("GET /v1/labels/", s.serveLabel)
	s.mux.HandleFunc("GET /v1/results", s.serveResult)
	s.mux.HandleFunc("GET /v1/effects", s.serveEffects)
	s.mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(OpenAPI) // An error means that the client is gone.
	})
	return s
}

// ServeHTTP serves the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		answer(w, http.StatusUnauthorized, *shipment.NewFault("Unauthorized", "401: the bearer token is missing or wrong"))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Effects returns how many effects every key has had, and how many calls were
// repeats of a known key.
func (s *Server) Effects() (effects map[string]int, repeats int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	effects = make(map[string]int, len(s.results))
	for key, r := range s.results {
		effects[key] = r.effects
	}
	return effects, s.repeats
}

// manifested makes the answer to a manifestation.
func (s *Server) manifested(request ManifestLegRequest, reply ManifestLegReply) (any, *shipment.Fault) {
	answer := struct {
		TrackingNumbers []string      `json:"trackingNumbers,omitempty"`
		TrackingNumber  string        `json:"trackingNumber,omitempty"`
		Labels          []labelAnswer `json:"labels,omitempty"`
	}{TrackingNumbers: reply.TrackingNumbers}
	if s.simulator.SharedNumber && len(reply.TrackingNumbers) > 0 {
		answer.TrackingNumbers, answer.TrackingNumber = nil, reply.TrackingNumbers[0]
	}
	for i, label := range reply.Labels {
		given := labelAnswer{ContentType: label.ContentType, Data: base64.StdEncoding.EncodeToString(label.Content)}
		if s.chaos.LabelURLs {
			given.Data, given.URL = "", fmt.Sprintf("v1/labels/%s/%d/%d", request.ShipmentID, request.Leg, i+1)
			s.labels["/"+given.URL] = label
		}
		answer.Labels = append(answer.Labels, given)
	}
	return answer, reply.Declined
}

// serveLabel serves a label of an earlier manifestation.
func (s *Server) serveLabel(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	label, ok := s.labels[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		answer(w, http.StatusNotFound, *shipment.NewFault("Unknown label", "404: no manifestation had this label"))
		return
	}
	w.Header().Set("Content-Type", label.ContentType)
	_, _ = w.Write(label.Content) // An error means that the client is gone.
}

// handle serves one kind of call: do makes it, and encode makes the body of its
// answer, or says why the carrier declined. The server is locked meanwhile.
func handle[Request, Reply any](
	s *Server, pattern string, do func(context.Context, Request) (Reply, error), encode func(Request, Reply) (any, *shipment.Fault),
) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReply))
		var request Request
		if key == "" || err != nil || json.Unmarshal(body, &request) != nil {
			answer(w, http.StatusBadRequest, *shipment.NewFault("Malformed call", "400: an Idempotency-Key and a JSON body are needed"))
			return
		}
		select {
		case <-time.After(s.chaos.Latency):
		case <-r.Context().Done():
			return
		}
		if s.happens(s.chaos.Throttled) {
			w.Header().Set("Retry-After", strconv.Itoa(int((s.chaos.RetryAfter+time.Second-1)/time.Second)))
			answer(w, http.StatusTooManyRequests, *shipment.NewFault("Too many calls", "429: later"))
			return
		}
		if s.happens(s.chaos.Errors) {
			answer(w, http.StatusInternalServerError, *shipment.NewFault("Internal error", "500: simulated"))
			return
		}
		s.effect(w, key, body, func() (int, any) {
			if s.undone[key] {
				return http.StatusUnprocessableEntity, *shipment.NewFault("Taken back", "422: it was taken back before")
			}
			reply, err := do(r.Context(), request)
			if err != nil {
				return http.StatusInternalServerError, *shipment.NewFault("Internal error", err.Error())
			}
			body, declined := encode(request, reply)
			if declined != nil {
				return http.StatusUnprocessableEntity, declined
			}
			return http.StatusOK, body
		})
	})
}

// effect calls do once per key and answers every call with its result. Now and then
// it cuts the connection instead of answering.
func (s *Server) effect(w http.ResponseWriter, key string, request []byte, do func() (int, any)) {
	s.mu.Lock()
	known, ok := s.results[key]
	switch {
	case ok && !bytes.Equal(known.request, request):
		s.mu.Unlock()
		answer(w, http.StatusUnprocessableEntity, *shipment.NewFault("Key in use", "422: another call has this Idempotency-Key"))
		return
	case ok:
		s.repeats++
	default:
		status, reply := do()
		text, err := json.Marshal(reply)
		if err != nil || status == http.StatusInternalServerError {
			s.mu.Unlock()
			answer(w, http.StatusInternalServerError, reply)
			return
		}
		known = &result{Status: status, Body: text, request: request, effects: 1}
		s.results[key] = known
	}
	s.mu.Unlock()
	if s.happens(s.chaos.Dropped) {
		panic(http.ErrAbortHandler) // net/http cuts the connection.
	}
	answer(w, known.Status, known.Body)
}

// happens decides at random whether something of that probability happens now.
func (s *Server) happens(probability float64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64() < probability
}

func (s *Server) serveResult(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	known := s.results[r.URL.Query().Get("key")]
	s.mu.Unlock()
	if known == nil {
		answer(w, http.StatusNotFound, *shipment.NewFault("Unknown key", "404: no call with this key has had an effect"))
		return
	}
	answer(w, http.StatusOK, known)
}

func (s *Server) serveEffects(w http.ResponseWriter, _ *http.Request) {
	effects, repeats := s.Effects()
	answer(w, http.StatusOK, map[string]any{"effects": effects, "repeats": repeats})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // an error means that the client is gone
}
