package workflows

import "go.temporal.io/sdk/workflow"

// gate is where a process may be stopped, by a cancellation that somebody
// requested or by an operator's: while it waits for something that Temporal has
// on record, which is a timer, an activity or a child workflow. Of that and the
// cancellation the first in the history decides.
//
// Nowhere else: what a workflow task does itself (its local activities publish
// events and call carriers) is on record only when the task has been completed.
// A task that is lost, because its worker dies or because Temporal refuses the
// end of a workflow that something has just arrived for, is done again, with
// what has arrived since. It has to take the same way again, and not be stopped
// short of what it has already told the world.
type gate struct {
	// cancelled is closed when an operator, or the parent, cancels the workflow.
	cancelled workflow.ReceiveChannel
	// requests may be nil; receive takes one and acts on it.
	requests workflow.ReceiveChannel
	receive  func(workflow.Context)
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
	first := workflow.NewSelector(ctx)
	first.AddFuture(future, func(workflow.Future) {})
	first.AddReceive(g.cancelled, func(workflow.ReceiveChannel, bool) { g.stop() })
	if g.requests != nil {
		first.AddReceive(g.requests, func(workflow.ReceiveChannel, bool) { g.receive(ctx) })
	}
	first.Select(ctx)
}
