package carriers

import (
	"bytes"
	"context"
	_ "embed" // the API's description
	"encoding/json"
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
		random: rand.New(rand.NewPCG(chaos.Seed, 0)), results: map[string]*result{}, //nolint:gosec // chaos needs no secrets
	}
	handle(s, "POST /v1/manifestations", simulator.ManifestLeg, func(m ManifestLegReply) *shipment.Fault { return m.Declined })
	handle(s, "POST /v1/manifestation-voids", simulator.VoidLeg, func(v VoidLegReply) *shipment.Fault { return v.Declined })
	handle(s, "POST /v1/collections", simulator.BookCollection, func(b BookCollectionReply) *shipment.Fault { return b.Declined })
	handle(s, "POST /v1/collection-cancellations", simulator.CancelCollection, func(c CancelCollectionReply) *shipment.Fault { return c.Declined })
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

// handle serves one kind of call: do makes it, and declined says why the carrier
// declined, if it did.
func handle[Request, Reply any](
	s *Server, pattern string, do func(context.Context, Request) (Reply, error), declined func(Reply) *shipment.Fault,
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
			reply, err := do(r.Context(), request)
			switch {
			case err != nil:
				return http.StatusInternalServerError, *shipment.NewFault("Internal error", err.Error())
			case declined(reply) != nil:
				return http.StatusUnprocessableEntity, declined(reply)
			default:
				return http.StatusOK, reply
			}
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
		answer(w, http.StatusConflict, *shipment.NewFault("Key in use", "409: another call has this Idempotency-Key"))
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
