package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"shipments/events"
)

// gate is where a process may be stopped, by a cancellation that somebody
// requested or by an operator's: while it waits for something that Temporal has
// on record, which is a timer, an activity or a child workflow. If that is over
// by then, the process goes on.
//
// Nowhere else: what a workflow task does itself (its local activities publish
// events and call carriers) is on record only when the task has been completed.
// A task that is lost, because its worker dies or because Temporal refuses the
// end of a workflow that something has just arrived for, is done again, with
// what has arrived since. It has to take the same way again, and not be stopped
// short of what it has already told the world. What arrives at the gate is on
// record before it is acted upon, for the same reason.
type gate struct {
	// cancelled is closed when an operator, or the parent, cancels the workflow.
	cancelled workflow.ReceiveChannel
	// requests may be nil; receive takes one, if one is there, and returns how to
	// act on it.
	requests workflow.ReceiveChannel
	receive  func(workflow.Context) (act func(workflow.Context))
	cancel   workflow.CancelFunc
	stopped  bool
}

type gateKey struct{}

// open returns a context that only the gate cancels, for the workflow whose
// context it is given.
func (g *gate) open(ctx workflow.Context) workflow.Context {
	g.cancelled = ctx.Done()
	ctx, g.cancel = workflow.NewDisconnectedContext(ctx)
	return workflow.WithValue(ctx, gateKey{}, g)
}

// gateOf returns the gate that ctx is behind, or nil.
func gateOf(ctx workflow.Context) *gate {
	g, _ := ctx.Value(gateKey{}).(*gate)
	return g
}

// stopped reports whether the process was stopped at the gate.
func stopped(ctx workflow.Context) bool {
	g := gateOf(ctx)
	return g != nil && g.stopped
}

func (g *gate) stop() {
	g.stopped = true
	g.cancel()
}

// await waits for something that Temporal has on record, and at the gate, if
// there is one. The future is ready then, or is being cancelled.
func await(ctx workflow.Context, future workflow.Future) {
	g := gateOf(ctx)
	for g != nil && !g.stopped && !future.IsReady() {
		g.next(ctx, future)
	}
}

// next waits for the future, or for one thing that arrives at the gate.
func (g *gate) next(ctx workflow.Context, future workflow.Future) {
	var act func(workflow.Context)
	first := workflow.NewSelector(ctx)
	first.AddFuture(future, func(workflow.Future) {})
	first.AddReceive(g.cancelled, func(workflow.ReceiveChannel, bool) { act = func(workflow.Context) { g.stop() } })
	if g.requests != nil {
		first.AddReceive(g.requests, func(workflow.ReceiveChannel, bool) { act = g.receive(ctx) })
	}
	first.Select(ctx)
	if act != nil {
		_ = record(ctx, "a request has arrived") // Nothing cancels that.
		act(ctx)
	}
}

// record returns when what the process knows, and has decided by it, is on
// record: a task that is done again decides the same.
func record(ctx workflow.Context, summary string) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.NewTimerWithOptions(ctx, time.Millisecond, workflow.TimerOptions{Summary: summary}).Get(ctx, nil)
}

// beyond returns the context to go on with after a carrier call's first attempt
// has failed. If the collection is booked already, then a task has told so that
// was lost, in which the attempt succeeded: now that the process waits for the
// carrier all the same, the gate must not stop it.
func beyond(ctx workflow.Context, shipmentID string) (workflow.Context, error) {
	g := gateOf(ctx)
	if g == nil || g.stopped {
		return ctx, nil
	}
	booked, err := told(ctx, events.TypeCollectionBooked, shipmentID)
	if err != nil || !booked {
		return ctx, err
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.WithValue(ctx, gateKey{}, (*gate)(nil)), nil
}
