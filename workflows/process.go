package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

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
// the same event or the same content is ignored, other content is rejected as a
// conflict.
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
		return p.failed(shipment.StageValidation, &shipment.Failure{Faults: invalid(reasons)}), nil
	}
	if _, fault := p.Rules.BookingTime(s, workflow.Now(ctx)); fault != nil {
		// An earlier attempt of this workflow task may have been in time.
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
		p.setOwner(owner.Trigger, owner.ContentDigest)
	} else {
		p.setOwner(ev.Ref(), ev.Data.Digest())
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

// runCategory runs the category's workflow, until it ends or the process is
// stopped. A failed booking can be replaced for as long as the rules say.
func (p *process) runCategory(ctx workflow.Context, category shipment.Category, s shipment.Shipment) (CategoryResult, error) {
	end, err := categoryWorkflow(category).call(ctx, p.ChildWorkflows,
		stageID(s.ShipmentID, shipment.StageCategory), fmt.Sprintf("%s shipment %s", category, s.ShipmentID),
		CategoryInput{Settings: p.Settings, Shipment: s, Story: p.story})
	if temporal.IsCanceledError(err) {
		return CategoryResult{Cancelled: true, Story: p.story}, nil // It had not begun.
	}
	for attempt := 2; err == nil && end.Rebookable; attempt++ {
		j := journey{CategoryInput: CategoryInput{Settings: p.Settings, Shipment: s, Story: end.Story}, category: category, outcome: *end.Outcome, attempt: attempt}
		rebooking, cancelled := p.awaitRebooking(ctx, s)
		switch {
		case cancelled:
			return j.cancel(ctx)
		case rebooking == nil:
			return end, nil
		}
		s.CollectionDate, j.Shipment.CollectionDate = rebooking.Event.CollectionDate, rebooking.Event.CollectionDate
		identity := rebooking.Event.Ref()
		j.request = &identity
		end, err = j.run(ctx, j.collectStep())
		if err == nil && j.booked {
			p.requests.rebooking = nil // It had its effect.
		}
		if err == nil && end.Failure != nil {
			err = p.rejectRebooking(ctx, end.Failure.Faults)
		}
	}
	return end, err
}

// awaitRebooking waits for a request to replace a failed booking. It returns nil
// if none arrives in time. The request has its effect later, or is rejected.
func (p *process) awaitRebooking(ctx workflow.Context, s shipment.Shipment) (rebooking *RequestSignal, cancelled bool) {
	window := p.Rules.RebookingWindowFor(s)
	if window <= 0 {
		return nil, ctx.Err() != nil
	}
	q := &p.requests
	q.rebookable = true
	defer func() { q.rebookable = false }()
	ctx, done := workflow.WithCancel(ctx)
	defer done()
	timer := workflow.NewTimerWithOptions(ctx, window, workflow.TimerOptions{Summary: "a rebooking can be requested"})
	gateOf(ctx).wait(ctx, timer, func() bool { return q.rebooking != nil })
	return q.rebooking, ctx.Err() != nil
}

// invalid makes one fault of what is wrong with a shipment.
func invalid(reasons []shipment.Reason) []shipment.Fault {
	errors := make([]string, len(reasons))
	for i, reason := range reasons {
		errors[i] = reason.String()
	}
	return []shipment.Fault{*shipment.NewFault("Shipment is not valid", errors...)}
}
