package api

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"shipments/activities/documents"
	"shipments/events/streams"
)

// note notes whether JetStream answered a request with err. What a client ended
// itself says nothing about JetStream.
func (a *api) note(r *http.Request, err error) {
	for _, answer := range []error{streams.ErrUnknownShipment, streams.ErrNoRejection, documents.ErrUnknown, documents.ErrDamaged, jetstream.ErrStreamMessageExceedsMaximum} {
		if errors.Is(err, answer) {
			err = nil
		}
	}
	var conflict *streams.ContentConflictError
	if errors.As(err, &conflict) {
		err = nil
	}
	if err == nil || r.Context().Err() == nil {
		a.jetStream.note(err)
	}
}

// unavailable replies when JetStream does not: the client may try again.
func unavailable(w http.ResponseWriter) {
	problem(w, http.StatusServiceUnavailable, "JetStream does not answer; try again")
}

// outage logs when JetStream stops answering the API's requests, and when it
// answers again: one line each, however many requests fail in between. It is
// safe for concurrent use.
type outage struct {
	log zerolog.Logger

	mu     sync.Mutex
	since  time.Time // zero while JetStream answers
	failed int       // requests since then
}

// note notes that JetStream answered a request, or why it did not.
func (o *outage) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && o.since.IsZero():
		o.since, o.failed = time.Now(), 1
		o.log.Warn().Err(err).Msg("JetStream does not answer; requests get 503 until it does")
	case err != nil:
		o.failed++
	case !o.since.IsZero():
		o.log.Info().Stringer("after", time.Since(o.since).Round(time.Millisecond)).Int("failedRequests", o.failed).Msg("JetStream answers again")
		o.since = time.Time{}
	}
}
