package loadtest

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"shipments/events"
)

// kind is an outcome event's type, or a rejection, as a small number.
type kind uint8

// The kinds, in the order in which a shipment's story tells them.
const (
	accepted kind = iota
	manifested
	documentsGenerated
	collectionDeclined
	collectionBooked
	manifestationVoided
	completed
	failed
	cancelled
	rejected
	kinds
)

var eventTypes = [kinds]string{
	accepted:            events.TypeAccepted,
	manifested:          events.TypeManifested,
	documentsGenerated:  events.TypeDocumentsGenerated,
	collectionDeclined:  events.TypeCollectionDeclined,
	collectionBooked:    events.TypeCollectionBooked,
	manifestationVoided: events.TypeManifestationVoided,
	completed:           events.TypeCompleted,
	failed:              events.TypeFailed,
	cancelled:           events.TypeCancelled,
	rejected:            events.TypeRejected,
}

var kindsByType = func() map[string]kind {
	byType := make(map[string]kind, kinds)
	for k, eventType := range eventTypes {
		byType[eventType] = kind(k)
	}
	return byType
}()

// ends reports whether nothing follows in a shipment's story.
func (k kind) ends() bool { return k == completed || k == failed || k == cancelled || k == rejected }

// afterCollectionTimer reports whether the time to it contains the timer.
func (k kind) afterCollectionTimer() bool { return k == collectionBooked || k == completed }

// record is what is known of one shipment: 24 bytes.
type record struct {
	// published is when it was first handed to JetStream, since the run's start.
	published    time.Duration
	acknowledged bool
	begun, ended bool
	// seen has a bit for each kind that arrived while the run went on.
	seen uint16
	// stored counts the messages of each kind in the streams, at the end, up
	// to 255.
	stored [kinds]uint8
}

// tracker is what is known of a run's shipments. It is safe for concurrent use.
type tracker struct {
	start           time.Time
	collectionDelay time.Duration
	// allEnded is closed when every shipment has ended.
	allEnded chan struct{}

	mu        sync.Mutex
	records   []record
	latencies [kinds]*hdrhistogram.Histogram
	counts    counts
	lastMove  time.Time
	// When a tenth and nine tenths of the shipments had been completed.
	firstTenth, lastTenth time.Duration
	// tooEarly counts bookings before the collection timer can have ended.
	tooEarly int
}

// counts is how a run stands.
type counts struct {
	total, published, accepted, completed, failed, ended int
	publishErrors                                        int
	lastPublishError                                     error
	lastPublished, lastCompleted, lastEnded              time.Duration
}

func newTracker(total int, collectionDelay time.Duration) *tracker {
	now := time.Now()
	t := &tracker{start: now, lastMove: now, collectionDelay: collectionDelay, allEnded: make(chan struct{}), records: make([]record, total)}
	t.counts.total = total
	for k := range t.latencies {
		// Microseconds up to a day, three digits exact.
		t.latencies[k] = hdrhistogram.New(1, (24 * time.Hour).Microseconds(), 3)
	}
	return t
}

// publish notes that a shipment is handed to JetStream now.
func (t *tracker) publish(number int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.records[number].begun = true
	t.records[number].published = time.Since(t.start)
}

// acknowledge notes that JetStream has stored a shipment.
func (t *tracker) acknowledge(number int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.records[number].acknowledged = true
	t.counts.published++
	t.counts.lastPublished = time.Since(t.start)
	t.lastMove = time.Now()
}

// publishFailed notes an attempt to publish that was not acknowledged.
func (t *tracker) publishFailed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.publishErrors++
	t.counts.lastPublishError = err
}

// arrived notes an event of a shipment that arrived now. Only the first of its
// kind counts: repeats are found when the run is assessed.
func (t *tracker) arrived(number int, k kind) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastMove = now
	r := &t.records[number]
	if r.seen&(1<<k) != 0 {
		return
	}
	r.seen |= 1 << k
	since := now.Sub(t.start)
	t.measure(k, since-r.published)
	switch k {
	case accepted:
		t.counts.accepted++
	case completed:
		t.completed(since)
	case failed, cancelled, rejected:
		t.counts.failed++
	default:
	}
	if k.ends() && !r.ended {
		r.ended, t.counts.lastEnded = true, since
		if t.counts.ended++; t.counts.ended == len(t.records) {
			close(t.allEnded)
		}
	}
}

func (t *tracker) completed(since time.Duration) {
	t.counts.completed++
	t.counts.lastCompleted = since
	if t.counts.completed == tenth(len(t.records)) {
		t.firstTenth = since
	}
	if t.counts.completed == len(t.records)-tenth(len(t.records)) {
		t.lastTenth = since
	}
}

// tenth is a tenth of a run: what comes in it is warming up or running dry.
func tenth(total int) int { return total / 10 }

func (t *tracker) measure(k kind, latency time.Duration) {
	if k.afterCollectionTimer() {
		if latency -= t.collectionDelay; latency < 0 {
			latency = 0
			t.tooEarly++
		}
	}
	h := t.latencies[k]
	_ = h.RecordValue(min(latency.Microseconds(), h.HighestTrackableValue())) // It is within the range.
}

// standing is how the run stands, and since when nothing has moved.
func (t *tracker) standing() (counts, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts, time.Since(t.lastMove)
}

// store counts a message that a stream holds.
func (t *tracker) store(number int, k kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := &t.records[number].stored[k]; *n < 255 {
		*n++
	}
}
