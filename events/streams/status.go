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
	all, reading := errgroup.WithContext(ctx)
	read := func(into **jetstream.RawStreamMsg, stream, eventType string) {
		all.Go(func() (err error) {
			*into, err = LastDirect(reading, js, stream, events.Subject(eventType, id))
			return err
		})
	}
	for i, ending := range events.Endings() {
		read(&endings[i], events.StreamEvents, ending)
	}
	read(&accepted, events.StreamEvents, events.TypeAccepted)
	read(&rejected, events.StreamRejections, events.TypeRejected)
	all.Go(func() (err error) {
		created, err = getMessage(reading, js, events.StreamShipments, getRequest{LastBySubject: events.Subject(events.TypeCreated, id)})
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
	if created != nil {
		if other := events.ContentShipmentID(created.Data); other != "" && other != id {
			created = nil // It is rejected as an event of the other one: subject-mismatch.
		}
	}
	if created != nil && isOfRequest(rejected) {
		var err error
		if rejected, err = rejectionOfShipment(ctx, js, id); err != nil {
			return result, err
		}
	}
	return notAccepted(result, created, rejected)
}

// isOfRequest reports whether a rejection is of a request. It says nothing of the
// shipment, if there is one.
func isOfRequest(rejected *jetstream.RawStreamMsg) bool {
	if rejected == nil {
		return false
	}
	rejection, err := DecodeRejection(rejected)
	input, _ := events.SplitSubject(rejection.Input.Subject)
	return err == nil && events.IsRequest(input)
}

// maxRejections bounds the rejections of one shipment that are looked through.
const maxRejections = 1000

// rejectionOfShipment is the last rejection of a shipment itself, not of a request; nil
// if there is none.
func rejectionOfShipment(ctx context.Context, js jetstream.JetStream, id string) (last *jetstream.RawStreamMsg, err error) {
	read := 0
	err = Walk(ctx, js, Range{Stream: events.StreamRejections, Subject: events.Subject(events.TypeRejected, id)}, func(msg *jetstream.RawStreamMsg) bool {
		if !isOfRequest(msg) {
			last = msg
		}
		read++
		return read < maxRejections
	})
	return last, err
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
