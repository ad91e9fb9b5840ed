package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"shipments/events"
	"shipments/shipment"
)

// ErrUnknownShipment is returned for a shipment that no stream has heard of.
var ErrUnknownShipment = errors.New("unknown shipment")

// ReadStatus tells how a shipment stands from what the streams hold: no
// workflow is asked, so it answers with every worker down and long after
// Temporal has forgotten the process. The outcome events are read with one
// batched request; whether the shipment was published or rejected is asked at
// the same time, so all of it takes one round trip.
//
// It returns [ErrUnknownShipment], or an error if a stream could not be read.
func ReadStatus(ctx context.Context, js jetstream.JetStream, id string) (shipment.Result, error) {
	result := shipment.Result{ShipmentID: id, Status: shipment.Pending}
	if !shipment.ValidID(id) {
		return result, ErrUnknownShipment
	}
	var story, rejected map[string]*jetstream.RawStreamMsg
	var created *jetstream.RawStreamMsg
	all, ctx := errgroup.WithContext(ctx)
	read := func(into *map[string]*jetstream.RawStreamMsg, stream string, types ...string) {
		all.Go(func() error {
			found, err := lastOf(ctx, js, stream, id, types)
			*into = found
			return err
		})
	}
	read(&story, events.StreamEvents, events.TypeAccepted, events.TypeCompleted, events.TypeFailed, events.TypeCancelled)
	all.Go(func() (err error) {
		created, err = getMessage(ctx, js, events.StreamShipments, getRequest{LastBySubject: events.Subject(events.TypeCreated, id)})
		return err
	})
	read(&rejected, events.StreamRejections, events.TypeRejected)
	if err := all.Wait(); err != nil {
		return result, err
	}
	switch {
	case story[events.TypeCompleted] != nil:
		return result, decodeData(story[events.TypeCompleted], &result)
	case story[events.TypeFailed] != nil:
		return result, decodeData(story[events.TypeFailed], &result)
	case story[events.TypeCancelled] != nil:
		return result, decodeData(story[events.TypeCancelled], &result)
	case story[events.TypeAccepted] != nil:
		return result, nil
	}
	return notAccepted(result, created, rejected[events.TypeRejected])
}

// notAccepted tells how a shipment stands that no process has taken on: it
// waits, unless the newest that was published of it has been rejected.
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

// lastOf reads the last message of each type for one shipment, by type.
func lastOf(ctx context.Context, js jetstream.JetStream, stream, id string, types []string) (map[string]*jetstream.RawStreamMsg, error) {
	subjects := make([]string, 0, len(types))
	for _, t := range types {
		subjects = append(subjects, events.Subject(t, id))
	}
	found, err := Last(ctx, js, stream, subjects...)
	if err != nil {
		return nil, err
	}
	byType := make(map[string]*jetstream.RawStreamMsg, len(found))
	for subject, msg := range found {
		byType[strings.TrimSuffix(subject, "."+id)] = msg
	}
	return byType, nil
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
