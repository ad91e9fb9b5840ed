package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/shipment"
)

// carrierCalls names the activities of carrier integration.
var carrierCalls *activities.Carriers

// CarrierInput is the input of the carrier workflows: one call, and how long
// its answer may take.
type CarrierInput[Call any] struct {
	CarrierPolicy

	Call Call `json:"call"`
}

// CarrierPolicy is how a carrier is called.
type CarrierPolicy struct {
	// Deadline bounds the call, retries included, but for the local first
	// attempt and the pause that a carrier asks for after it.
	Deadline time.Duration `json:"deadline"`
	// LocalFirst makes the first attempt within the workflow's own task, where
	// it costs the Temporal server nothing.
	LocalFirst bool `json:"localFirst,omitempty"`
	// RecordRefusals puts what the carrier declined in the local first attempt on
	// record before anybody acts on it. An effect has one answer for good; a call
	// that was declined may be accepted when it is made again.
	RecordRefusals bool `json:"recordRefusals,omitempty"`
}

// ManifestLeg hands one leg over to its carrier.
func ManifestLeg(ctx workflow.Context, in CarrierInput[carriers.ManifestLegRequest]) (carriers.ManifestLegReply, error) {
	what := fmt.Sprintf("manifest leg %d with carrier %s", in.Call.Leg, in.Call.Details.CarrierID)
	var reply carriers.ManifestLegReply
	unavailable, err := callCarrier(ctx, in.CarrierPolicy, in.Call.ShipmentID, what, carrierCalls.ManifestLeg, in.Call, &reply)
	if unavailable != nil {
		reply = carriers.ManifestLegReply{Declined: unavailable, Unanswered: true}
	}
	return reply, err
}

// VoidLeg takes one manifested leg back.
func VoidLeg(ctx workflow.Context, in CarrierInput[carriers.VoidLegRequest]) (carriers.VoidLegReply, error) {
	what := fmt.Sprintf("void leg %d with carrier %s", in.Call.Leg, in.Call.CarrierID)
	var reply carriers.VoidLegReply
	unavailable, err := callCarrier(ctx, in.CarrierPolicy, in.Call.ShipmentID, what, carrierCalls.VoidLeg, in.Call, &reply)
	if unavailable != nil {
		reply = carriers.VoidLegReply{Declined: unavailable}
	}
	return reply, err
}

// BookCollection books the collection with the carrier.
func BookCollection(ctx workflow.Context, in CarrierInput[carriers.BookCollectionRequest]) (carriers.BookCollectionReply, error) {
	what := fmt.Sprintf("book collection on %s with carrier %s", in.Call.CollectionDate, in.Call.CarrierID)
	var reply carriers.BookCollectionReply
	unavailable, err := callCarrier(ctx, in.CarrierPolicy, in.Call.ShipmentID, what, carrierCalls.BookCollection, in.Call, &reply)
	if unavailable != nil {
		reply = carriers.BookCollectionReply{Declined: unavailable, Unanswered: true}
	}
	return reply, err
}

// CancelCollection takes a booking back.
func CancelCollection(ctx workflow.Context, in CarrierInput[carriers.CancelCollectionRequest]) (carriers.CancelCollectionReply, error) {
	what := "cancel the collection with carrier " + in.Call.CarrierID
	var reply carriers.CancelCollectionReply
	unavailable, err := callCarrier(ctx, in.CarrierPolicy, in.Call.ShipmentID, what, carrierCalls.CancelCollection, in.Call, &reply)
	if unavailable != nil {
		reply = carriers.CancelCollectionReply{Declined: unavailable}
	}
	return reply, err
}

// integrationUnavailable is the fault of a carrier that gave no answer.
const integrationUnavailable = "Carrier integration unavailable"

// callCarrier makes one carrier call. A carrier that gives no answer within the
// deadline, however often it was tried, is a fault that says so and no error:
// the process goes on to compensate, and ends.
//
// Most carriers answer at once: the first attempt may be a local activity, and
// only what fails then becomes an activity of its own. It is the same call with
// the same idempotency key.
func callCarrier(ctx workflow.Context, policy CarrierPolicy, shipmentID, what string, activity, call any, reply carriers.Reply) (*shipment.Fault, error) {
	if policy.LocalFirst {
		answered, wait := tryCarrier(ctx, what, activity, call, reply)
		switch {
		case answered && policy.RecordRefusals && reply.WasDeclined():
			return nil, record(ctx, "the carrier has declined")
		case answered:
			return nil, nil //nolint:nilnil // it went well
		}
		var err error
		if ctx, err = beyond(ctx, shipmentID); err != nil {
			return nil, err
		}
		if wait > 0 {
			timer := workflow.NewTimer(ctx, min(wait, policy.Deadline))
			await(ctx, timer)
			_ = timer.Get(ctx, nil) // A cancellation is noticed by the next attempt.
		}
	}
	future := workflow.ExecuteActivity(withCarrierCall(ctx, policy.Deadline, what), activity, call)
	await(ctx, future)
	err := future.Get(ctx, reply)
	if err == nil || temporal.IsCanceledError(err) {
		return nil, err
	}
	if ctx.Err() != nil {
		// A failed attempt of a cancelled call is not tried again: what it did
		// is not known, as for any cancelled call.
		return nil, temporal.NewCanceledError(err.Error())
	}
	said := "it gave no answer"
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		said = "its last answer was: " + application.Message()
	}
	return shipment.NewFault(integrationUnavailable, fmt.Sprintf("%s: tried for %s; %s", what, policy.Deadline, said)), nil
}

// tryCarrier makes the first attempt of a call, and reports whether it was
// answered, or else how long the carrier asked to be given. It lasts until the
// call has ended, even when it is cancelled meanwhile: a call must have ended
// before its effect is undone.
func tryCarrier(ctx workflow.Context, what string, activity, call, reply any) (answered bool, wait time.Duration) {
	lasting, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	err := workflow.ExecuteLocalActivity(withFirstTry(lasting, what), activity, call).Get(lasting, reply)
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		wait = application.NextRetryDelay()
	}
	return err == nil, wait
}
