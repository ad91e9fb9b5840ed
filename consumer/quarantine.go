package consumer

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"go.temporal.io/api/serviceerror"

	"shipments/events"
	"shipments/shipment"
	"shipments/workflows"
)

// quarantine judges a message that was delivered too often, without parsing it:
// that may be what crashes. It is rejected, unless the crashes came after it
// had its effect.
func (h *handling) quarantine(ctx context.Context, d delivery) verdict {
	id := events.SubjectShipment(d.msg.Subject)
	return h.persist(id, func() (verdict, error) {
		starter, err := h.started(ctx, d)
		if err != nil {
			return verdict{}, err
		}
		if starter != "" {
			return verdict{effect: "had started its process before handling it crashed", shipmentID: starter}, nil
		}
		return verdict{shipmentID: id, reasons: []shipment.Reason{{
			Code:    events.CodeDeliveredTooOften,
			Message: fmt.Sprintf("delivered %d times without an end: handling it seems to crash the consumer", d.meta.NumDelivered-1),
		}}}, nil
	})
}

// started returns the shipment whose process this very message has started, or
// nothing.
func (h *handling) started(ctx context.Context, d delivery) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, id := range mentioned(d) {
		described, err := h.temporal.DescribeWorkflowExecution(ctx, workflows.ProcessID(id), "")
		var unknown *serviceerror.NotFound
		if errors.As(err, &unknown) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("describe the process: %w", err)
		}
		memo, err := workflows.ReadMemo(described.GetWorkflowExecutionInfo().GetMemo())
		if err != nil {
			return "", err
		}
		if memo.StreamSequence == d.meta.Sequence.Stream {
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
