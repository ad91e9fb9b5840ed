package index

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// DefaultShipments is how many shipments a view keeps if [Config] does not say.
const DefaultShipments = 100_000

// Config is what a view works with.
type Config struct {
	JetStream jetstream.JetStream
	// Shipments bounds the view; default [DefaultShipments]. The oldest shipment
	// leaves when another one comes.
	Shipments int
	Log       zerolog.Logger
}

// Index is a view of the recent shipments. Make it with [New], and fill it with
// [Index.Run].
type Index struct {
	config Config
	feed   feed
	ready  chan struct{} // closed when the streams were read to their ends once

	mu      sync.RWMutex
	records []record
	free    []int32          // records that are not used
	byID    map[string]int32 // positions in records
	// order has the positions of all shipments, oldest first: by the time at which
	// their story opened, then by id. It begins at head.
	order    []int32
	head     int
	carriers names
	reasons  names
	// completeSince is zero while the view has all that the streams hold.
	completeSince int64
	position      map[string]*position // by stream
	endings       rate
	openings      rate
	doubtful      []string // ids of shipments that may be older than the view
	// keepsOrphans: acceptances without an input in the view are kept in orphans, and
	// open no shipment.
	keepsOrphans bool
	orphans      []message
	// corrections are later contents of shipments, by id, oldest first: see describeBy.
	corrections map[string][]content
	// rejectedAhead are the sequences of inputs that were rejected, as far as the
	// rejections were read before the inputs.
	rejectedAhead map[uint64]struct{}
	version       atomic.Uint64
}

// position is how far a stream was read.
type position struct {
	sequence uint64    // of the last message that was read
	pending  uint64    // messages that follow it, as far as is known
	created  time.Time // of the stream: a stream that was made anew is read anew
}

// New makes an empty view.
func New(config Config) *Index {
	if config.Shipments <= 0 {
		config.Shipments = DefaultShipments
	}
	x := &Index{config: config, ready: make(chan struct{})}
	x.clear()
	return x
}

// clear empties the view. mu is held, or nobody else knows the view.
func (x *Index) clear() {
	x.records, x.free, x.order, x.head = nil, nil, nil, 0
	x.byID = map[string]int32{}
	x.carriers, x.reasons = newNames(), newNames()
	x.completeSince = 0
	x.position = map[string]*position{}
	x.doubtful = nil
	x.keepsOrphans, x.orphans = false, nil
	x.corrections = map[string][]content{}
	x.rejectedAhead = map[uint64]struct{}{}
	x.version.Add(1)
}

// Ready is closed once the view has everything that the streams held when it was
// started. A view stays ready: while JetStream does not answer, it is as it was.
func (x *Index) Ready() <-chan struct{} { return x.ready }

// IsReady reports whether [Index.Ready] is closed.
func (x *Index) IsReady() bool {
	select {
	case <-x.ready:
		return true
	default:
		return false
	}
}

// Version counts the changes of the view: what was read at the same version is the
// same.
func (x *Index) Version() uint64 { return x.version.Load() }

// CompleteSince is the time since which the view has all shipments; zero if it
// has all that the streams hold.
func (x *Index) CompleteSince() time.Time {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return instant(x.completeSince)
}

// instant is the time that nanoseconds stand for: zero stands for no time.
func instant(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}

// open adds a shipment, and removes the oldest one if the view is full. mu is held.
func (x *Index) open(id string, at int64) *record {
	var i int32
	if n := len(x.free); n > 0 {
		i, x.free = x.free[n-1], x.free[:n-1]
	} else {
		i = int32(len(x.records))
		x.records = append(x.records, record{})
	}
	x.records[i] = record{words: id, begins: prefixesOf(id), idLength: uint8(len(id)), opened: at, changed: at}
	x.byID[id] = i
	x.insert(i)
	if len(x.byID) > x.config.Shipments {
		oldest := x.order[x.head]
		x.completeSince = max(x.completeSince, x.records[oldest].opened+1)
		x.remove(oldest)
	}
	return &x.records[i]
}

// compare orders a shipment against a place in the order.
func (x *Index) compare(i int32, opened int64, id string) int {
	r := &x.records[i]
	return cmp.Or(cmp.Compare(r.opened, opened), cmp.Compare(r.id(), id))
}

// find returns where a shipment is in the order, or where it belongs. mu is held.
func (x *Index) find(opened int64, id string) (place int, found bool) {
	kept := x.order[x.head:]
	if n := len(kept); n == 0 || x.compare(kept[n-1], opened, id) < 0 {
		return len(x.order), false
	}
	place, found = slices.BinarySearchFunc(kept, 0, func(i int32, _ int) int { return x.compare(i, opened, id) })
	return x.head + place, found
}

func (x *Index) insert(i int32) {
	r := &x.records[i]
	place, _ := x.find(r.opened, r.id())
	x.order = slices.Insert(x.order, place, i)
}

// remove removes a shipment. mu is held.
func (x *Index) remove(i int32) {
	r := &x.records[i]
	place, found := x.find(r.opened, r.id())
	switch {
	case !found:
	case place == x.head:
		x.head++
	default:
		x.order = slices.Delete(x.order, place, place+1)
	}
	if x.head > len(x.order)/2 {
		x.order = append(make([]int32, 0, len(x.order)), x.order[x.head:]...)
		x.head = 0
	}
	delete(x.byID, r.id())
	delete(x.corrections, r.id())
	*r = record{}
	x.free = append(x.free, i)
}

// reopen moves a shipment to an earlier time: its story opened before what was
// read first of it. mu is held.
func (x *Index) reopen(r *record, at int64) {
	i := x.byID[r.id()]
	if place, found := x.find(r.opened, r.id()); found {
		if place == x.head || x.compare(x.order[place-1], at, r.id()) < 0 { // Its place stays the same.
			r.opened = at
			return
		}
		x.order = slices.Delete(x.order, place, place+1)
	}
	r.opened = at
	x.insert(i)
}
