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

// CarrierInput is the input of the carrier workflows: one call, and how it is made.
type CarrierInput[Call any] struct {
	CarrierPolicy

	Call Call `json:"call"`
}

// ManifestLeg manifests one leg with its carrier.
func ManifestLeg(ctx workflow.Context, in CarrierInput[carriers.ManifestLegRequest]) (carriers.ManifestLegReply, error) {
	what := fmt.Sprintf("manifest leg %d with carrier %s", in.Call.Leg, in.Call.Details.CarrierID)
	var reply carriers.ManifestLegReply
	unavailable, err := callCarrier(ctx, in.CarrierPolicy, in.Call.ShipmentID, what, carrierCalls.ManifestLeg, in.Call, &reply)
	if unavailable != nil {
		reply = carriers.ManifestLegReply{Declined: unavailable, Unanswered: true}
	}
	return reply, err
}

// VoidLeg voids one manifested leg.
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
	what := fmt.Sprintf("book the collection on %s with carrier %s", in.Call.CollectionDate, in.Call.CarrierID)
	var reply carriers.BookCollectionReply
	unavailable, err := callCarrier(ctx, in.CarrierPolicy, in.Call.ShipmentID, what, carrierCalls.BookCollection, in.Call, &reply)
	if unavailable != nil {
		reply = carriers.BookCollectionReply{Declined: unavailable, Unanswered: true}
	}
	return reply, err
}

// CancelCollection cancels the booking of a collection.
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

// callCarrier makes one carrier call. A carrier that gives no answer before the
// deadline, however often it was tried, is a fault and not an error: the process
// goes on to compensate, and ends.
//
// Most carriers answer at once. With FirstTry the first attempt is a local
// activity, and only if it fails the call becomes a regular one. The idempotency
// key makes both the same call.
func callCarrier(ctx workflow.Context, policy CarrierPolicy, shipmentID, what string, activity, call any, reply carriers.Reply) (*shipment.Fault, error) {
	wait := await
	if policy.FirstTry {
		answered, uncertain, pause := tryCarrier(ctx, what, activity, call, reply)
		switch {
		case answered && reply.WasDeclined():
			// If the workflow task is done again, a carrier that has declined may
			// accept, so the decline goes on record first. An accepted call needs no
			// checkpoint: with the same key it is accepted again.
			return nil, checkpoint(ctx, "the carrier has declined")
		case answered:
			return nil, nil //nolint:nilnil // it went well
		}
		if uncertain {
			call = carriers.Uncertain(call)
		}
		var err error
		if ctx, err = withoutGateOnceBooked(ctx, shipmentID); err != nil {
			return nil, err
		}
		if pause > 0 {
			timer := workflow.NewTimerWithOptions(ctx, min(pause, policy.Deadline), workflow.TimerOptions{Summary: "the carrier has asked for a pause"})
			_ = awaitRetry(ctx, timer, nil) // If the process was stopped, the activity below is cancelled at once.
		}
		wait = awaitRetry
	}
	err := wait(ctx, workflow.ExecuteActivity(withCarrierCall(ctx, policy.Deadline, what), activity, call), reply)
	if err == nil || temporal.IsCanceledError(err) {
		return nil, err
	}
	if ctx.Err() != nil {
		// An activity whose cancellation was requested is not retried after a failed
		// attempt. Its call may have had its effect.
		return nil, temporal.NewCanceledError(err.Error())
	}
	tried, last := fmt.Sprintf("tried for %s; ", policy.Deadline), "it gave no answer"
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		last = "its last answer was: " + application.Message()
		if application.NonRetryable() && application.Type() != activities.ErrorTypeDeadline { // The message says how often it was tried.
			tried = ""
		}
	}
	return shipment.NewFault(integrationUnavailable, fmt.Sprintf("%s: %s%s", what, tried, last)), nil
}

// tryCarrier makes the first attempt of a call. It reports whether the carrier has
// answered, and otherwise the pause that it asks for. It returns when the attempt
// has ended, even if the process is cancelled meanwhile: a call must have ended
// before its effect is undone.
func tryCarrier(ctx workflow.Context, what string, activity, call, reply any) (answered, uncertain bool, pause time.Duration) {
	lasting, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	err := runLocal(withFirstTry(lasting, what), reply, activity, call)
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		pause = application.NextRetryDelay()
	}
	return err == nil, carriers.MayHaveHadEffect(err), pause
}
