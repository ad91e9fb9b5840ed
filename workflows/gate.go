package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/events"
)

// gate is the only place where a process can be stopped, by a requested cancellation or
// by an operator's. A process is at the gate while it waits for something that is in its
// history: a timer, an activity, a child workflow. If what it waits for is ready, the
// process goes on and is not stopped.
//
// The reason is that a workflow task can be lost and done again: its worker dies, or
// Temporal fails the task that closes the workflow because a signal has just arrived.
// Local activities run within the task, and their results are in the history only when
// it completes. More signals may be there when the task is done again. They must not
// make it contradict what it has published. For the same reason a request or a
// cancellation is written to the history before the process acts on it.
//
// One kind of wait needs more care: that for a regular activity after its local
// attempts have failed. In a lost attempt of the workflow task the local attempt may
// have succeeded, and the task may have gone on. So a process that is stopped at such a
// wait first looks up what is published; see categoryProcess.mustGoOn.
type gate struct {
	// cancelled is closed when an operator or the parent cancels the workflow.
	cancelled workflow.ReceiveChannel
	// requests is nil if the workflow handles none. receive takes one, if one is
	// there, and returns how to act on it.
	requests workflow.ReceiveChannel
	receive  func(workflow.Context) (act func(workflow.Context))
	cancel   workflow.CancelFunc
	// retrying counts the current waits that follow failed local attempts.
	retrying int
	stopped  bool
	// unsure says that the process was stopped while retrying > 0.
	unsure bool
}

type gateKey struct{}

// open opens the gate in a workflow with the given context. It returns a context
// that only the gate cancels.
func (g *gate) open(ctx workflow.Context) workflow.Context {
	g.cancelled = ctx.Done()
	ctx, g.cancel = workflow.NewDisconnectedContext(ctx)
	return workflow.WithValue(ctx, gateKey{}, g)
}

// gateOf returns the gate of ctx, or nil.
func gateOf(ctx workflow.Context) *gate {
	g, _ := ctx.Value(gateKey{}).(*gate)
	return g
}

// withoutGate returns a context that nothing cancels, for what must not be stopped.
func withoutGate(ctx workflow.Context) workflow.Context {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.WithValue(ctx, gateKey{}, (*gate)(nil))
}

// stopped reports whether the process was stopped at the gate of ctx.
func stopped(ctx workflow.Context) bool {
	g := gateOf(ctx)
	return g != nil && g.stopped
}

func (g *gate) stop() {
	if g.stopped {
		return
	}
	g.stopped, g.unsure = true, g.retrying > 0
	g.cancel()
}

// await waits for a timer, an activity or a child workflow. If ctx has a gate, the
// process can be stopped meanwhile. It decodes the value of the future into result,
// unless that is nil.
func await(ctx workflow.Context, future workflow.Future, result any) error {
	if g := gateOf(ctx); g != nil {
		g.wait(ctx, future, func() bool { return false })
	}
	return future.Get(ctx, result)
}

// awaitRetry is [await] for what is started because a local attempt has failed.
func awaitRetry(ctx workflow.Context, future workflow.Future, result any) error {
	if g := gateOf(ctx); g != nil {
		g.retrying++
		defer func() { g.retrying-- }()
	}
	return await(ctx, future, result)
}

// join waits, without the gate, for a function that runs in a coroutine. That function
// waits at the gate itself.
func join(ctx workflow.Context, future workflow.Future, result any) error {
	return future.Get(ctx, result)
}

// wait waits until the future is ready, the process is stopped or the condition
// is met, which is checked after each request.
func (g *gate) wait(ctx workflow.Context, future workflow.Future, condition func() bool) {
	for !g.stopped && !future.IsReady() && !condition() {
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
		_ = checkpoint(ctx, "a request or a cancellation was received") // It cannot be cancelled.
		act(ctx)
	}
}

// checkpoint ends the current workflow task, by waiting for a timer of 1 ms. When it
// returns, what has been received and decided is in the history, so a workflow task that
// is done again decides the same.
func checkpoint(ctx workflow.Context, reason string) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	timer := workflow.NewTimerWithOptions(ctx, time.Millisecond, workflow.TimerOptions{Summary: "checkpoint: " + reason})
	return timer.Get(ctx, nil)
}

// runLocal runs a local activity: within the workflow task, without the gate.
func runLocal(ctx workflow.Context, result, activity any, args ...any) error {
	return workflow.ExecuteLocalActivity(ctx, activity, args...).Get(ctx, result)
}

// runUntilDone runs an activity that has to succeed. It is a local activity at
// first. If that keeps failing for a few seconds, it becomes a regular one,
// which the server retries for as long as it takes, each attempt within the
// timeout. Meanwhile the process is at the gate of ctx. Only an error that is not
// worth a retry is returned, and that of a cancelled ctx.
func runUntilDone(ctx workflow.Context, summary string, timeout time.Duration, result, activity any, args ...any) error {
	err := runLocal(withLocalAttempts(ctx, summary), result, activity, args...)
	if !worthRetrying(ctx, err) {
		return err
	}
	return awaitRetry(ctx, workflow.ExecuteActivity(withServerRetries(ctx, summary, timeout), activity, args...), result)
}

// worthRetrying reports whether an activity has failed in a way that may pass. A
// local activity is cancelled also when its worker stops.
func worthRetrying(ctx workflow.Context, err error) bool {
	var application *temporal.ApplicationError
	switch {
	case err == nil:
		return false
	case temporal.IsCanceledError(err):
		return ctx.Err() == nil
	case errors.As(err, &application):
		return !application.NonRetryable()
	}
	return true
}

// withoutGateOnceBooked returns the context to go on with after the first attempt
// of a carrier call has failed. If the event of the booking is stored already, the
// attempt has succeeded in a task that was lost. Then the process must not be
// stopped while it calls the carrier again.
func withoutGateOnceBooked(ctx workflow.Context, shipmentID string) (workflow.Context, error) {
	if g := gateOf(ctx); g == nil || g.stopped {
		return ctx, nil
	}
	booked, err := outcomePublished(ctx, events.TypeCollectionBooked, shipmentID)
	if err != nil || !booked {
		return ctx, err
	}
	return withoutGate(ctx), nil
}
