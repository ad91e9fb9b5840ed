package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/workflows"
)

// Temporal is what the consumer needs of a Temporal client, which satisfies it.
// Errors are those of the serviceerror package.
type Temporal interface {
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
	SignalWorkflow(ctx context.Context, workflowID, runID, signalName string, arg any) error
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	HistoryReader
}

// callTimeout bounds one attempt: a call to Temporal, and what it takes to judge its answer.
const callTimeout = 10 * time.Second

// start takes an event to its shipment's process. While Temporal or JetStream
// is away it holds the message and tries again, for as long as it takes or
// until the consumer stops.
func (h *handling) start(ctx context.Context, d delivery, created events.ShipmentCreated) verdict {
	if err := sendable(d, created); err != nil {
		return verdict{reasons: []shipment.Reason{{Code: events.CodeUnfitForTemporal, Message: err.Error()}}}
	}
	return h.persist(ctx, d, created.Data.ShipmentID, func() (verdict, error) { return h.tryStart(ctx, d, created) })
}

// maxSignalBytes bounds the signal: far below the 2 MiB at which Temporal
// refuses a payload, and the 4 MiB at which gRPC refuses a message with a code
// that looks like overload.
const maxSignalBytes = 1 << 20

// sendable finds out before the first attempt what Temporal would never take,
// so that its errors need not tell. What is small as a message is small as a
// signal: written again, JSON grows to six times its size at most.
func sendable(d delivery, created events.ShipmentCreated) error {
	if len(d.msg.Data) <= maxSignalBytes/8 {
		return nil
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(workflows.CreatedSignal{Event: created})
	if err != nil {
		return fmt.Errorf("the event cannot be encoded: %w", err)
	}
	if n := len(payload.GetData()); n > maxSignalBytes {
		return fmt.Errorf("the event has %d bytes: at most %d can be handed over", n, maxSignalBytes)
	}
	return nil
}

// tryStart is one attempt. An error means that it is worth another one.
func (h *handling) tryStart(ctx context.Context, d delivery, created events.ShipmentCreated) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	settings := h.config.Settings
	category := settings.Rules.Classify(created.Data)
	settings.Rules = settings.Rules.For(created.Data)
	signal := workflows.CreatedSignal{Event: created, StreamSequence: d.meta.Sequence.Stream}
	options := StartOptions(signal, category)
	_, err := h.temporal.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalCreated, signal, options, workflows.ShipmentProcess, workflows.ProcessInput{Settings: settings})
	switch fateOf(err) {
	case taken:
		return verdict{effect: "taken on by " + options.ID}, nil
	case closed:
		return h.compare(ctx, created)
	case unfit:
		return verdict{reasons: []shipment.Reason{{Code: events.CodeUnfitForTemporal, Message: err.Error()}}}, nil
	case misfit:
		// Most likely the namespace has lost its search attributes.
		return verdict{}, fmt.Errorf("signal-with-start %s: %w", options.ID, errors.Join(err, h.prepare(ctx)))
	case busy, away:
	}
	return verdict{}, fmt.Errorf("signal-with-start %s: %w", options.ID, err)
}

// compare judges an event whose process has ended, by what is known of it: the
// same event, or the same content, is a repeat; other content a conflict.
func (h *handling) compare(ctx context.Context, created events.ShipmentCreated) (verdict, error) {
	id := created.Data.ShipmentID
	described, err := h.temporal.DescribeWorkflowExecution(ctx, shipment.ProcessID(id), "")
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return verdict{}, fmt.Errorf("the process was deleted meanwhile: %w", err)
	}
	if err != nil {
		return verdict{}, fmt.Errorf("describe the process: %w", err)
	}
	memo, err := readMemo(described.GetWorkflowExecutionInfo().GetMemo())
	if err != nil {
		return verdict{}, err
	}
	digest := created.Data.Digest()
	sameAsLast := memo.Trigger == created.Ref() && memo.ContentDigest == digest
	// The last run may itself have been a repeat that found the shipment taken:
	// the ledger knows what the shipment is known by.
	entry, err := streams.ReadLedger(ctx, h.js, id)
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		return verdict{reasons: []shipment.Reason{{
			Code: events.CodeProcessEnded,
			Message: "the shipment's process was ended before it took the shipment on: " +
				"delete workflow " + shipment.ProcessID(id) + " and publish the event again",
		}}}, nil
	case err != nil:
		return verdict{}, err
	case sameAsLast:
		return verdict{effect: "seen before: it started the process, which has ended"}, nil
	case entry.ContentDigest == digest:
		return verdict{effect: "seen before: the same content was processed"}, nil
	}
	return verdict{reasons: []shipment.Reason{events.ConflictReason(entry.Trigger)}}, nil
}
