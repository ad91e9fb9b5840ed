package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/events"
	"shipments/shipment"
)

// Settings are the deployment's choices, as they were when the process began.
type Settings struct {
	// Revision is how the process decides where that has changed: the [Revision]
	// of the consumer that began it.
	Revision int `json:"revision,omitempty"`
	// ChildWorkflows lists the stages that run as child workflows.
	ChildWorkflows Composition `json:"childWorkflows,omitempty"`
	// PublicURL is where the HTTP API is reached: documents are fetched there.
	PublicURL string `json:"publicUrl"`
	// Rules are what shipments are judged by.
	Rules shipment.Rules `json:"rules"`
	// CarrierDeadline is the [CarrierPolicy]'s deadline of every carrier call; 0
	// means [DefaultCarrierDeadline].
	CarrierDeadline time.Duration `json:"carrierDeadline,omitempty"`
	// CarrierFirstTry makes the first attempt of a carrier call within the
	// workflow's task.
	CarrierFirstTry bool `json:"carrierFirstTry,omitempty"`
}

// Revision is how processes decide that are begun now.
//
//   - 0: a cancellation stopped a process wherever it was.
//   - 1: it stops it at a [gate]. A request that was refused may be made again.
//     Whatever a task that is done again could judge otherwise (that it is too
//     late for a collection, that a carrier refuses) does not contradict what the
//     task has told before.
const Revision = 1

// DefaultCarrierDeadline is how long a carrier may be unavailable before a
// process gives up on it.
const DefaultCarrierDeadline = 24 * time.Hour

func (s Settings) carrierPolicy() CarrierPolicy {
	policy := CarrierPolicy{Deadline: s.CarrierDeadline, LocalFirst: s.CarrierFirstTry, RecordRefusals: s.Revision > 0}
	if policy.Deadline <= 0 {
		policy.Deadline = DefaultCarrierDeadline
	}
	return policy
}

// ProcessInput is the input of [ShipmentProcess].
type ProcessInput struct {
	Settings Settings `json:"settings"`
}

// CreatedSignal is what the signal "created" carries.
type CreatedSignal struct {
	Event events.ShipmentCreated `json:"event"`
	// StreamSequence is where the event stands in the SHIPMENTS stream; 0 if
	// it came another way.
	StreamSequence uint64 `json:"streamSequence,omitempty"`
}

// ShipmentProcess is the entry workflow, one per shipment: it takes the
// shipment on, lets its category's workflow do the work, and tells how it ended.
// A business failure is a result; the workflow completes either way.
//
// The shipment arrives with the signal "created". That signal may arrive
// again: the same event or the same content is ignored, other content is
// rejected as a conflict.
func ShipmentProcess(ctx workflow.Context, in ProcessInput) (shipment.Result, error) {
	p := &process{Settings: in.Settings, created: workflow.GetSignalChannel(ctx, SignalCreated)}
	p.requests.channel = workflow.GetSignalChannel(ctx, SignalRequested)
	p.created.Receive(ctx, &p.trigger)
	if id := p.trigger.Event.Data.ShipmentID; !shipment.ValidID(id) || shipment.ProcessID(id) != workflow.GetInfo(ctx).WorkflowExecution.ID {
		return shipment.Result{}, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("the signal is for shipment %q, which is not this workflow's", id), "WrongShipment", nil)
	}
	workflow.Go(ctx, p.watch)
	if p.Revision == 0 {
		workflow.Go(ctx, p.watchRequests)
	}
	result, err := p.run(ctx)
	if err != nil {
		p.judgeBy(p.trigger.Event.Ref(), p.trigger.Event.Data.Digest())
	}
	// However it ended: signals that were acknowledged are judged before.
	if endErr := p.endRequests(ctx); err == nil {
		err = endErr
	}
	if drainErr := p.drain(ctx); err == nil {
		err = drainErr
	}
	return result, err
}

// process is the state of one [ShipmentProcess].
type process struct {
	Settings

	created workflow.ReceiveChannel
	trigger CreatedSignal
	// owner is what the shipment is known by: the trigger, or that of an earlier run.
	owner       events.EventRef
	ownerDigest string
	ledgerRead  bool
	judging     int // further events that are being judged
	story       Story
	requests    requests
}

// run is the business process.
func (p *process) run(ctx workflow.Context) (shipment.Result, error) {
	s := p.trigger.Event.Data
	category := p.Rules.Classify(s)
	owner, err := p.takeOn(ctx, category)
	if err != nil {
		return shipment.Result{}, fmt.Errorf("take the shipment on: %w", err)
	}
	if owner != nil {
		return p.standBack(ctx)
	}
	if reasons := p.Rules.Validate(s); len(reasons) > 0 {
		return p.fail(ctx, shipment.StageValidation, &shipment.Failure{Faults: invalid(reasons)})
	}
	if _, fault := p.Rules.BookingTime(s, workflow.Now(ctx)); fault != nil {
		begun, err := p.told(ctx, events.TypeManifested, s.ShipmentID)
		if err != nil {
			return shipment.Result{}, err
		}
		if !begun {
			return p.fail(ctx, shipment.StageCollection, &shipment.Failure{Faults: []shipment.Fault{*fault}})
		}
	}
	end, err := p.travel(ctx, category, s)
	if err != nil {
		return shipment.Result{}, fmt.Errorf("%s shipment: %w", category, err)
	}
	p.story = end.Story
	switch {
	case end.Cancelled:
		return p.cancelled(ctx, end.Compensation)
	case end.Failure != nil:
		return p.fail(ctx, end.Stage, end.Failure)
	}
	if err := p.endRequests(ctx); err != nil {
		return shipment.Result{}, err
	}
	result := shipment.Result{ShipmentID: s.ShipmentID, Status: shipment.Success, Outcome: end.Outcome}
	return result, p.story.publish(ctx, events.TypeCompleted, result)
}

// travel runs the category's workflow, until it ends or the shipment is
// cancelled, and lets a failed booking be replaced for as long as the rules say.
func (p *process) travel(ctx workflow.Context, category shipment.Category, s shipment.Shipment) (CategoryResult, error) {
	ctx = p.stoppable(ctx)
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
		end, err = j.run(ctx, j.collect)
		if err == nil && j.booked && (p.Revision > 0 || !end.Cancelled) {
			p.requests.rebooking = nil // It had its effect.
		}
		if err == nil && end.Failure != nil {
			err = p.refuseRebooking(ctx, end.Failure.Faults)
		}
	}
	return end, err
}

// stoppable returns a context that is cancelled when the process is to stop.
func (p *process) stoppable(ctx workflow.Context) workflow.Context {
	q := &p.requests
	if p.Revision > 0 {
		g := &gate{requests: q.channel, receive: p.receive}
		q.stop = g.stop
		return g.open(ctx)
	}
	ctx, q.stop = workflow.WithCancel(ctx)
	if q.cancellation != nil {
		q.stop() // It was requested before there was anything to stop.
	}
	return ctx
}

// awaitRebooking waits for a request to replace a failed booking; there is none
// if nobody made one in time. The request is settled by whoever acts on it, or
// refused in the end.
func (p *process) awaitRebooking(ctx workflow.Context, s shipment.Shipment) (rebooking *RequestSignal, cancelled bool) {
	window := p.Rules.RebookingWindowFor(s)
	if window <= 0 {
		return nil, ctx.Err() != nil
	}
	q := &p.requests
	q.rebookable = true
	defer func() { q.rebookable = false }()
	if p.Revision == 0 {
		_, err := workflow.AwaitWithTimeout(ctx, window, func() bool { return q.rebooking != nil })
		return q.rebooking, err != nil || ctx.Err() != nil
	}
	ctx, done := workflow.WithCancel(ctx)
	defer done()
	timer := workflow.NewTimerWithOptions(ctx, window, workflow.TimerOptions{Summary: "a rebooking may be requested"})
	for g := gateOf(ctx); q.rebooking == nil && !g.stopped && !timer.IsReady(); {
		g.next(ctx, timer)
	}
	return q.rebooking, ctx.Err() != nil
}

// cancelled ends a process that was asked to stop, by a request or by an
// operator.
func (p *process) cancelled(ctx workflow.Context, compensation *shipment.Compensation) (shipment.Result, error) {
	reason := "the workflow was cancelled"
	if p.requests.cancellation != nil {
		reason = p.requests.cancellation.Event.Reason
	}
	result := shipment.Result{
		ShipmentID: p.trigger.Event.Data.ShipmentID, Status: shipment.Cancelled,
		Cancellation: &shipment.Cancellation{Reason: reason, Compensation: compensation},
	}
	done := events.Cancelled{ShipmentID: result.ShipmentID, Status: result.Status, Cancellation: result.Cancellation}
	if p.requests.cancellation != nil {
		identity := p.requests.cancellation.Event.Ref()
		done.Request = &identity
		p.requests.cancellation = nil // It had its effect.
	}
	if err := p.endRequests(ctx); err != nil {
		return shipment.Result{}, err
	}
	return result, p.story.publish(ctx, events.TypeCancelled, done)
}

// takeOn enters this run in the shipment's ledger. It returns the owner if the
// shipment was taken on by another run.
func (p *process) takeOn(ctx workflow.Context, category shipment.Category) (*events.Accepted, error) {
	run := runID(workflow.GetInfo(ctx))
	ev := p.trigger.Event
	p.story = Story{Lineage: events.NewLineage(ev, run)}
	owner, err := p.story.accept(ctx, events.Accepted{
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
	p.judgeBy(ev.Ref(), ev.Data.Digest())
	if owner != nil {
		p.owner, p.ownerDigest = owner.Trigger, owner.ContentDigest
	}
	return owner, nil
}

// judgeBy sets what further events are compared with, unless that is known.
func (p *process) judgeBy(owner events.EventRef, digest string) {
	if !p.ledgerRead {
		p.owner, p.ownerDigest, p.ledgerRead = owner, digest, true
	}
}

// runID identifies the run, and stays the same when an operator resets it.
func runID(info *workflow.Info) string {
	if info.OriginalRunID != "" {
		return info.OriginalRunID
	}
	return info.WorkflowExecution.RunID
}

// standBack ends a run whose shipment belongs to another one: a repeat that
// arrived after Temporal had forgotten the first run has no effect.
func (p *process) standBack(ctx workflow.Context) (shipment.Result, error) {
	result := shipment.Result{ShipmentID: p.trigger.Event.Data.ShipmentID, Status: shipment.Duplicate}
	if p.trigger.Event.Data.Digest() != p.ownerDigest {
		result.Status, result.Reasons = shipment.Rejected, []shipment.Reason{events.ConflictReason(p.owner)}
	}
	return result, p.recognise(ctx, p.trigger)
}

func (p *process) fail(ctx workflow.Context, stage shipment.Stage, failure *shipment.Failure) (shipment.Result, error) {
	if err := p.endRequests(ctx); err != nil {
		return shipment.Result{}, err
	}
	result := shipment.Result{ShipmentID: p.trigger.Event.Data.ShipmentID, Status: shipment.Failed, Failure: failure}
	return result, p.story.publish(ctx, events.TypeFailed, events.Failed{
		ShipmentID: result.ShipmentID, Status: result.Status, Stage: stage, Failure: failure,
	})
}

// invalid makes one fault of what is wrong with a shipment.
func invalid(reasons []shipment.Reason) []shipment.Fault {
	errors := make([]string, len(reasons))
	for i, reason := range reasons {
		errors[i] = reason.String()
	}
	return []shipment.Fault{*shipment.NewFault("Shipment is not valid", errors...)}
}

// watch handles further created signals while the process runs.
func (p *process) watch(ctx workflow.Context) {
	for {
		var again CreatedSignal
		p.created.Receive(ctx, &again)
		if err := p.recognise(ctx, again); err != nil {
			workflow.GetLogger(ctx).Error("A repeated event could not be judged", "error", err)
		}
	}
}

// drain handles the signals that are left before the workflow closes.
func (p *process) drain(ctx workflow.Context) error {
	var again CreatedSignal
	for p.created.ReceiveAsync(&again) {
		if err := p.recognise(ctx, again); err != nil {
			return err
		}
		again = CreatedSignal{}
	}
	var r RequestSignal
	for p.requests.channel.ReceiveAsync(&r) {
		if err := p.handle(ctx, r); err != nil {
			return err
		}
		r = RequestSignal{}
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if p.Revision > 0 {
		workflow.Go(ctx, p.watchRequests)
	}
	return workflow.Await(ctx, func() bool { return p.judging == 0 })
}

// recognise judges a further event for the shipment: the same content is a
// repeat and ignored, other content is rejected. A cancellation of the process
// does not keep it from that: the event has been acknowledged.
func (p *process) recognise(ctx workflow.Context, again CreatedSignal) error {
	p.judging++
	defer func() { p.judging-- }()
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := workflow.Await(ctx, func() bool { return p.ledgerRead }); err != nil {
		return err
	}
	if again.Event.Data.Digest() == p.ownerDigest {
		return nil
	}
	return p.reject(ctx, activities.RejectedSignal{
		ShipmentID: again.Event.Data.ShipmentID, StreamSequence: again.StreamSequence,
		Type: events.TypeCreated, Identity: again.Event.Ref(), Reasons: []shipment.Reason{events.ConflictReason(p.owner)},
	}, again.Event)
}
