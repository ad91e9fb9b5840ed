package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/events"
)

// publishing names the activities that store events.
var publishing *activities.Publishing

// Story is a shipment's sequence of outcome events: what they have in common,
// and how many there are. It is handed on from workflow to workflow; whoever
// holds it publishes the next event.
type Story struct {
	Lineage events.Lineage `json:"lineage"`
	// Sequence is the number of the last event.
	Sequence int `json:"sequence"`
}

// next makes the next event of the story.
func (s *Story) next(ctx workflow.Context, eventType string, data any) events.Outcome {
	s.Sequence++
	return events.Outcome{
		Lineage:  s.Lineage,
		Type:     eventType,
		Sequence: s.Sequence,
		Time:     workflow.Now(ctx),
		Data:     data,
	}
}

// publish stores the next event of the story, exactly once, and returns when
// JetStream has it. What has happened is told even when the process is being
// cancelled.
func (s *Story) publish(ctx workflow.Context, eventType string, data any) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = withPublishing(ctx, eventType)
	return workflow.ExecuteLocalActivity(ctx, publishing.Publish, s.next(ctx, eventType, data)).Get(ctx, nil)
}

// told reports whether an outcome event is stored although the process, which
// seems to be short of it, would now take another way: a task has told it that
// was lost. Processes of revision 0 do not ask.
func (s Settings) told(ctx workflow.Context, eventType, shipmentID string) (bool, error) {
	if s.Revision == 0 {
		return false, nil
	}
	return told(ctx, eventType, shipmentID)
}

// told asks JetStream whether an outcome event of a shipment is stored.
func told(ctx workflow.Context, eventType, shipmentID string) (stored bool, err error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = withPublishing(ctx, "is it told? "+eventType)
	err = workflow.ExecuteLocalActivity(ctx, publishing.Told, eventType, shipmentID).Get(ctx, &stored)
	return stored, err
}

// accept enters the process in the shipment's ledger as the first event of its
// story. It returns the owner if that is another run.
func (s *Story) accept(ctx workflow.Context, entry events.Accepted) (owner *events.Accepted, err error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = withPublishing(ctx, events.TypeAccepted)
	var acceptance activities.Acceptance
	err = workflow.ExecuteLocalActivity(ctx, publishing.Accept, s.next(ctx, events.TypeAccepted, entry)).Get(ctx, &acceptance)
	return acceptance.Owner, err
}
