package activities

import (
	"sync"
	"time"

	"shipments/activities/carriers"
)

// TokenPatience is how long a carrier may refuse its token before that is an alarm. A
// token that is being renewed may be refused for moments.
const TokenPatience = time.Minute

// TokenRefusal says that a carrier refuses the token that it is called with.
type TokenRefusal struct {
	CarrierID string
	// Since is when it was first refused, and Words what the carrier answered last.
	Since time.Time
	Words string
}

// TokenWatch watches whether carriers accept the tokens that they are called with, over
// all calls of a process. The zero value is ready for use; it is safe for concurrent use,
// and a nil one watches nothing.
type TokenWatch struct {
	// Alarm is called once for a carrier that has refused its token for longer than
	// [TokenPatience], at its next refusal. Resolved is called when the carrier has taken a
	// call after that. Both are optional, and are not called at the same time.
	Alarm, Resolved func(TokenRefusal)

	mu      sync.Mutex
	refused map[string]TokenRefusal
	alarmed map[string]bool
}

// note notes how a call has ended.
func (w *TokenWatch) note(carrierID string, err error) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	refusal, known := w.refused[carrierID]
	switch {
	case err == nil && known:
		delete(w.refused, carrierID)
		if w.alarmed[carrierID] && w.Resolved != nil {
			w.Resolved(refusal)
		}
		delete(w.alarmed, carrierID)
	case carriers.IsTokenRefused(err):
		if !known {
			refusal = TokenRefusal{CarrierID: carrierID, Since: time.Now()}
		}
		refusal.Words = carriers.Message(err)
		if w.refused == nil {
			w.refused, w.alarmed = map[string]TokenRefusal{}, map[string]bool{}
		}
		w.refused[carrierID] = refusal
		if time.Since(refusal.Since) > TokenPatience && !w.alarmed[carrierID] {
			w.alarmed[carrierID] = true
			if w.Alarm != nil {
				w.Alarm(refusal)
			}
		}
	}
}

// Refused are the carriers that have refused their token for longer than
// [TokenPatience], and taken no call since.
func (w *TokenWatch) Refused() map[string]TokenRefusal {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := map[string]TokenRefusal{}
	for id, refusal := range w.refused {
		if time.Since(refusal.Since) > TokenPatience {
			found[id] = refusal
		}
	}
	return found
}
