package workflows

import (
	"encoding/json"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/events"
	"shipments/shipment"
)

// RequestSignal is what the signal "requested" carries.
type RequestSignal struct {
	Event events.Request `json:"event"`
	// StreamSequence is where the event stands in the SHIPMENTS stream; 0 if
	// it came another way.
	StreamSequence uint64 `json:"streamSequence,omitempty"`
}

// requests are the requests that a process has received. Each has its effect
// or is rejected; a repeat of one is ignored.
type requests struct {
	channel workflow.ReceiveChannel
	// accepted are those that were not refused, and refused where the others
	// stand in the stream.
	accepted []events.Request
	refused  []uint64
	// cancellation is the request to stop; stop carries it out.
	cancellation *RequestSignal
	stop         func()
	// rebookable says that a booking has failed and can be replaced; rebooking
	// is the request to do so.
	rebookable bool
	rebooking  *RequestSignal
	// ended says that it is decided how the process ends.
	ended bool
}

// receive takes one request and judges it, and returns how to act on that. A
// refusal is stored meanwhile: what the process waits for does not wait for it.
func (p *process) receive(ctx workflow.Context) (act func(workflow.Context)) {
	var r RequestSignal
	if !p.requests.channel.ReceiveAsync(&r) {
		return nil // It is no request.
	}
	reason := p.judge(ctx, r)
	if reason == nil {
		return func(workflow.Context) { p.stopIfCancelled() }
	}
	p.judging++
	return func(ctx workflow.Context) {
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer func() { p.judging-- }()
			if err := p.refuse(ctx, r, *reason); err != nil {
				workflow.GetLogger(ctx).Error("A request could not be refused", "error", err)
			}
		})
	}
}

// watchRequests handles requests while a process of revision 0 runs, and while
// any comes to its end.
func (p *process) watchRequests(ctx workflow.Context) {
	for {
		var r RequestSignal
		p.requests.channel.Receive(ctx, &r)
		if err := p.handle(ctx, r); err != nil {
			workflow.GetLogger(ctx).Error("A request could not be handled", "error", err)
		}
	}
}

// handle acts on a request, and returns when that is stored.
func (p *process) handle(ctx workflow.Context, r RequestSignal) error {
	if reason := p.judge(ctx, r); reason != nil {
		return p.refuse(ctx, r, *reason)
	}
	p.stopIfCancelled()
	return nil
}

// judge accepts a request, or ignores it as a repeat, or says why it is refused.
func (p *process) judge(ctx workflow.Context, r RequestSignal) *shipment.Reason {
	q := &p.requests
	if p.repeats(r) {
		return nil
	}
	reason := p.objection(ctx, r)
	switch {
	case reason != nil:
		q.refused = append(q.refused, r.StreamSequence)
		return reason
	case r.Event.Type == events.TypeCancellationRequested:
		q.cancellation = &r
	default:
		q.rebooking = &r
	}
	q.accepted = append(q.accepted, r.Event)
	return nil
}

// objection says why a request is refused, if it is.
func (p *process) objection(ctx workflow.Context, r RequestSignal) *shipment.Reason {
	q := &p.requests
	switch {
	case q.ended:
		return &tooLate
	case q.cancellation != nil:
		return &tooLate
	case r.Event.Type == events.TypeCancellationRequested:
		return nil
	case !q.rebookable || q.rebooking != nil:
		return &notRebookable
	}
	rebooked := p.trigger.Event.Data
	rebooked.CollectionDate = r.Event.CollectionDate
	if _, fault := p.Rules.BookingTime(rebooked, workflow.Now(ctx)); fault != nil {
		reason := rebookingFailed([]shipment.Fault{*fault})
		return &reason
	}
	return nil
}

// stopIfCancelled stops the process once a cancellation was accepted.
func (p *process) stopIfCancelled() {
	if p.requests.cancellation != nil && p.requests.stop != nil {
		p.requests.stop()
	}
}

// repeats reports whether a request is one that was accepted, or the very
// message that was refused.
func (p *process) repeats(r RequestSignal) bool {
	q := &p.requests
	if p.Revision > 0 {
		return slices.Contains(q.accepted, r.Event) || (r.StreamSequence > 0 && slices.Contains(q.refused, r.StreamSequence))
	}
	// Revision 0 knew requests by their identity alone, refused ones included.
	known := slices.ContainsFunc(q.accepted, func(a events.Request) bool { return a.Ref() == r.Event.Ref() })
	q.accepted = append(q.accepted, r.Event)
	return known
}

// endRequests rejects what was accepted and has had no effect. It is called
// when it is decided how the process ends, before that is published, and
// changes nothing when it is called again.
func (p *process) endRequests(ctx workflow.Context) error {
	q := &p.requests
	q.ended = true
	for _, accepted := range []**RequestSignal{&q.cancellation, &q.rebooking} {
		r := *accepted
		if r == nil {
			continue
		}
		*accepted = nil
		if err := p.refuse(ctx, *r, tooLate); err != nil {
			return err
		}
	}
	return nil
}

// refuseRebooking rejects a rebooking that the carrier did not take.
func (p *process) refuseRebooking(ctx workflow.Context, faults []shipment.Fault) error {
	r := p.requests.rebooking
	p.requests.rebooking = nil
	return p.refuse(ctx, *r, rebookingFailed(faults))
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

func (p *process) refuse(ctx workflow.Context, r RequestSignal, reason shipment.Reason) error {
	return p.reject(ctx, activities.RejectedSignal{
		ShipmentID: r.Event.ShipmentID, StreamSequence: r.StreamSequence,
		Type: r.Event.Type, Identity: r.Event.Ref(), Reasons: []shipment.Reason{reason},
	}, r.Event)
}

// reject stores the rejection of a signalled event, whatever becomes of the
// process: the event has been acknowledged.
func (p *process) reject(ctx workflow.Context, signal activities.RejectedSignal, event any) error {
	p.judging++
	defer func() { p.judging-- }()
	text, err := json.Marshal(event)
	if err != nil {
		return err
	}
	signal.Event = text
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = withPublishing(ctx, events.TypeRejected)
	return workflow.ExecuteLocalActivity(ctx, publishing.RejectSignal, signal).Get(ctx, nil)
}
