package consumer

import (
	"context"
	"errors"
	"fmt"

	"shipments/shipment"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// HistoryReader reads the histories of workflows, as a Temporal client does.
type HistoryReader interface {
	GetWorkflowHistory(ctx context.Context, workflowID, runID string, isLongPoll bool, filter enumspb.HistoryEventFilterType) client.HistoryEventIterator
}

// Received reports whether a shipment's process, be it running or ended, has
// received the message with this sequence of the SHIPMENTS stream as a signal.
// It reads the whole history, and returns false if there is none. decode is the
// converter of the client that sent the signal.
func Received(ctx context.Context, reader HistoryReader, decode converter.DataConverter, shipmentID string, streamSequence uint64) (bool, error) {
	history := reader.GetWorkflowHistory(ctx, shipment.ProcessID(shipmentID), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		var unknown *serviceerror.NotFound
		if errors.As(err, &unknown) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("read the history of %s: %w", shipment.ProcessID(shipmentID), err)
		}
		var signal struct {
			StreamSequence uint64 `json:"streamSequence"`
		}
		input := event.GetWorkflowExecutionSignaledEventAttributes().GetInput()
		if len(input.GetPayloads()) == 0 {
			continue
		}
		// A signal that cannot be decoded is not the consumer's.
		if err := decode.FromPayloads(input, &signal); err == nil && signal.StreamSequence == streamSequence {
			return true, nil
		}
	}
	return false, nil
}
