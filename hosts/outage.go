package hosts

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// outage logs when a server goes away and when it is back: one line each,
// however often it is tried in between. What happens before the server has been
// there once belongs to the start, which has lines of its own. It is safe for
// concurrent use.
type outage struct {
	log zerolog.Logger
	// gone and back are the messages.
	gone, back string

	mu    sync.Mutex
	ready atomic.Bool // it has been there once
	since time.Time   // valid while on
	on    atomic.Bool
}

// begin notes that the server does not answer.
func (o *outage) begin(err error) {
	if o.on.Load() {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ready.Load() || o.on.Load() {
		return
	}
	o.since = time.Now()
	o.on.Store(true)
	o.log.Warn().Err(err).Time("since", o.since).Msg(o.gone)
}

// end notes that the server has answered what it was asked at a time. An answer to what
// was asked before it went away says nothing of now.
func (o *outage) end(asked time.Time) {
	if o.ready.Load() && !o.on.Load() {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ready.Store(true)
	if !o.on.Load() || asked.Before(o.since) {
		return
	}
	o.on.Store(false)
	o.log.Info().Stringer("after", time.Since(o.since).Round(time.Millisecond)).Msg(o.back)
}

// intercept notes how the calls of a gRPC client go. A call that is cancelled,
// or takes too long as long polls do, says nothing about the server.
func (o *outage) intercept(ctx context.Context, method string, request, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	asked := time.Now()
	err := invoke(ctx, method, request, reply, c, options...)
	switch status.Code(err) {
	case codes.Unavailable:
		o.begin(err)
	case codes.Canceled, codes.DeadlineExceeded:
	default: // An error is an answer, too.
		o.end(asked)
	}
	return err
}
