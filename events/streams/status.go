package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"shipments/events"
	"shipments/shipment"
)

// ErrUnknownShipment is returned for a shipment that is in no stream.
var ErrUnknownShipment = errors.New("unknown shipment")

// ReadStatus reads from the streams how a shipment stands. It needs no workflow,
// so it works while all workers are down, and after Temporal's retention. It asks
// for all messages that may decide side by side, so it takes one round trip.
//
// It returns [ErrUnknownShipment], or an error if a stream could not be read.
func ReadStatus(ctx context.Context, js jetstream.JetStream, id string) (shipment.Result, error) {
	result := shipment.Result{ShipmentID: id, Status: shipment.Pending}
	if !shipment.ValidID(id) {
		return result, ErrUnknownShipment
	}
	var accepted, created, rejected *jetstream.RawStreamMsg
	endings := make([]*jetstream.RawStreamMsg, len(events.Endings()))
	all, ctx := errgroup.WithContext(ctx)
	read := func(into **jetstream.RawStreamMsg, stream, eventType string) {
		all.Go(func() (err error) {
			*into, err = LastDirect(ctx, js, stream, events.Subject(eventType, id))
			return err
		})
	}
	for i, ending := range events.Endings() {
		read(&endings[i], events.StreamEvents, ending)
	}
	read(&accepted, events.StreamEvents, events.TypeAccepted)
	read(&rejected, events.StreamRejections, events.TypeRejected)
	all.Go(func() (err error) {
		created, err = getMessage(ctx, js, events.StreamShipments, getRequest{LastBySubject: events.Subject(events.TypeCreated, id)})
		return err
	})
	if err := all.Wait(); err != nil {
		return result, err
	}
	for _, ending := range endings {
		if ending != nil {
			return result, decodeData(ending, &result)
		}
	}
	if accepted != nil {
		return result, nil
	}
	return notAccepted(result, created, rejected)
}

// notAccepted is how a shipment stands that no process has claimed: pending,
// unless the newest event that was published of it has been rejected.
func notAccepted(result shipment.Result, created, rejected *jetstream.RawStreamMsg) (shipment.Result, error) {
	if rejected == nil {
		if created == nil {
			return result, ErrUnknownShipment
		}
		return result, nil
	}
	rejection, err := DecodeRejection(rejected)
	if err != nil {
		return result, err
	}
	switch {
	case rejection.ShipmentID != result.ShipmentID:
		// Inputs without a valid id share the subject of a shipment "unknown".
		return notAccepted(result, created, nil)
	case created == nil || created.Sequence <= rejection.Input.StreamSequence:
		result.Status, result.Reasons = shipment.Rejected, rejection.Reasons
	}
	return result, nil
}

func decodeData(msg *jetstream.RawStreamMsg, into any) error {
	var ev event.Event
	if err := json.Unmarshal(msg.Data, &ev); err != nil {
		return fmt.Errorf("decode %s: %w", msg.Subject, err)
	}
	if err := ev.DataAs(into); err != nil {
		return fmt.Errorf("decode %s: %w", msg.Subject, err)
	}
	return nil
}
