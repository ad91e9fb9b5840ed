package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/events"
)

// publishing names the activities that store events.
var publishing *activities.Publishing

// Story is a shipment's sequence of outcome events: what they have in common, and
// how many there are. It is part of the input and the result of every workflow
// that publishes.
type Story struct {
	Lineage events.Lineage `json:"lineage"`
	// Sequence is the number of the last event.
	Sequence int `json:"sequence"`
}

// next makes the next event of the story. Occurrence is that of [events.Outcome].
func (s *Story) next(ctx workflow.Context, eventType string, occurrence int, data any) events.Outcome {
	s.Sequence++
	return events.Outcome{
		Lineage:    s.Lineage,
		Type:       eventType,
		Occurrence: occurrence,
		Sequence:   s.Sequence,
		Time:       workflow.Now(ctx),
		Data:       data,
	}
}

// publish stores the next event of the story, exactly once, and returns when
// JetStream has it. A stop does not interrupt it: the event reports something that has
// already happened.
func (s *Story) publish(ctx workflow.Context, eventType string, data any) error {
	return s.publishOccurrence(ctx, eventType, 0, data)
}

// publishOccurrence is publish for an event that a story may have several times.
// Occurrence numbers them from 1.
func (s *Story) publishOccurrence(ctx workflow.Context, eventType string, occurrence int, data any) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return runUntilDone(ctx, "publish "+eventType, publishingTimeout, nil, publishing.Publish, s.next(ctx, eventType, occurrence, data))
}

// claim stores the shipment's ledger entry, which is the first event of the story.
// It returns the entry of the owner if that is another run.
func (s *Story) claim(ctx workflow.Context, entry events.Accepted) (owner *events.Accepted, err error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	var result activities.ClaimResult
	err = runUntilDone(ctx, "claim the shipment", publishingTimeout, &result, publishing.Claim, s.next(ctx, events.TypeAccepted, 0, entry))
	return result.Owner, err
}

// outcomePublished asks JetStream whether an outcome event of a shipment is stored. An
// event that is stored although this process has not published it was published by an
// earlier attempt of the workflow task, which was lost.
func outcomePublished(ctx workflow.Context, eventType, shipmentID string) (stored bool, err error) {
	err = runUntilDone(withoutGate(ctx), "look up "+eventType, publishingTimeout, &stored, publishing.OutcomePublished, eventType, shipmentID)
	return stored, err
}
