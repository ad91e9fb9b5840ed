package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/workflows"
)

// request takes a request to the process of its shipment.
func (h *handling) request(ctx context.Context, d delivery, request events.Request) verdict {
	return h.persist(ctx, d, request.ShipmentID, func() (verdict, error) { return h.tryRequest(ctx, d, request) })
}

// tryRequest is one attempt. An error means that it is worth another one.
func (h *handling) tryRequest(ctx context.Context, d delivery, request events.Request) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := h.temporal.SignalWorkflow(ctx, shipment.ProcessID(request.ShipmentID), "", workflows.SignalRequested,
		workflows.RequestSignal{Event: request, StreamSequence: d.meta.Sequence.Stream})
	var notFound *serviceerror.NotFound
	switch {
	case err == nil:
		return verdict{effect: "taken to its process"}, nil
	case errors.As(err, &notFound):
		return h.unheard(ctx, d, request)
	default:
		return verdict{}, fmt.Errorf("signal %s: %w", shipment.ProcessID(request.ShipmentID), err)
	}
}

// unheard judges a request that no process hears: its shipment has ended, or
// is still to come, which it may be for a while.
func (h *handling) unheard(ctx context.Context, d delivery, request events.Request) (verdict, error) {
	happened, err := streams.HadEffect(ctx, h.js, request)
	if err != nil {
		return verdict{}, err
	}
	if happened {
		return verdict{effect: "seen before: it had its effect"}, nil
	}
	result, err := streams.ReadStatus(ctx, h.js, request.ShipmentID)
	unknown := errors.Is(err, streams.ErrUnknownShipment)
	// The wait counts from the first delivery: an outage before does not.
	waited := time.Duration(d.meta.NumDelivered) * handBackDelay
	switch {
	case err != nil && !unknown:
		return verdict{}, err
	case !unknown && result.Status == shipment.Pending:
		return verdict{handBack: fmt.Errorf("the process of shipment %s is still to be started", request.ShipmentID)}, nil
	case !unknown && result.Status != shipment.Rejected:
		return verdict{reasons: []shipment.Reason{{
			Code: events.CodeShipmentEnded, Path: "/shipmentId",
			Message: fmt.Sprintf("the shipment's process has ended: %s", result.Status),
		}}}, nil
	case waited < h.config.EarlyWait:
		return verdict{handBack: fmt.Errorf("shipment %s is not known yet", request.ShipmentID)}, nil
	default:
		return verdict{reasons: []shipment.Reason{{
			Code: events.CodeUnknownShipment, Path: "/shipmentId",
			Message: fmt.Sprintf("no process of this shipment runs, and none came within %s", h.config.EarlyWait),
		}}}, nil
	}
}
