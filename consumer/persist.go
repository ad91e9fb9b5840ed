package consumer

import (
	"context"
	"sync"
	"time"
)

const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 10 * time.Second
)

// persist tries until there is a verdict or the consumer stops; then the
// message is handed back. While Temporal is away, pulling pauses but for one
// message now and then, which tells whether the trouble is only that of those
// that are held. These are kept alive, and the first answer wakes all.
//
// What was rejected before has no effect any more, though the world has changed
// meanwhile: its rejection says that it had none.
func (h *handling) persist(ctx context.Context, d delivery, shipmentID string, try func() (verdict, error)) verdict {
	// However this ends, a panic included: pulling never waits for nobody.
	defer h.answered()
	backoff := firstBackoff
	for {
		v, err := h.rejectedBefore(ctx, &d, shipmentID)
		if err == nil && v.effect == "" {
			v, err = try()
		}
		if err == nil {
			return v
		}
		var answers <-chan struct{}
		if fateOf(err) == away {
			var news bool
			if answers, news = h.outage.begin(); news {
				h.log.Warn().Err(err).Msg("Temporal is away; pulling pauses until it answers")
			}
		} else {
			h.answered()
			if backoff == firstBackoff {
				h.log.Warn().Err(err).Str("shipment", shipmentID).Msg("An event has to wait; trying again until it is taken on")
			}
		}
		select {
		case <-time.After(backoff):
			backoff = min(2*backoff, lastBackoff)
		case <-answers:
			backoff = firstBackoff
		case <-h.stopping.Done():
			return verdict{handBack: err}
		}
	}
}

// rejectedBefore is the verdict on a message that was judged and rejected before
// and, that being stored, not settled; on any other it is empty.
func (h *handling) rejectedBefore(ctx context.Context, d *delivery, shipmentID string) (verdict, error) {
	if !d.again {
		return verdict{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rejected, err := h.publisher.Rejected(ctx, rejection(*d, verdict{shipmentID: shipmentID}))
	if err != nil {
		return verdict{}, err
	}
	d.again = false // It is known now.
	if rejected {
		return verdict{effect: "seen before: it was rejected"}, nil
	}
	return verdict{}, nil
}

// answered ends the outage, if there is one.
func (h *handling) answered() {
	if lasted, ended := h.outage.end(); ended {
		h.log.Info().Dur("lasted", lasted).Msg("Temporal answers again")
	}
}

// outage is what the handlers of messages know about Temporal being away. It
// is safe for concurrent use.
type outage struct {
	mu    sync.Mutex
	since time.Time
	over  chan struct{} // closed when it is over; nil without an outage
}

// begin enters the outage and returns what is closed when it is over, and
// whether it was unknown before.
func (o *outage) begin() (over <-chan struct{}, news bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over == nil {
		o.since, o.over, news = time.Now(), make(chan struct{}), true
	}
	return o.over, news
}

// end ends the outage and returns how long it lasted.
func (o *outage) end() (lasted time.Duration, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over == nil {
		return 0, false
	}
	close(o.over)
	o.over = nil
	return time.Since(o.since), true
}

// isOver returns what is closed when there is no outage any more.
func (o *outage) isOver() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over == nil {
		return closedAlready
	}
	return o.over
}

var closedAlready = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
