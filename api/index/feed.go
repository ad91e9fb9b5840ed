package index

import (
	"sync"
	"time"
)

// Event says that a message about a shipment was stored.
type Event struct {
	Stream     string    `json:"-"`
	Type       string    `json:"type"`
	ShipmentID string    `json:"shipmentId"`
	Sequence   uint64    `json:"sequence"`
	At         time.Time `json:"time"`
}

// feed passes events on to those who follow them.
type feed struct {
	mu        sync.Mutex
	all       map[*Following]bool
	shipments map[string]map[*Following]bool
}

// Following is what somebody follows. It has to be closed.
type Following struct {
	feed *feed
	id   string
	wake chan struct{}

	mu     sync.Mutex
	latest Event
	count  int
}

// Follow follows one shipment, or all if id is empty. However fast events come,
// whoever follows is only woken: there is no queue that could overflow, and
// nobody slows the view down.
func (x *Index) Follow(id string) *Following {
	f := &Following{feed: &x.feed, id: id, wake: make(chan struct{}, 1)}
	x.feed.mu.Lock()
	defer x.feed.mu.Unlock()
	if id == "" {
		if x.feed.all == nil {
			x.feed.all = map[*Following]bool{}
		}
		x.feed.all[f] = true
		return f
	}
	if x.feed.shipments == nil {
		x.feed.shipments = map[string]map[*Following]bool{}
	}
	if x.feed.shipments[id] == nil {
		x.feed.shipments[id] = map[*Following]bool{}
	}
	x.feed.shipments[id][f] = true
	return f
}

// Close ends the following.
func (f *Following) Close() {
	f.feed.mu.Lock()
	defer f.feed.mu.Unlock()
	delete(f.feed.all, f)
	delete(f.feed.shipments[f.id], f)
	if len(f.feed.shipments[f.id]) == 0 {
		delete(f.feed.shipments, f.id)
	}
}

// Wake receives when there is news since the last [Following.News].
func (f *Following) Wake() <-chan struct{} { return f.wake }

// News returns the latest event, and how many came since the last call.
func (f *Following) News() (latest Event, count int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	latest, count = f.latest, f.count
	f.count = 0
	return latest, count
}

func (f *feed) publish(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for following := range f.all {
		following.notify(e)
	}
	for following := range f.shipments[e.ShipmentID] {
		following.notify(e)
	}
}

func (f *Following) notify(e Event) {
	f.mu.Lock()
	f.latest = e
	f.count++
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}
