package consumer

import (
	"sync"
	"time"
)

// outage is the time during which something does not work, such as a server. All
// goroutines of a session share it. The zero value is ready for use: there is no
// outage.
type outage struct {
	mu    sync.Mutex
	since time.Time
	cause error         // the error that was noted last
	ended chan struct{} // closed at the end of the outage; nil without one
}

// begin begins an outage, unless one has begun, and notes its cause. It returns a
// channel that is closed at the end of the outage, and whether this call began
// it.
func (o *outage) begin(cause error) (resolved <-chan struct{}, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cause = cause
	if o.ended == nil {
		o.since, o.ended, first = time.Now(), make(chan struct{}), true
	}
	return o.ended, first
}

// on reports whether there is an outage.
func (o *outage) on() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ended != nil
}

// end ends the outage. It returns how long the outage lasted, and false if there
// was none.
func (o *outage) end() (lasted time.Duration, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended == nil {
		return 0, false
	}
	close(o.ended)
	o.ended = nil
	return time.Since(o.since), true
}

// resolved returns a channel that is closed at the end of the outage; it is
// closed already if there is none.
func (o *outage) resolved() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended == nil {
		return closedAlready
	}
	return o.ended
}

var closedAlready = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
