package workflows

import (
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/events"
	"shipments/shipment"
)

// RequestSignal is the payload of the signal "requested".
type RequestSignal struct {
	Event events.Request `json:"event"`
	// StreamSequence is the event's sequence in the SHIPMENTS stream; 0 if it came
	// another way.
	StreamSequence uint64 `json:"streamSequence,omitempty"`
}

// requests are the requests that a process has received. Each has its effect or
// is rejected; a repeat is ignored.
type requests struct {
	channel workflow.ReceiveChannel
	// accepted are the requests that were not rejected, and rejected the stream
	// sequences of the others.
	accepted []events.Request
	rejected []uint64
	// cancellation is the request to stop, until it has its effect; stop stops the
	// process.
	cancellation *RequestSignal
	stop         func()
	// rebookable says that a booking has failed and can be replaced; rebooking
	// is the request to do so, until it has its effect.
	rebookable bool
	rebooking  *RequestSignal
	// endingDecided is set once the ending is decided: every later request is rejected.
	endingDecided bool
}

// receiveRequest takes and validates one request at the gate, and returns how to
// act on it. A rejection is stored in a coroutine, so that the process need not
// wait for it.
func (p *process) receiveRequest(ctx workflow.Context) (act func(workflow.Context)) {
	var r RequestSignal
	if !p.requests.channel.ReceiveAsync(&r) {
		return nil // The signal could not be decoded; the SDK has dropped it.
	}
	reason := p.validateRequest(ctx, r)
	if reason == nil {
		return func(workflow.Context) { p.stopIfCancelled() }
	}
	p.pendingHandlers++
	return func(ctx workflow.Context) {
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer func() { p.pendingHandlers-- }()
			if err := p.rejectRequest(ctx, r, *reason); err != nil {
				workflow.GetLogger(ctx).Error("A request could not be rejected", "error", err)
			}
		})
	}
}

// watchRequests handles requests while a process comes to its end.
func (p *process) watchRequests(ctx workflow.Context) {
	for {
		var r RequestSignal
		p.requests.channel.Receive(ctx, &r)
		if err := p.handleRequest(ctx, r); err != nil {
			workflow.GetLogger(ctx).Error("A request could not be handled", "error", err)
		}
	}
}

// handleRequest accepts a request, or rejects it and returns when the rejection is
// stored.
func (p *process) handleRequest(ctx workflow.Context, r RequestSignal) error {
	if reason := p.validateRequest(ctx, r); reason != nil {
		return p.rejectRequest(ctx, r, *reason)
	}
	p.stopIfCancelled()
	return nil
}

// validateRequest accepts a request, ignores it as a repeat, or returns why it is
// rejected.
func (p *process) validateRequest(ctx workflow.Context, r RequestSignal) *shipment.Reason {
	q := &p.requests
	if q.isRepeat(r) {
		return nil
	}
	reason := p.rejectReason(ctx, r)
	switch {
	case reason != nil:
		q.rejected = append(q.rejected, r.StreamSequence)
		return reason
	case r.Event.Type == events.TypeCancellationRequested:
		q.cancellation = &r
	default:
		q.rebooking = &r
	}
	q.accepted = append(q.accepted, r.Event)
	return nil
}

// rejectReason returns why a request is rejected, or nil.
func (p *process) rejectReason(ctx workflow.Context, r RequestSignal) *shipment.Reason {
	q := &p.requests
	switch {
	case q.endingDecided, q.cancellation != nil:
		return &tooLate
	case r.Event.Type == events.TypeCancellationRequested:
		return nil
	case !q.rebookable || q.rebooking != nil:
		return &notRebookable
	}
	rebooked := p.trigger.Event.Data
	rebooked.CollectionDate = r.Event.CollectionDate
	if fault := p.Rules.RebookingFault(rebooked, workflow.Now(ctx)); fault != nil {
		reason := rebookingFailed([]shipment.Fault{*fault})
		return &reason
	}
	return nil
}

// stopIfCancelled stops the process once a cancellation was accepted.
func (p *process) stopIfCancelled() {
	if p.requests.cancellation != nil {
		p.requests.stop()
	}
}

// isRepeat reports whether a request is one that was accepted, or the very message
// that was rejected. A rejected request may be made again with a new message.
func (q *requests) isRepeat(r RequestSignal) bool {
	return slices.Contains(q.accepted, r.Event) || (r.StreamSequence > 0 && slices.Contains(q.rejected, r.StreamSequence))
}

// rejectPending rejects the requests that were accepted and have had no effect.
func (p *process) rejectPending(ctx workflow.Context) error {
	q := &p.requests
	for _, pending := range []**RequestSignal{&q.cancellation, &q.rebooking} {
		r := *pending
		if r == nil {
			continue
		}
		*pending = nil
		if err := p.rejectRequest(ctx, *r, tooLate); err != nil {
			return err
		}
	}
	return nil
}

// rejectRebooking rejects a rebooking that has failed.
func (p *process) rejectRebooking(ctx workflow.Context, faults []shipment.Fault) error {
	r := p.requests.rebooking
	p.requests.rebooking = nil
	return p.rejectRequest(ctx, *r, rebookingFailed(faults))
}

func rebookingFailed(faults []shipment.Fault) shipment.Reason {
	var why []string
	for _, f := range faults {
		why = append(why, f.Description+" ("+strings.Join(f.Errors, "; ")+")")
	}
	return shipment.Reason{Code: events.CodeRebookingFailed, Path: "/collectionDate", Message: strings.Join(why, ", ")}
}

var (
	tooLate = shipment.Reason{
		Code: events.CodeShipmentEnded, Path: "/shipmentId",
		Message: "the shipment's process has ended, or is being cancelled already",
	}
	notRebookable = shipment.Reason{
		Code: events.CodeNotRebookable, Path: "/shipmentId",
		Message: "no booking of the shipment's collection has failed, or it is being rebooked already",
	}
)

func (p *process) rejectRequest(ctx workflow.Context, r RequestSignal, reason shipment.Reason) error {
	return p.reject(ctx, activities.RejectedSignal{
		ShipmentID: r.Event.ShipmentID, StreamSequence: r.StreamSequence,
		Type: r.Event.Type, Identity: r.Event.Ref(), Reasons: []shipment.Reason{reason},
	}, r.Event)
}
