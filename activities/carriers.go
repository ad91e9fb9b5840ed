package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"shipments/activities/carriers"
)

// Carriers are the activities that call carriers.
type Carriers struct {
	// ByID has the client of each carrier.
	ByID map[string]carriers.Client
}

func (a *Carriers) client(id string) (carriers.Client, error) {
	if c, ok := a.ByID[id]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("this host has no client for carrier %s: the carrier is not in the table, or its token is missing", id)
}

// ManifestLeg manifests a leg with its carrier.
func (a *Carriers) ManifestLeg(ctx context.Context, call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
	c, err := a.client(call.Details.CarrierID)
	if err != nil {
		return carriers.ManifestLegReply{}, err
	}
	defer heartbeat(ctx)()
	return c.ManifestLeg(ctx, call)
}

// VoidLeg voids a manifested leg.
func (a *Carriers) VoidLeg(ctx context.Context, call carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
	c, err := a.client(call.CarrierID)
	if err != nil {
		return carriers.VoidLegReply{}, err
	}
	defer heartbeat(ctx)()
	return c.VoidLeg(ctx, call)
}

// BookCollection books the collection with its carrier.
func (a *Carriers) BookCollection(ctx context.Context, call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
	c, err := a.client(call.CarrierID)
	if err != nil {
		return carriers.BookCollectionReply{}, err
	}
	defer heartbeat(ctx)()
	return c.BookCollection(ctx, call)
}

// CancelCollection cancels the booking of a collection.
func (a *Carriers) CancelCollection(ctx context.Context, call carriers.CancelCollectionRequest) (carriers.CancelCollectionReply, error) {
	c, err := a.client(call.CarrierID)
	if err != nil {
		return carriers.CancelCollectionReply{}, err
	}
	defer heartbeat(ctx)()
	return c.CancelCollection(ctx, call)
}

// HeartbeatTimeout is how long Temporal waits for a heartbeat of a carrier call
// before it has another worker repeat the call.
const HeartbeatTimeout = 30 * time.Second

// heartbeat records heartbeats of the activity until the returned function is
// called. A carrier call may take minutes: without heartbeats, the death of its
// worker would go unnoticed until the call's own timeout.
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
