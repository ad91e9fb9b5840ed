package workflows

import (
	"cmp"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/events"
	"shipments/shipment"
)

// ending is how a process ends.
type ending struct {
	result shipment.Result
	// event is the type of the final outcome event, and data its data. A process
	// whose shipment belongs to another run publishes none.
	event string
	data  any
}

// end brings the process to its end. Nothing stops it any more. Each step relies on
// the one before:
//
//  1. The ending is decided: requests that had no effect are rejected, and so is
//     each new one that is handled from now on. A repeat is ignored.
//  2. The final event is published. A process that did not succeed says so in its search
//     attribute, if [Settings.MarksOutcome].
//  3. The signals that have been received are handled, and those that arrive meanwhile.
//  4. No handler is pending: the workflow can close. If a signal arrives just then,
//     Temporal fails the workflow task and has it done again.
//
// A process that ends with an error publishes no final event, but does the other steps:
// the events of its signals have been acked.
func (p *process) end(ctx workflow.Context, e ending, err error) (shipment.Result, error) {
	ctx = withoutGate(ctx)
	p.requests.endingDecided = true
	// It is set already, unless the shipment could not be claimed.
	p.setOwnerOnce(p.trigger.Event.Ref(), p.trigger.Event.Data.Digest())
	err = cmp.Or(err, p.rejectPending(ctx))
	if err == nil && e.event != "" {
		err = p.story.publish(ctx, e.event, e.data)
	}
	if err == nil {
		err = p.markOutcome(ctx, e.result.Status)
	}
	err = cmp.Or(err, p.handleReceived(ctx))
	return e.result, err
}

// markOutcome sets the search attribute of a process that did not succeed.
func (p *process) markOutcome(ctx workflow.Context, status shipment.Status) error {
	if !p.MarksOutcome || status == shipment.Success {
		return nil
	}
	return workflow.UpsertTypedSearchAttributes(ctx, temporal.NewSearchAttributeKeyKeyword(OutcomeAttribute).ValueSet(string(status)))
}

// handleReceived handles the signals that have been received, and returns when no
// handler is pending.
func (p *process) handleReceived(ctx workflow.Context) error {
	var repeat CreatedSignal
	for p.created.ReceiveAsync(&repeat) {
		if err := p.handleRepeat(ctx, repeat); err != nil {
			return err
		}
		repeat = CreatedSignal{}
	}
	var request RequestSignal
	for p.requests.channel.ReceiveAsync(&request) {
		if err := p.handleRequest(ctx, request); err != nil {
			return err
		}
		request = RequestSignal{}
	}
	// Until now requests were received at the gate. watchRepeats has been running from the
	// start.
	workflow.Go(ctx, p.watchRequests)
	return workflow.Await(ctx, func() bool { return p.pendingHandlers == 0 })
}

func (p *process) completed(outcome *shipment.Outcome) ending {
	result := shipment.Result{ShipmentID: p.trigger.Event.Data.ShipmentID, Status: shipment.Success, Outcome: outcome}
	return ending{result, events.TypeCompleted, result}
}

func (p *process) failed(stage shipment.Stage, failure *shipment.Failure) ending {
	result := shipment.Result{ShipmentID: p.trigger.Event.Data.ShipmentID, Status: shipment.Failed, Failure: failure}
	return ending{result, events.TypeFailed, events.Failed{
		ShipmentID: result.ShipmentID, Status: result.Status, Stage: stage, Failure: failure,
	}}
}

// cancelled is the ending of a process that was stopped, by a request or by an
// operator.
func (p *process) cancelled(compensation *shipment.Compensation) ending {
	reason := "the workflow was cancelled"
	var request *events.EventRef
	if r := p.requests.cancellation; r != nil {
		reason = r.Event.Reason
		identity := r.Event.Ref()
		request = &identity
		p.requests.cancellation = nil // It had its effect.
	}
	result := shipment.Result{
		ShipmentID: p.trigger.Event.Data.ShipmentID, Status: shipment.Cancelled,
		Cancellation: &shipment.Cancellation{Reason: reason, Compensation: compensation},
	}
	return ending{result, events.TypeCancelled, events.Cancelled{
		ShipmentID: result.ShipmentID, Status: result.Status, Cancellation: result.Cancellation, Request: request,
	}}
}

// endAsDuplicate is the ending of a run whose shipment belongs to another one: an
// event that arrives again after Temporal's retention has no effect.
func (p *process) endAsDuplicate(ctx workflow.Context) (ending, error) {
	result := shipment.Result{ShipmentID: p.trigger.Event.Data.ShipmentID, Status: shipment.Duplicate}
	if p.trigger.Event.Data.Digest() != p.ownerDigest {
		result.Status, result.Reasons = shipment.Rejected, []shipment.Reason{events.ConflictReason(p.owner)}
	}
	return ending{result: result}, p.handleRepeat(ctx, p.trigger)
}
