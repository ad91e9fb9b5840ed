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

// accept enters the process in the shipment's ledger as the first event of its
// story. It returns the owner if that is another run.
func (s *Story) accept(ctx workflow.Context, entry events.Accepted) (owner *events.Accepted, err error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = withPublishing(ctx, events.TypeAccepted)
	var acceptance activities.Acceptance
	err = workflow.ExecuteLocalActivity(ctx, publishing.Accept, s.next(ctx, events.TypeAccepted, entry)).Get(ctx, &acceptance)
	return acceptance.Owner, err
}
