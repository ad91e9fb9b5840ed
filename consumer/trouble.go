package consumer

import (
	"fmt"
	"time"
)

// Trouble is why a consumer cannot do its work, in words. The zero value means
// that it can.
type Trouble struct {
	Why string
	// Since is when it began. The zero time means that the consumer has not worked
	// yet.
	Since time.Time
}

// Trouble returns why the consumer cannot do its work, as its own loops found
// out: its pulls are not answered, Temporal is unavailable, or messages are held
// and none is settled. It may be called before Run, and at any time.
func (c *Consumer) Trouble() Trouble {
	pulling, away := c.jetStreamOutage.trouble("pulling from JetStream fails")
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
	if t, away := c.temporalOutage.trouble("pulling pauses, because Temporal is unavailable"); away {
		return t
	}
	t, _ := c.unsettled.trouble("messages are held and none is settled")
	return t
}

// trouble describes the outage, if there is one.
func (o *outage) trouble(what string) (t Trouble, on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over == nil {
		return Trouble{}, false
	}
	return Trouble{Why: fmt.Sprintf("%s: %v", what, o.cause), Since: o.since}, true
}
