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

// categoryProcess runs the steps of a category. Each step runs a stage and publishes
// its event.
type categoryProcess struct {
	CategoryInput

	category   shipment.Category
	attempt    int              // at booking the collection, from 1
	request    *events.EventRef // the rebooking's identity, from the second attempt on
	remaining  []step           // not done yet; the first one may have been begun
	invoiceURL string
	outcome    shipment.Outcome
	booked     bool

	stage        shipment.Stage // the stage that failed, if any
	failure      *shipment.Failure
	declined     bool
	rebookable   bool
	compensation *shipment.Compensation // of a stage that was cancelled
}

// step is one step of a category's process.
type step struct {
	stage shipment.Stage
	// event is the type of the event that the step publishes, if any.
	event string
	do    func(workflow.Context) error
}

// run takes the steps one after the other, until one fails or the process is
// stopped.
func (c *categoryProcess) run(ctx workflow.Context, steps ...step) (CategoryResult, error) {
	if gateOf(ctx) == nil { // a workflow of its own
		ctx = new(gate).open(ctx)
	}
	c.remaining = steps
	cancelled := stopped(ctx)
	for {
		if cancelled {
			mustGoOn, err := c.mustGoOn(ctx)
			if err != nil {
				return c.result(), err
			}
			if !mustGoOn {
				return c.cancel(ctx)
			}
			ctx = withoutGate(ctx)
		}
		if len(c.remaining) == 0 {
			return c.result(), nil
		}
		begun := workflow.Now(ctx)
		err := c.remaining[0].do(ctx)
		cancelled = temporal.IsCanceledError(err) || stopped(ctx)
		measureStage(ctx, c.remaining[0].stage, begun, stageResult(err, c.failure, cancelled))
		switch {
		case err == nil && c.failure != nil:
			return c.result(), nil // The failure is the result. runCategory handles a cancellation that came meanwhile.
		case err == nil:
			c.remaining = c.remaining[1:]
		case !cancelled:
			return c.result(), err
		}
	}
}

func (c *categoryProcess) result() CategoryResult {
	result := CategoryResult{Stage: c.stage, Failure: c.failure, Declined: c.declined, Rebookable: c.rebookable, Story: c.Story}
	if c.failure == nil || c.stage == shipment.StageCollection {
		result.Outcome = &c.outcome
	}
	return result
}

// maybeDone returns the first of the remaining steps: those that a lost attempt of
// this workflow task may have done, because they need local activities only. There are
// such steps only if the process was stopped at a wait after failed local attempts
// ([gate.unsure]).
func (c *categoryProcess) maybeDone(ctx workflow.Context) []step {
	if g := gateOf(ctx); g == nil || !g.unsure {
		return nil
	}
	withinTask := func(s step) bool {
		inline := !c.Settings.ChildWorkflows.Has(s.stage)
		calls := c.Settings.CarrierFirstTry && !c.Settings.ChildWorkflows.Has(shipment.StageCarrier)
		switch s.stage {
		case shipment.StageManifestation:
			return inline && calls
		case shipment.StageCollection:
			return inline && calls && c.collectionInput().bookableAt(workflow.GetInfo(ctx).WorkflowStartTime)
		default:
			return inline
		}
	}
	for i, s := range c.remaining {
		if !withinTask(s) {
			return c.remaining[:i]
		}
	}
	return c.remaining
}

func has(steps []step, stage shipment.Stage) bool {
	return slices.ContainsFunc(steps, func(s step) bool { return s.stage == stage })
}

// mustGoOn reports whether a process that was stopped has to go on, because an
// earlier attempt of this workflow task has published that the collection is
// booked, or the process completed.
func (c *categoryProcess) mustGoOn(ctx workflow.Context) (bool, error) {
	g := gateOf(ctx)
	switch {
	case g == nil || !g.unsure || c.compensation != nil:
		return false, nil
	case c.booked:
		return outcomePublished(ctx, events.TypeCompleted, c.Shipment.ShipmentID)
	case has(c.maybeDone(ctx), shipment.StageCollection):
		return outcomePublished(ctx, events.TypeCollectionBooked, c.Shipment.ShipmentID)
	}
	return false, nil
}

// cancel undoes what was done so far, and what may have been.
func (c *categoryProcess) cancel(ctx workflow.Context) (CategoryResult, error) {
	maybe, booked, legs := c.maybeDone(ctx), c.booked, c.manifested()
	if c.compensation == nil { // Otherwise the stage that was cancelled has undone its own.
		booked = booked || has(maybe, shipment.StageCollection)
		if has(maybe, shipment.StageManifestation) {
			legs = toVoid(make([]carriers.ManifestLegReply, len(c.Shipment.Legs)))
		}
	}
	if booked {
		c.compensation = c.compensation.With(cancelBooking(ctx, c.Settings, c.Shipment, c.attempt, c.outcome.CollectionBooking.BookingReference))
	}
	c.compensation = c.compensation.With(voidLegs(ctx, c.Settings, c.Shipment, legs))
	err := c.countPublished(ctx, maybe)
	if err == nil {
		err = c.publishVoided(ctx, c.compensation)
	}
	return CategoryResult{Cancelled: true, Compensation: c.compensation, Story: c.Story}, err
}

// countPublished counts the events of the steps that an earlier attempt of this
// workflow task has published, so that the next event continues the sequence.
func (c *categoryProcess) countPublished(ctx workflow.Context, maybe []step) error {
	for _, s := range maybe {
		if s.event == "" {
			continue
		}
		published, err := outcomePublished(ctx, s.event, c.Shipment.ShipmentID)
		if err != nil || !published {
			return err
		}
		c.Story.Sequence++
	}
	return nil
}

// publishVoided publishes which legs were voided, if any were.
func (c *categoryProcess) publishVoided(ctx workflow.Context, compensation *shipment.Compensation) error {
	if compensation == nil || len(compensation.Voided) == 0 {
		return nil
	}
	return c.Story.publish(ctx, events.TypeManifestationVoided, events.ManifestationVoided{
		ShipmentID: c.Shipment.ShipmentID, VoidedLegs: compensation.Voided,
	})
}

// fail ends the category's process at a stage, and publishes what was undone.
func (c *categoryProcess) fail(ctx workflow.Context, stage shipment.Stage, faults []shipment.Fault, compensation *shipment.Compensation) error {
	c.stage, c.failure = stage, &shipment.Failure{Faults: faults, Compensation: compensation}
	return c.publishVoided(ctx, compensation)
}

// invoice generates the customs invoice before manifestation.
func (c *categoryProcess) invoice(ctx workflow.Context) error {
	result, err := inStage(shipment.StageDocuments, CustomsInvoice).call(ctx, c.Settings.ChildWorkflows,
		invoiceWorkflowID(c.Shipment.ShipmentID), "customs invoice of shipment "+c.Shipment.ShipmentID,
		DocumentsInput{Settings: c.Settings, Shipment: c.Shipment, Category: c.category})
	if err != nil {
		return fmt.Errorf("customs invoice: %w", err)
	}
	c.invoiceURL = result.InvoiceURL
	return nil
}

func (c *categoryProcess) manifest(ctx workflow.Context) error {
	id := c.Shipment.ShipmentID
	result, err := inStage(shipment.StageManifestation, Manifestation).call(ctx, c.Settings.ChildWorkflows,
		stageWorkflowID(id, shipment.StageManifestation), "manifestation of shipment "+id,
		ManifestationInput{Settings: c.Settings, Shipment: c.Shipment, InvoiceURL: c.invoiceURL})
	if err != nil {
		return fmt.Errorf("manifestation: %w", err)
	}
	if result.Cancelled {
		c.compensation = result.Compensation
		return temporal.NewCanceledError()
	}
	if len(result.Faults) > 0 {
		return c.fail(ctx, shipment.StageManifestation, result.Faults, result.Compensation)
	}
	c.outcome.ManifestedLegs = result.Legs
	return c.Story.publish(ctx, events.TypeManifested, events.Manifested{ShipmentID: id, ManifestedLegs: result.Legs})
}

// runDocuments runs the documents stage, for the collection date that the shipment has
// now.
func (c *categoryProcess) runDocuments(ctx workflow.Context) error {
	id := c.Shipment.ShipmentID
	result, err := inStage(shipment.StageDocuments, Documents).call(ctx, c.Settings.ChildWorkflows,
		documentsWorkflowID(id, c.attempt), "documents of shipment "+id,
		DocumentsInput{Settings: c.Settings, Shipment: c.Shipment, Category: c.category, Legs: c.outcome.ManifestedLegs})
	if err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	c.outcome.ShipmentDocuments = result.Documents
	return nil
}

func (c *categoryProcess) generateDocuments(ctx workflow.Context) error {
	id := c.Shipment.ShipmentID
	if err := c.runDocuments(ctx); err != nil {
		return err
	}
	return c.Story.publish(ctx, events.TypeDocumentsGenerated, events.DocumentsGenerated{ShipmentID: id, ShipmentDocuments: c.outcome.ShipmentDocuments})
}

func (c *categoryProcess) collectionInput() CollectionInput {
	return CollectionInput{Settings: c.Settings, Shipment: c.Shipment, Legs: c.outcome.ManifestedLegs, Attempt: c.attempt}
}

func (c *categoryProcess) collect(ctx workflow.Context) error {
	id := c.Shipment.ShipmentID
	result, err := inStage(shipment.StageCollection, Collection).call(ctx, c.Settings.ChildWorkflows,
		collectionWorkflowID(id, c.attempt), "collection of shipment "+id, c.collectionInput())
	if err != nil {
		return fmt.Errorf("collection: %w", err)
	}
	if result.Cancelled {
		c.compensation = result.Compensation
		return temporal.NewCanceledError()
	}
	if result.Booking == nil {
		c.declined = !result.TooLate
		// If the failed booking may still stand, a rebooking could book the collection
		// twice.
		stands := result.Compensation != nil && result.Compensation.NotCancelled != nil
		c.rebookable = !stands && (c.attempt > 1 || !result.TooLate)
		return c.fail(ctx, shipment.StageCollection, result.Faults, result.Compensation)
	}
	c.outcome.CollectionBooking, c.booked = *result.Booking, true
	if c.attempt > 1 {
		// The documents show the new date. Nothing stops the process meanwhile: whoever
		// sees that the collection is booked finds the new documents.
		if err := c.runDocuments(withoutGate(ctx)); err != nil {
			return err
		}
	}
	return c.Story.publish(ctx, events.TypeCollectionBooked, events.CollectionBooked{
		ShipmentID: id, CollectionDate: c.Shipment.CollectionDate, CollectionBooking: *result.Booking, Request: c.request,
	})
}

// uncollected ends the process of a shipment that nobody will collect: its legs are
// voided, or left standing, as the settings say. Nothing stops it.
func (c *categoryProcess) uncollected(ctx workflow.Context, failure shipment.Failure) (CategoryResult, error) {
	var legs *shipment.Compensation
	if c.Settings.Uncollected == KeepUncollected {
		legs = &shipment.Compensation{}
		for _, leg := range c.outcome.ManifestedLegs {
			legs.Standing = append(legs.Standing, shipment.StandingLeg{CarrierID: leg.CarrierID, TrackingNumbers: leg.TrackingNumbers})
		}
	} else {
		legs = voidLegs(ctx, c.Settings, c.Shipment, c.manifested())
	}
	err := c.fail(withoutGate(ctx), shipment.StageCollection, failure.Faults, failure.Compensation.With(legs))
	return c.result(), err
}

// manifested returns the tracking numbers of the legs that were manifested, by the
// index of the leg.
func (c *categoryProcess) manifested() map[int][]string {
	numbers := map[int][]string{}
	for i, leg := range c.outcome.ManifestedLegs {
		numbers[i] = leg.TrackingNumbers
	}
	return numbers
}
