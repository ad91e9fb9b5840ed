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

// request signals a request to the process of its shipment.
func (s *session) request(ctx context.Context, d delivery, request events.Request) verdict {
	return s.retryUntilDecided(ctx, d, request.ShipmentID, func() (verdict, error) { return s.tryRequest(ctx, d, request) })
}

// tryRequest is one attempt. After an error it is repeated.
func (s *session) tryRequest(ctx context.Context, d delivery, request events.Request) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	err := s.call(ctx, func(ctx context.Context) error {
		//nolint:wrapcheck // wrapped below
		return s.temporal.SignalWorkflow(ctx, shipment.ProcessID(request.ShipmentID), "", workflows.SignalRequested,
			workflows.RequestSignal{Event: request, StreamSequence: d.meta.Sequence.Stream})
	})
	var notFound *serviceerror.NotFound
	switch {
	case err == nil:
		return verdict{effect: "signalled to its process"}, nil
	case errors.As(err, &notFound):
		return s.noRunningProcess(ctx, d, request)
	default:
		return verdict{}, fmt.Errorf("signal %s: %w", shipment.ProcessID(request.ShipmentID), err)
	}
}

// noRunningProcess decides on a request for a shipment of which no process runs. If the
// request had its effect, it is a repeat. If the process has ended, the request is
// rejected. If it has not started yet, the request is nak'd; that of an unknown shipment
// is rejected after [Config.EarlyWait].
func (s *session) noRunningProcess(ctx context.Context, d delivery, request events.Request) (verdict, error) {
	happened, err := streams.HadEffect(ctx, s.js, request)
	if err != nil {
		return verdict{}, &jetStreamError{err}
	}
	if happened {
		return verdict{effect: "seen before: it had its effect", repeat: true}, nil
	}
	result, err := streams.ReadStatus(ctx, s.js, request.ShipmentID)
	unknown := errors.Is(err, streams.ErrUnknownShipment)
	// Deliveries are counted, not time: an outage before the first one does not count.
	waited := time.Duration(d.meta.NumDelivered) * nakDelay
	switch {
	case err != nil && !unknown:
		return verdict{}, &jetStreamError{err}
	case !unknown && result.Status == shipment.Pending:
		return verdict{nak: fmt.Errorf("the process of shipment %s is still to be started", request.ShipmentID), waits: true}, nil
	case !unknown && result.Status != shipment.Rejected:
		return verdict{reasons: []shipment.Reason{{
			Code: events.CodeShipmentEnded, Path: "/shipmentId",
			Message: fmt.Sprintf("the shipment's process has ended: %s", result.Status),
		}}}, nil
	case waited < s.config.EarlyWait:
		return verdict{nak: fmt.Errorf("shipment %s is not known yet", request.ShipmentID), waits: true}, nil
	default:
		return verdict{reasons: []shipment.Reason{{
			Code: events.CodeUnknownShipment, Path: "/shipmentId",
			Message: fmt.Sprintf("no process of this shipment runs, and none was started within %s", s.config.EarlyWait),
		}}}, nil
	}
}
