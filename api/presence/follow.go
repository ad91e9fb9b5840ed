package presence

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// lostAfter is after how long a process that says nothing counts as lost.
	lostAfter = 3 * interval
	// forgottenAfter is after how long it is no longer listed: it was replaced.
	forgottenAfter = 10 * time.Minute
	// maxProcesses and maxMessage bound what is kept.
	maxProcesses, maxMessage = 1000, 8 << 10
)

// Heard is a process, and when it was last heard of.
type Heard struct {
	Process

	At time.Time
}

// Lost reports whether nothing was heard of the process for longer than three of its
// messages take, though it has not said that it stops.
func (h Heard) Lost() bool { return time.Since(h.At) > lostAfter }

// Others is what is known of all processes, this one included. It is safe for
// concurrent use.
type Others struct {
	subscription *nats.Subscription

	mu    sync.Mutex
	heard map[string]Heard // by name
}

// Follow listens until Close is called. A connection that is not there yet is
// waited for.
func Follow(nc *nats.Conn) (*Others, error) {
	o := &Others{heard: map[string]Heard{}}
	var err error
	o.subscription, err = nc.Subscribe(Subjects, func(msg *nats.Msg) { o.note(msg, time.Now()) })
	return o, err
}

// Close ends what Follow began.
func (o *Others) Close() {
	_ = o.subscription.Unsubscribe() // On a closed connection it fails, and has no effect.
}

// note notes a message. What is none of a process, or is too much, is ignored.
func (o *Others) note(msg *nats.Msg, at time.Time) {
	var p Process
	if len(msg.Data) > maxMessage || json.Unmarshal(msg.Data, &p) != nil || p.Name == "" || len(p.Hosts) == 0 || msg.Subject != Subject(p.Hosts[0]) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if p.Stopped {
		delete(o.heard, p.Name)
		return
	}
	if _, known := o.heard[p.Name]; known || len(o.heard) < maxProcesses {
		o.heard[p.Name] = Heard{p, at}
	}
}

// List returns the processes by their hosts and names. One that was lost is listed for
// ten minutes.
func (o *Others) List() []Heard {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []Heard
	for name, h := range o.heard {
		if time.Since(h.At) > forgottenAfter {
			delete(o.heard, name)
			continue
		}
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b Heard) int {
		return strings.Compare(strings.Join(a.Hosts, ",")+" "+a.Name, strings.Join(b.Hosts, ",")+" "+b.Name)
	})
	return all
}
