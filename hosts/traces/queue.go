package traces

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Limits of what waits to be exported.
const (
	maxQueue = 8192 // spans; groups beyond are dropped
	maxBatch = 512  // spans of one request, unless one group has more
	// exportDelay is how long a span waits at most for others to be exported with it.
	exportDelay = time.Second
	// confirmTimeout bounds how long anything waits for an export.
	confirmTimeout = 500 * time.Millisecond
)

// queue exports groups of spans, one request after the other. A group is exported as
// a whole or dropped as a whole: an overload leaves no span without its parent. It
// is safe for concurrent use.
type queue struct {
	out sdk.SpanExporter
	log zerolog.Logger

	mu      sync.Mutex
	urgent  []waiting // are exported before the others
	regular []waiting
	spans   int // of both
	closed  bool

	wake    chan struct{} // has room for one
	stopped chan struct{} // closed when run has ended

	// failing says that the last export failed, or took too long for a confirmation.
	failing atomic.Bool
	warned  bool // used by run alone
	dropped atomic.Int64
}

// waiting is a group that waits. exported, if it is there, gets what became of it.
type waiting struct {
	spans    []sdk.ReadOnlySpan
	exported chan<- bool
}

func newQueue(out sdk.SpanExporter, log zerolog.Logger) *queue {
	q := &queue{out: out, log: log, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	go q.run()
	return q
}

// add has a group exported soon. It reports whether there was room for it.
func (q *queue) add(spans []sdk.ReadOnlySpan) bool { return q.put(waiting{spans: spans}, false) }

// confirm exports a group before all others, and reports whether it is exported: if
// the collector does not answer for confirmTimeout, it is not, and may be later.
// While exporting fails, confirm does not wait.
func (q *queue) confirm(ctx context.Context, spans []sdk.ReadOnlySpan) bool {
	if q.failing.Load() {
		q.add(spans)
		return false
	}
	exported := make(chan bool, 1)
	if !q.put(waiting{spans, exported}, true) {
		return false
	}
	timer := time.NewTimer(confirmTimeout)
	defer timer.Stop()
	select {
	case done := <-exported:
		return done
	case <-ctx.Done():
	case <-timer.C:
		q.failing.Store(true)
	}
	return false
}

func (q *queue) put(w waiting, urgent bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.spans+len(w.spans) > maxQueue {
		q.dropped.Add(int64(len(w.spans)))
		return false
	}
	q.spans += len(w.spans)
	if urgent {
		q.urgent = append(q.urgent, w)
	} else {
		q.regular = append(q.regular, w)
	}
	if urgent || q.spans >= maxBatch {
		q.awake()
	}
	return true
}

// awake has run look at the queue.
func (q *queue) awake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take takes groups for one request: the urgent ones, and as many others as fit.
func (q *queue) take() (batch []waiting, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, q.urgent = q.urgent, nil
	n := 0
	for _, w := range batch {
		n += len(w.spans)
	}
	i := 0
	for ; i < len(q.regular) && (n == 0 || n+len(q.regular[i].spans) <= maxBatch); i++ {
		n += len(q.regular[i].spans)
	}
	batch = append(batch, q.regular[:i]...)
	q.regular = q.regular[i:]
	if len(q.regular) == 0 {
		q.regular = nil
	} else {
		q.awake()
	}
	q.spans -= n
	return batch, q.closed && len(q.regular) == 0
}

// run exports until the queue is closed and empty.
func (q *queue) run() {
	defer close(q.stopped)
	tick := time.NewTicker(exportDelay)
	defer tick.Stop()
	for {
		select {
		case <-q.wake:
		case <-tick.C:
		}
		batch, last := q.take()
		if len(batch) > 0 {
			q.export(batch)
		}
		if last {
			return
		}
	}
}

func (q *queue) export(batch []waiting) {
	var spans []sdk.ReadOnlySpan
	for _, w := range batch {
		spans = append(spans, w.spans...)
	}
	err := q.out.ExportSpans(context.Background(), spans) // The exporter bounds it, with its retries.
	for _, w := range batch {
		if w.exported != nil {
			w.exported <- err == nil
		}
	}
	q.failing.Store(err != nil)
	switch {
	case err != nil:
		q.dropped.Add(int64(len(spans)))
		if !q.warned {
			q.log.Warn().Err(err).Msg("Traces cannot be exported")
		}
	case q.warned:
		q.log.Info().Int64("dropped", q.dropped.Swap(0)).Msg("Traces are exported again")
	}
	q.warned = err != nil
}

// close exports what waits, and ends when that is done or ctx is.
func (q *queue) close(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.awake()
	select {
	case <-q.stopped:
	case <-ctx.Done():
	}
	return q.out.Shutdown(ctx)
}
