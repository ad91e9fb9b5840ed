package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"shipments/activities/carriers"
	"shipments/activities/pace"
)

// Carriers are the activities that call carriers.
type Carriers struct {
	// ByID has the client of each carrier.
	ByID map[string]carriers.Client
	// Labels keeps the labels that carriers give. Without it they are checked, and
	// dropped.
	Labels LabelStore
	// Tokens watches whether the carriers accept their tokens; optional.
	Tokens *TokenWatch
}

// LabelStore keeps the labels that carriers give, under the shipment and the leg of
// the request. A repeat stores the same labels again, and leaves no others.
type LabelStore interface {
	PutLabels(ctx context.Context, request carriers.ManifestLegRequest, labels []carriers.Label) error
}

func (a *Carriers) client(id string) (carriers.Client, error) {
	if c, ok := a.ByID[id]; ok {
		return c, nil
	}
	return nil, temporal.NewApplicationError(
		fmt.Sprintf("this host has no client for carrier %s: the carrier is not in the table, or its token is missing", id),
		carriers.ErrorTypeMisconfigured)
}

// ask makes one call of a carrier, within the deadline of the activity.
func ask[Request, Reply any](ctx context.Context, a *Carriers, carrierID string,
	call func(carriers.Client, context.Context, Request) (Reply, error), request Request,
) (Reply, error) {
	var none Reply
	attempt := beginAttempt(ctx)
	expired := attempt.expired()
	if expired != nil && attempt.info.Attempt == 1 {
		return none, expired
	}
	c, err := a.client(carrierID)
	if err != nil {
		return none, attempt.failed(err)
	}
	defer heartbeat(ctx)()
	within, cancel := context.WithTimeout(ctx, attempt.window())
	defer cancel()
	reply, err := call(c, within, request)
	a.Tokens.note(carrierID, err)
	if expired != nil && errors.Is(err, context.DeadlineExceeded) {
		return none, expired
	}
	return reply, attempt.failed(err)
}

// ManifestLeg manifests a leg with its carrier, and keeps the carrier's labels.
func (a *Carriers) ManifestLeg(ctx context.Context, call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
	return ask(ctx, a, call.Details.CarrierID, a.manifestLeg, call)
}

func (a *Carriers) manifestLeg(c carriers.Client, ctx context.Context, call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) { //nolint:revive // as a method of Client
	reply, err := c.ManifestLeg(ctx, call)
	// An earlier attempt may have stored labels that the carrier no longer gives.
	repeated := call.Uncertain || activity.GetInfo(ctx).Attempt > 1
	if err == nil && a.Labels != nil && reply.Declined == nil && (len(reply.Labels) > 0 || repeated) {
		// The carrier has answered: the labels are stored even if the activity was
		// cancelled meanwhile.
		err = a.Labels.PutLabels(context.WithoutCancel(ctx), call, reply.Labels)
	}
	return reply, err
}

// VoidLeg voids a manifested leg.
func (a *Carriers) VoidLeg(ctx context.Context, call carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
	return ask(ctx, a, call.CarrierID, carriers.Client.VoidLeg, call)
}

// BookCollection books the collection with its carrier.
func (a *Carriers) BookCollection(ctx context.Context, call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
	return ask(ctx, a, call.CarrierID, carriers.Client.BookCollection, call)
}

// CancelCollection cancels the booking of a collection.
func (a *Carriers) CancelCollection(ctx context.Context, call carriers.CancelCollectionRequest) (carriers.CancelCollectionReply, error) {
	return ask(ctx, a, call.CarrierID, carriers.Client.CancelCollection, call)
}

// HeartbeatTimeout is how long Temporal waits for a heartbeat of a carrier call
// before it has another worker repeat the call.
const HeartbeatTimeout = 30 * time.Second

// CarrierGrace is how long an activity that calls a carrier lasts at most once it
// was cancelled, or its deadline has passed. It begins no further request then, but
// waits for the one in flight, asks for its result if the reply is lost, and
// returns what it got: what the carrier still works on must not be overtaken by the
// call that undoes it. Labels are fetched within it, too.
const CarrierGrace = carriers.MaxGrace

// heartbeat records heartbeats of the activity until stop is called, also after
// the activity was cancelled. A carrier call may take minutes: without heartbeats,
// the death of its worker would go unnoticed until the call's own timeout.
func heartbeat(ctx context.Context) (stop func()) {
	ctx = context.WithoutCancel(ctx)
	return pace.Every(ctx, HeartbeatTimeout/3, func() { activity.RecordHeartbeat(ctx) })
}
