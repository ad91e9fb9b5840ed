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

// ledger is what is known of a run's shipments. It is safe for concurrent use.
type ledger struct {
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

func newLedger(total int, collectionDelay time.Duration) *ledger {
	now := time.Now()
	l := &ledger{start: now, lastMove: now, collectionDelay: collectionDelay, allEnded: make(chan struct{}), records: make([]record, total)}
	l.counts.total = total
	for k := range l.latencies {
		// Microseconds up to a day, three digits exact.
		l.latencies[k] = hdrhistogram.New(1, (24 * time.Hour).Microseconds(), 3)
	}
	return l
}

// publish notes that a shipment is handed to JetStream now.
func (l *ledger) publish(number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records[number].begun = true
	l.records[number].published = time.Since(l.start)
}

// acknowledge notes that JetStream has stored a shipment.
func (l *ledger) acknowledge(number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records[number].acknowledged = true
	l.counts.published++
	l.counts.lastPublished = time.Since(l.start)
	l.lastMove = time.Now()
}

// publishFailed notes an attempt to publish that was not acknowledged.
func (l *ledger) publishFailed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.publishErrors++
	l.counts.lastPublishError = err
}

// arrived notes an event of a shipment that arrived now. Only the first of its
// kind counts: repeats are for the judgement at the end to find.
func (l *ledger) arrived(number int, k kind) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastMove = now
	r := &l.records[number]
	if r.seen&(1<<k) != 0 {
		return
	}
	r.seen |= 1 << k
	since := now.Sub(l.start)
	l.measure(k, since-r.published)
	switch k {
	case accepted:
		l.counts.accepted++
	case completed:
		l.completed(since)
	case failed, cancelled, rejected:
		l.counts.failed++
	default:
	}
	if k.ends() && !r.ended {
		r.ended, l.counts.lastEnded = true, since
		if l.counts.ended++; l.counts.ended == len(l.records) {
			close(l.allEnded)
		}
	}
}

func (l *ledger) completed(since time.Duration) {
	l.counts.completed++
	l.counts.lastCompleted = since
	if l.counts.completed == tenth(len(l.records)) {
		l.firstTenth = since
	}
	if l.counts.completed == len(l.records)-tenth(len(l.records)) {
		l.lastTenth = since
	}
}

// tenth is a tenth of a run: what comes in it is warming up or running dry.
func tenth(total int) int { return total / 10 }

func (l *ledger) measure(k kind, latency time.Duration) {
	if k.afterCollectionTimer() {
		if latency -= l.collectionDelay; latency < 0 {
			latency = 0
			l.tooEarly++
		}
	}
	h := l.latencies[k]
	_ = h.RecordValue(min(latency.Microseconds(), h.HighestTrackableValue())) // It is within the range.
}

// standing is how the run stands, and since when nothing has moved.
func (l *ledger) standing() (counts, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts, time.Since(l.lastMove)
}

// store counts a message that a stream holds.
func (l *ledger) store(number int, k kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := &l.records[number].stored[k]; *n < 255 {
		*n++
	}
}
