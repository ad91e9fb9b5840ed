package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/shipment"
)

// ProcessInput is the input of [ShipmentProcess].
type ProcessInput struct {
	Settings Settings `json:"settings"`
}

// CreatedSignal is the payload of the signal "created".
type CreatedSignal struct {
	Event events.ShipmentCreated `json:"event"`
	// StreamSequence is the event's sequence in the SHIPMENTS stream; 0 if it came
	// another way.
	StreamSequence uint64 `json:"streamSequence,omitempty"`
}

// ShipmentProcess is the entry workflow, one per shipment. It claims the shipment,
// runs its category's workflow, and publishes how that ended. A business failure
// is a result; the workflow completes either way.
//
// The shipment arrives with the signal "created". That signal may arrive again:
// the same content is ignored, other content is rejected as a conflict.
func ShipmentProcess(ctx workflow.Context, in ProcessInput) (shipment.Result, error) {
	p := &process{Settings: in.Settings, created: workflow.GetSignalChannel(ctx, SignalCreated)}
	p.requests.channel = workflow.GetSignalChannel(ctx, SignalRequested)
	p.created.Receive(ctx, &p.trigger)
	if id := p.trigger.Event.Data.ShipmentID; !shipment.ValidID(id) || shipment.ProcessID(id) != workflow.GetInfo(ctx).WorkflowExecution.ID {
		return shipment.Result{}, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("the signal is for shipment %q, which is not this workflow's", id), "WrongShipment", nil)
	}
	workflow.Go(ctx, p.watchRepeats)
	ending, err := p.run(p.openGate(ctx))
	return p.end(ctx, ending, err)
}

// process is the state of one [ShipmentProcess].
type process struct {
	Settings

	created workflow.ReceiveChannel
	trigger CreatedSignal
	// owner is the event that the shipment was claimed for: the trigger, or that of
	// an earlier run.
	owner           events.EventRef
	ownerDigest     string
	ownerKnown      bool
	pendingHandlers int // of signals
	story           Story
	requests        requests
	declined        int // bookings of the collection
}

// openGate returns a context that is cancelled when the process is stopped.
func (p *process) openGate(ctx workflow.Context) workflow.Context {
	g := &gate{requests: p.requests.channel, receive: p.receiveRequest}
	p.requests.stop = g.stop
	return g.open(ctx)
}

// run is the business process. It returns how the process ends.
func (p *process) run(ctx workflow.Context) (ending, error) {
	s := p.trigger.Event.Data
	category := p.Rules.Classify(s)
	owner, err := p.claim(ctx, category)
	if err != nil {
		return ending{}, fmt.Errorf("claim the shipment: %w", err)
	}
	if owner != nil {
		return p.endAsDuplicate(ctx)
	}
	if reasons := p.Rules.Validate(s); len(reasons) > 0 {
		return p.failed(shipment.StageValidation, &shipment.Failure{Faults: validationFaults(reasons)}), nil
	}
	// The start time: a workflow task that is done again must decide the same.
	if reason := p.Rules.TooFarAhead(s, workflow.GetInfo(ctx).WorkflowStartTime); reason != nil {
		return p.failed(shipment.StageValidation, &shipment.Failure{Faults: validationFaults([]shipment.Reason{*reason})}), nil
	}
	if _, fault := p.Rules.BookingTime(s, workflow.Now(ctx)); fault != nil {
		// A lost attempt of this workflow task may have passed this check, and published.
		begun, err := outcomePublished(ctx, events.TypeManifested, s.ShipmentID)
		if err != nil {
			return ending{}, err
		}
		if !begun {
			return p.failed(shipment.StageCollection, &shipment.Failure{Faults: []shipment.Fault{*fault}}), nil
		}
	}
	end, err := p.runCategory(ctx, category, s)
	if err != nil {
		return ending{}, fmt.Errorf("%s shipment: %w", category, err)
	}
	p.story = end.Story
	switch {
	case end.Cancelled:
		return p.cancelled(end.Compensation), nil
	case end.Failure != nil:
		return p.failed(end.Stage, end.Failure), nil
	}
	return p.completed(end.Outcome), nil
}

// claim claims the shipment for this run. It returns the ledger entry of the owner
// if that is another run.
func (p *process) claim(ctx workflow.Context, category shipment.Category) (*events.Accepted, error) {
	run := runID(workflow.GetInfo(ctx))
	ev := p.trigger.Event
	p.story = Story{Lineage: events.NewLineage(ev, run)}
	p.story.Lineage.Category = category
	p.Trace = carriers.Trace{Parent: ev.TraceParent, State: ev.TraceState}
	owner, err := p.story.claim(ctx, events.Accepted{
		ShipmentID:    ev.Data.ShipmentID,
		Category:      category,
		WorkflowID:    workflow.GetInfo(ctx).WorkflowExecution.ID,
		RunID:         run,
		Trigger:       ev.Ref(),
		ContentDigest: ev.Data.Digest(),
	})
	if err != nil {
		return nil, err
	}
	if owner != nil {
		p.setOwnerOnce(owner.Trigger, owner.ContentDigest)
	} else {
		p.setOwnerOnce(ev.Ref(), ev.Data.Digest())
	}
	return owner, nil
}

// runID identifies the run, and stays the same when an operator resets it.
func runID(info *workflow.Info) string {
	if info.OriginalRunID != "" {
		return info.OriginalRunID
	}
	return info.WorkflowExecution.RunID
}

// runCategory runs the category's workflow, until it ends or the process is stopped.
// After a failed booking it waits for a rebooking request, for the rebooking window of
// the rules. If none comes, nobody collects the shipment.
func (p *process) runCategory(ctx workflow.Context, category shipment.Category, s shipment.Shipment) (CategoryResult, error) {
	end, err := categoryWorkflow(category).call(ctx, p.ChildWorkflows,
		stageWorkflowID(s.ShipmentID, shipment.StageCategory), fmt.Sprintf("%s shipment %s", category, s.ShipmentID),
		CategoryInput{Settings: p.Settings, Shipment: s, Story: p.story})
	if temporal.IsCanceledError(err) {
		return CategoryResult{Cancelled: true, Story: p.story}, nil // It had not begun.
	}
	var request *events.EventRef
	for attempt := 2; err == nil && end.Stage == shipment.StageCollection; attempt++ {
		rebooking, cancelled, fault := p.awaitRebooking(ctx, s, &end, request)
		if fault != nil {
			return end, fault
		}
		c := categoryProcess{CategoryInput: CategoryInput{Settings: p.Settings, Shipment: s, Story: end.Story}, category: category, outcome: *end.Outcome, attempt: attempt}
		switch {
		case cancelled:
			c.compensation = end.Failure.Compensation
			return c.cancel(ctx)
		case rebooking == nil:
			return c.uncollected(ctx, *end.Failure)
		}
		s.CollectionDate, c.Shipment.CollectionDate = rebooking.Event.CollectionDate, rebooking.Event.CollectionDate
		identity := rebooking.Event.Ref()
		request, c.request = &identity, &identity
		end, err = c.run(ctx, c.collectStep())
		if err == nil && c.booked {
			p.requests.rebooking = nil // It had its effect.
		}
		if err == nil && end.Failure != nil {
			err = p.rejectRebooking(ctx, end.Failure.Faults)
		}
	}
	return end, err
}

// awaitRebooking publishes that a booking has failed, and waits for a rebooking
// request. It returns nil if none arrives in time, or if a rebooking is impossible. The
// caller books again, or rejects the request. replaced is the request that led to the
// failed booking; it is nil for the first booking.
func (p *process) awaitRebooking(ctx workflow.Context, s shipment.Shipment, end *CategoryResult, replaced *events.EventRef) (
	rebooking *RequestSignal, cancelled bool, err error,
) {
	declined := events.CollectionDeclined{
		ShipmentID: s.ShipmentID, CollectionDate: s.CollectionDate, Faults: end.Failure.Faults, Request: replaced,
	}
	window := p.Rules.RebookingWindowFor(s)
	if window <= 0 || !end.Rebookable {
		// The failure is decided: nothing stops the process while it publishes it.
		err := p.publishDeclined(withoutGate(ctx), end, declined)
		return nil, ctx.Err() != nil, err
	}
	// A request may follow the event at once, and before the process goes on.
	q := &p.requests
	q.rebookable = true
	defer func() { q.rebookable = false }()
	ctx, done := workflow.WithCancel(ctx)
	defer done()
	until := workflow.Now(ctx).Add(window).UTC()
	timer := workflow.NewTimerWithOptions(ctx, window, workflow.TimerOptions{Summary: "a rebooking can be requested"})
	declined.RebookableUntil = &until
	if err := p.publishDeclined(ctx, end, declined); err != nil {
		return nil, false, err
	}
	gateOf(ctx).wait(ctx, timer, func() bool { return q.rebooking != nil })
	return q.rebooking, ctx.Err() != nil, nil
}

// publishDeclined publishes that a booking has failed, if the carrier was asked for
// one.
func (p *process) publishDeclined(ctx workflow.Context, end *CategoryResult, declined events.CollectionDeclined) error {
	if !end.Declined {
		return nil
	}
	p.declined++
	return end.Story.publishOccurrence(ctx, events.TypeCollectionDeclined, p.declined, declined)
}

// validationFaults returns one fault that lists the reasons.
func validationFaults(reasons []shipment.Reason) []shipment.Fault {
	errors := make([]string, len(reasons))
	for i, reason := range reasons {
		errors[i] = reason.String()
	}
	return []shipment.Fault{*shipment.NewFault("Shipment is not valid", errors...)}
}
