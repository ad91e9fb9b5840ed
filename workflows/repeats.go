package workflows

import (
	"encoding/json"

	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/events"
	"shipments/shipment"
)

// setOwnerOnce sets what further events are compared with. It keeps an owner that is
// already set.
func (p *process) setOwnerOnce(owner events.EventRef, digest string) {
	if !p.ownerKnown {
		p.owner, p.ownerDigest, p.ownerKnown = owner, digest, true
	}
}

// watchRepeats handles further created signals while the process runs.
func (p *process) watchRepeats(ctx workflow.Context) {
	for {
		var repeat CreatedSignal
		p.created.Receive(ctx, &repeat)
		if err := p.handleRepeat(ctx, repeat); err != nil {
			workflow.GetLogger(ctx).Error("A repeated event could not be handled", "error", err)
		}
	}
}

// handleRepeat handles a further event for the shipment: the same content is a repeat
// and ignored, other content is rejected. A cancellation does not interrupt it, because
// the event has been acked and is not redelivered.
func (p *process) handleRepeat(ctx workflow.Context, repeat CreatedSignal) error {
	p.pendingHandlers++
	defer func() { p.pendingHandlers-- }()
	ctx = withoutGate(ctx)
	if err := workflow.Await(ctx, func() bool { return p.ownerKnown }); err != nil {
		return err
	}
	if repeat.Event.Data.Digest() == p.ownerDigest {
		return nil
	}
	return p.reject(ctx, activities.RejectedSignal{
		ShipmentID: repeat.Event.Data.ShipmentID, StreamSequence: repeat.StreamSequence,
		Type: events.TypeCreated, Identity: repeat.Event.Ref(), Reasons: []shipment.Reason{events.ConflictReason(p.owner)},
	}, repeat.Event)
}

// reject stores the rejection of an event that a signal has brought, whatever
// becomes of the process: the event has been acknowledged.
func (p *process) reject(ctx workflow.Context, signal activities.RejectedSignal, event any) error {
	p.pendingHandlers++
	defer func() { p.pendingHandlers-- }()
	text, err := json.Marshal(event)
	if err != nil {
		return err
	}
	signal.Event = text
	return runUntilDone(withoutGate(ctx), "reject "+signal.Type, publishingTimeout, nil, publishing.RejectSignal, signal)
}
