package consumer

import (
	"fmt"
	"time"
)

// LastError is why a consumer cannot do its work, in words. The zero value means
// that it can.
type LastError struct {
	Why string
	// Since is when it began. The zero time means that the consumer has not worked
	// yet.
	Since time.Time
}

// LastError returns why the consumer cannot do its work, as its own loops found
// out: its pulls are not answered, Temporal is unavailable, or messages are held
// and none is settled. It may be called before Run, and at any time.
func (c *Consumer) LastError() LastError {
	pulling, away := c.jetStreamOutage.lastError("pulling from JetStream fails")
	if !c.pulled.Load() {
		if !away {
			pulling.Why = "no pull from JetStream has been answered yet"
		}
		pulling.Since = time.Time{}
		return pulling
	}
	if away {
		return pulling
	}
	if t, away := c.temporalOutage.lastError("pulling pauses, because Temporal is unavailable"); away {
		return t
	}
	t, _ := c.unsettled.lastError("messages are held and none is settled")
	return t
}

// lastError describes the outage, if there is one.
func (o *outage) lastError(what string) (t LastError, on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended == nil {
		return LastError{}, false
	}
	return LastError{Why: fmt.Sprintf("%s: %v", what, o.cause), Since: o.since}, true
}
