package consumer

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"shipments/events"
	"shipments/shipment"
)

// quarantine decides on a message that was delivered too often. It does not parse
// the message, because that may be what crashes. The message is rejected unless a
// process has received it.
func (s *session) quarantine(ctx context.Context, d delivery) verdict {
	id := events.SubjectShipment(d.msg.Subject)
	return s.retryUntilDecided(ctx, d, id, func() (verdict, error) {
		receiver, err := s.receiver(ctx, d)
		if err != nil {
			return verdict{}, err
		}
		if receiver != "" {
			return verdict{effect: "seen before: a process has received it; then handling it failed again and again", shipmentID: receiver}, nil
		}
		return verdict{shipmentID: id, reasons: []shipment.Reason{{
			Code:    events.CodeDeliveredTooOften,
			Message: fmt.Sprintf("delivered %d times, neither acked nor termed: %s", d.meta.NumDelivered-1, likelyCause(d)),
		}}}, nil
	})
}

// likelyCause is what most likely keeps a message from being acked or termed.
func likelyCause(d delivery) string {
	if eventType, _ := events.SplitSubject(d.msg.Subject); events.IsRequest(eventType) {
		return "the process of its shipment was never started, or handling the message crashes the consumer"
	}
	return "handling it may crash the consumer"
}

// receiver returns the shipment whose process has received this very message,
// or nothing.
func (s *session) receiver(ctx context.Context, d delivery) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	for _, id := range mentioned(d) {
		received, err := Received(ctx, s.temporal, s.converter, id, d.meta.Sequence.Stream)
		if err != nil {
			return "", err
		}
		if received {
			return id, nil
		}
	}
	return "", nil
}

// shipmentIDs matches what may be shipment ids in any bytes, in linear time and
// without recursion.
var shipmentIDs = regexp.MustCompile(`"shipmentId"\s*:\s*"([A-Za-z0-9_-]{1,64})"`)

// mentioned are the shipments that a message may be about.
func mentioned(d delivery) []string {
	var ids []string
	if id := events.SubjectShipment(d.msg.Subject); id != "" {
		ids = append(ids, id)
	}
	const limit = 3
	for _, found := range shipmentIDs.FindAllSubmatch(d.msg.Data, limit) {
		if id := string(found[1]); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
