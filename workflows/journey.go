package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/shipment"
)

// journey is what all categories have in common: steps, each of which runs a
// stage and publishes its event.
type journey struct {
	CategoryInput

	category   shipment.Category
	attempt    int              // at booking the collection, from 1
	request    *events.EventRef // the rebooking's identity, from the second attempt on
	ahead      []step           // those that are not done
	invoiceURL string
	outcome    shipment.Outcome
	booked     bool

	stage        shipment.Stage // the stage that failed, if any
	failure      *shipment.Failure
	rebookable   bool
	compensation *shipment.Compensation // of a stage that was cancelled
}

// step is one step of a journey.
type step struct {
	stage shipment.Stage
	// event is the type of the event that the step publishes, if any.
	event string
	do    func(workflow.Context) error
}

// run takes the steps one after the other, until one fails or the process is
// stopped.
func (j *journey) run(ctx workflow.Context, steps ...step) (CategoryResult, error) {
	if gateOf(ctx) == nil { // a workflow of its own
		ctx = new(gate).open(ctx)
	}
	j.ahead = steps
	cancelled := stopped(ctx)
	for {
		if cancelled {
			overtaken, err := j.overtaken(ctx)
			if err != nil {
				return j.result(), err
			}
			if !overtaken {
				return j.cancel(ctx)
			}
			ctx = withoutGate(ctx)
		}
		if len(j.ahead) == 0 {
			return j.result(), nil
		}
		err := j.ahead[0].do(ctx)
		cancelled = temporal.IsCanceledError(err) || stopped(ctx)
		switch {
		case err == nil && j.failure != nil:
			return j.result(), nil // What has failed is undone, and cannot be cancelled.
		case err == nil:
			j.ahead = j.ahead[1:]
		case !cancelled:
			return j.result(), err
		}
	}
}

func (j *journey) result() CategoryResult {
	result := CategoryResult{Stage: j.stage, Failure: j.failure, Rebookable: j.rebookable, Story: j.Story}
	if j.failure == nil || j.rebookable {
		result.Outcome = &j.outcome
	}
	return result
}

// lost returns the steps ahead that an earlier attempt of this workflow task may
// have done: it came as far as local activities can. There are none unless the
// process was stopped unsure.
func (j *journey) lost(ctx workflow.Context) []step {
	if g := gateOf(ctx); g == nil || !g.unsure {
		return nil
	}
	withinTask := func(s step) bool {
		inline := !j.Settings.ChildWorkflows.Has(s.stage)
		calls := j.Settings.CarrierFirstTry && !j.Settings.ChildWorkflows.Has(shipment.StageCarrier)
		switch s.stage {
		case shipment.StageManifestation:
			return inline && calls
		case shipment.StageCollection:
			return inline && calls && j.collectionInput().bookableAt(workflow.GetInfo(ctx).WorkflowStartTime)
		default:
			return inline
		}
	}
	for i, s := range j.ahead {
		if !withinTask(s) {
			return j.ahead[:i]
		}
	}
	return j.ahead
}

func has(steps []step, stage shipment.Stage) bool {
	return slices.ContainsFunc(steps, func(s step) bool { return s.stage == stage })
}

// overtaken reports whether a process that was stopped has to go on, because an
// earlier attempt of this workflow task has published that the collection is
// booked, or the process completed.
func (j *journey) overtaken(ctx workflow.Context) (bool, error) {
	g := gateOf(ctx)
	switch {
	case g == nil || !g.unsure || j.compensation != nil:
		return false, nil
	case j.booked:
		return outcomePublished(ctx, events.TypeCompleted, j.Shipment.ShipmentID)
	case has(j.lost(ctx), shipment.StageCollection):
		return outcomePublished(ctx, events.TypeCollectionBooked, j.Shipment.ShipmentID)
	}
	return false, nil
}

// cancel undoes what was done so far, and what may have been.
func (j *journey) cancel(ctx workflow.Context) (CategoryResult, error) {
	lost, booked, legs := j.lost(ctx), j.booked, j.manifested()
	if j.compensation == nil { // Otherwise the stage that was cancelled has undone its own.
		booked = booked || has(lost, shipment.StageCollection)
		if has(lost, shipment.StageManifestation) {
			legs = toVoid(make([]carriers.ManifestLegReply, len(j.Shipment.Legs)))
		}
	}
	if booked {
		j.compensation = j.compensation.With(cancelBooking(ctx, j.Settings, j.Shipment, j.attempt))
	}
	j.compensation = j.compensation.With(voidLegs(ctx, j.Settings, j.Shipment, legs))
	err := j.countPublished(ctx, lost)
	if err == nil {
		err = j.publishVoided(ctx, j.compensation)
	}
	return CategoryResult{Cancelled: true, Compensation: j.compensation, Story: j.Story}, err
}

// countPublished counts the events of the steps that an earlier attempt of this
// workflow task has published, so that the next event continues the sequence.
func (j *journey) countPublished(ctx workflow.Context, lost []step) error {
	for _, s := range lost {
		if s.event == "" {
			continue
		}
		published, err := outcomePublished(ctx, s.event, j.Shipment.ShipmentID)
		if err != nil || !published {
			return err
		}
		j.Story.Sequence++
	}
	return nil
}

// publishVoided publishes which legs were voided, if any were.
func (j *journey) publishVoided(ctx workflow.Context, compensation *shipment.Compensation) error {
	if compensation == nil || len(compensation.Voided) == 0 {
		return nil
	}
	return j.Story.publish(ctx, events.TypeManifestationVoided, events.ManifestationVoided{
		ShipmentID: j.Shipment.ShipmentID, VoidedLegs: compensation.Voided,
	})
}

// fail ends the journey at a stage, and publishes what was undone.
func (j *journey) fail(ctx workflow.Context, stage shipment.Stage, faults []shipment.Fault, compensation *shipment.Compensation) error {
	j.stage, j.failure = stage, &shipment.Failure{Faults: faults, Compensation: compensation}
	return j.publishVoided(ctx, compensation)
}

// invoice generates the customs invoice before manifestation.
func (j *journey) invoice(ctx workflow.Context) error {
	result, err := inStage(shipment.StageDocuments, CustomsInvoice).call(ctx, j.Settings.ChildWorkflows,
		invoiceID(j.Shipment.ShipmentID), "customs invoice of shipment "+j.Shipment.ShipmentID,
		DocumentsInput{Settings: j.Settings, Shipment: j.Shipment, Category: j.category})
	if err != nil {
		return fmt.Errorf("customs invoice: %w", err)
	}
	j.invoiceURL = result.InvoiceURL
	return nil
}

func (j *journey) manifest(ctx workflow.Context) error {
	id := j.Shipment.ShipmentID
	result, err := inStage(shipment.StageManifestation, Manifestation).call(ctx, j.Settings.ChildWorkflows,
		stageID(id, shipment.StageManifestation), "manifestation of shipment "+id,
		ManifestationInput{Settings: j.Settings, Shipment: j.Shipment, InvoiceURL: j.invoiceURL})
	if err != nil {
		return fmt.Errorf("manifestation: %w", err)
	}
	if result.Cancelled {
		j.compensation = result.Compensation
		return temporal.NewCanceledError()
	}
	if len(result.Faults) > 0 {
		return j.fail(ctx, shipment.StageManifestation, result.Faults, result.Compensation)
	}
	j.outcome.ManifestedLegs = result.Legs
	return j.Story.publish(ctx, events.TypeManifested, events.Manifested{ShipmentID: id, ManifestedLegs: result.Legs})
}

func (j *journey) document(ctx workflow.Context) error {
	id := j.Shipment.ShipmentID
	result, err := inStage(shipment.StageDocuments, Documents).call(ctx, j.Settings.ChildWorkflows,
		stageID(id, shipment.StageDocuments), "documents of shipment "+id,
		DocumentsInput{Settings: j.Settings, Shipment: j.Shipment, Category: j.category, Legs: j.outcome.ManifestedLegs})
	if err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	j.outcome.ShipmentDocuments = result.Documents
	return j.Story.publish(ctx, events.TypeDocumentsGenerated, events.DocumentsGenerated{ShipmentID: id, ShipmentDocuments: result.Documents})
}

func (j *journey) collectionInput() CollectionInput {
	return CollectionInput{Settings: j.Settings, Shipment: j.Shipment, Legs: j.outcome.ManifestedLegs, Attempt: j.attempt}
}

func (j *journey) collect(ctx workflow.Context) error {
	id := j.Shipment.ShipmentID
	result, err := inStage(shipment.StageCollection, Collection).call(ctx, j.Settings.ChildWorkflows,
		collectionID(id, j.attempt), "collection of shipment "+id, j.collectionInput())
	if err != nil {
		return fmt.Errorf("collection: %w", err)
	}
	if result.Cancelled {
		j.compensation = result.Compensation
		return temporal.NewCanceledError()
	}
	if result.TooLate && j.attempt == 1 {
		// Nobody will collect what was manifested for that day.
		return j.fail(ctx, shipment.StageCollection, result.Faults, voidLegs(ctx, j.Settings, j.Shipment, j.manifested()))
	}
	if result.Booking == nil {
		// With a booking that may stand, another one could be one too many.
		j.rebookable = result.Compensation == nil || result.Compensation.NotCancelled == nil
		return j.fail(ctx, shipment.StageCollection, result.Faults, result.Compensation)
	}
	j.outcome.CollectionBooking, j.booked = *result.Booking, true
	return j.Story.publish(ctx, events.TypeCollectionBooked, events.CollectionBooked{
		ShipmentID: id, CollectionDate: j.Shipment.CollectionDate, CollectionBooking: *result.Booking, Request: j.request,
	})
}

// manifested returns the tracking numbers of the legs that were manifested, by the
// index of the leg.
func (j *journey) manifested() map[int][]string {
	numbers := map[int][]string{}
	for i, leg := range j.outcome.ManifestedLegs {
		numbers[i] = leg.TrackingNumbers
	}
	return numbers
}
