package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"shipments/activities/carriers"
)

// Carriers are the activities of carrier integration.
type Carriers struct {
	// ByID has the integration of each carrier.
	ByID map[string]carriers.Client
}

func (a *Carriers) carrier(id string) (carriers.Client, error) {
	if c, ok := a.ByID[id]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("this host has no integration for carrier %s, or not its token", id)
}

// ManifestLeg hands a leg over to its carrier.
func (a *Carriers) ManifestLeg(ctx context.Context, call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
	c, err := a.carrier(call.Details.CarrierID)
	if err != nil {
		return carriers.ManifestLegReply{}, err
	}
	defer heartbeat(ctx)()
	return c.ManifestLeg(ctx, call)
}

// VoidLeg takes a manifested leg back.
func (a *Carriers) VoidLeg(ctx context.Context, call carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
	c, err := a.carrier(call.CarrierID)
	if err != nil {
		return carriers.VoidLegReply{}, err
	}
	defer heartbeat(ctx)()
	return c.VoidLeg(ctx, call)
}

// BookCollection books the collection with its carrier.
func (a *Carriers) BookCollection(ctx context.Context, call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
	c, err := a.carrier(call.CarrierID)
	if err != nil {
		return carriers.BookCollectionReply{}, err
	}
	defer heartbeat(ctx)()
	return c.BookCollection(ctx, call)
}

// CancelCollection takes a booking back.
func (a *Carriers) CancelCollection(ctx context.Context, call carriers.CancelCollectionRequest) (carriers.CancelCollectionReply, error) {
	c, err := a.carrier(call.CarrierID)
	if err != nil {
		return carriers.CancelCollectionReply{}, err
	}
	defer heartbeat(ctx)()
	return c.CancelCollection(ctx, call)
}

// HeartbeatTimeout is how long Temporal waits for a sign of life of a carrier
// call before it takes its worker for dead.
const HeartbeatTimeout = 30 * time.Second

// heartbeat tells Temporal that the activity is alive until the returned
// function is called. A carrier call may take minutes; when its worker dies,
// another one takes over within [HeartbeatTimeout].
func heartbeat(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(HeartbeatTimeout / 3)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-ticker.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() { close(done) }
}
