package consumer

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"shipments/events"
	"shipments/shipment"
)

// quarantine judges a message that was delivered too often, without parsing it:
// that may be what crashes. It is rejected, unless the crashes came after it was
// taken to a process, which judges it.
func (h *handling) quarantine(ctx context.Context, d delivery) verdict {
	id := events.SubjectShipment(d.msg.Subject)
	return h.persist(ctx, d, id, func() (verdict, error) {
		receiver, err := h.receiver(ctx, d)
		if err != nil {
			return verdict{}, err
		}
		if receiver != "" {
			return verdict{effect: "had been taken to its process before handling it crashed", shipmentID: receiver}, nil
		}
		return verdict{shipmentID: id, reasons: []shipment.Reason{{
			Code:    events.CodeDeliveredTooOften,
			Message: fmt.Sprintf("delivered %d times without an end: handling it seems to crash the consumer", d.meta.NumDelivered-1),
		}}}, nil
	})
}

// receiver returns the shipment whose process has received this very message,
// or nothing.
func (h *handling) receiver(ctx context.Context, d delivery) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, id := range mentioned(d) {
		received, err := Received(ctx, h.temporal, id, d.meta.Sequence.Stream)
		if err != nil {
			return "", err
		}
		if received {
			return id, nil
		}
	}
	return "", nil
}

// shipmentIDs finds what may be shipment ids in a text of any form, in linear
// time and without recursion.
var shipmentIDs = regexp.MustCompile(`"shipmentId"\s*:\s*"([A-Za-z0-9_-]{1,64})"`)

// mentioned are the shipments that a message may be about.
func mentioned(d delivery) []string {
	var ids []string
	if id := events.SubjectShipment(d.msg.Subject); id != "" {
		ids = append(ids, id)
	}
	const enough = 3
	for _, found := range shipmentIDs.FindAllSubmatch(d.msg.Data, enough) {
		if id := string(found[1]); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
