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
	"go.temporal.io/sdk/temporal"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/workflows"
)

// Temporal is the part of a Temporal client that the consumer uses. Its errors are
// those of package serviceerror.
type Temporal interface {
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
	SignalWorkflow(ctx context.Context, workflowID, runID, signalName string, arg any) error
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	HistoryReader
}

const (
	// rpcTimeout limits one call to Temporal, the client's own retries included.
	rpcTimeout = 5 * time.Second
	// attemptTimeout limits one attempt: calls to Temporal and to JetStream.
	attemptTimeout = 15 * time.Second
)

// start starts the process of an event's shipment, or signals it.
func (s *session) start(ctx context.Context, d delivery, created events.ShipmentCreated) verdict {
	if err := checkSize(d, created); err != nil {
		return verdict{reasons: []shipment.Reason{{Code: events.CodeUnfitForTemporal, Message: err.Error()}}}
	}
	return s.retryUntilDecided(ctx, d, created.Data.ShipmentID, func() (verdict, error) { return s.tryStart(ctx, d, created) })
}

// maxSignalBytes limits the signal. Temporal's limit of a payload is 2 MiB; above 4 MiB
// gRPC answers ResourceExhausted, the code of an overload.
const maxSignalBytes = 1 << 20

// checkSize returns an error if Temporal can never take the event. Only a message above
// maxSignalBytes/8 is encoded to measure it: re-encoded JSON has at most six times the
// size.
func checkSize(d delivery, created events.ShipmentCreated) error {
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

// tryStart is one attempt. After an error it is repeated.
func (s *session) tryStart(ctx context.Context, d delivery, created events.ShipmentCreated) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	settings := s.config.Settings
	category := settings.Rules.Classify(created.Data)
	settings.Rules = settings.Rules.For(created.Data)
	settings.MarksOutcome = s.marksOutcome != nil && s.marksOutcome()
	signal := workflows.CreatedSignal{Event: created, StreamSequence: d.meta.Sequence.Stream}
	options := StartOptions(signal, category)
	if s.searchable != nil && !s.searchable() {
		options.TypedSearchAttributes = temporal.SearchAttributes{}
	}
	err := s.call(ctx, func(ctx context.Context) error {
		_, err := s.temporal.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalCreated, signal, options, workflows.ShipmentProcess, workflows.ProcessInput{Settings: settings})
		return err //nolint:wrapcheck // classified below
	})
	switch classify(err) {
	case accepted:
		return verdict{effect: "accepted by " + options.ID}, nil
	case closed:
		return s.compare(ctx, created)
	case tooLarge:
		return verdict{reasons: []shipment.Reason{{Code: events.CodeUnfitForTemporal, Message: err.Error()}}}, nil
	case misconfigured:
		// Most likely the namespace lacks its search attributes.
		return verdict{}, fmt.Errorf("signal-with-start %s: %w", options.ID, errors.Join(err, s.call(ctx, s.prepareTemporal)))
	case retryable, unavailable, jetStreamFailed:
	}
	return verdict{}, fmt.Errorf("signal-with-start %s: %w", options.ID, err)
}

// call makes one call to Temporal, with at most rpcTimeout.
func (s *session) call(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	return do(ctx)
}

// compare decides on an event whose process has ended: the same content is a repeat;
// other content, even of the same event id, is a conflict.
func (s *session) compare(ctx context.Context, created events.ShipmentCreated) (verdict, error) {
	id := created.Data.ShipmentID
	var described *workflowservice.DescribeWorkflowExecutionResponse
	err := s.call(ctx, func(ctx context.Context) (err error) {
		described, err = s.temporal.DescribeWorkflowExecution(ctx, shipment.ProcessID(id), "")
		return err //nolint:wrapcheck // wrapped below
	})
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return verdict{}, fmt.Errorf("the process was deleted meanwhile: %w", err)
	}
	if err != nil {
		return verdict{}, fmt.Errorf("describe the process: %w", err)
	}
	memo, err := readMemo(described.GetWorkflowExecutionInfo().GetMemo(), s.converter)
	if err != nil {
		return verdict{}, err
	}
	digest := created.Data.Digest()
	sameAsLast := memo.Trigger == created.Ref() && memo.ContentDigest == digest
	// The last run may itself have been a repeat. The ledger names the event for which
	// the shipment was claimed.
	entry, err := streams.ReadLedger(ctx, s.js, id)
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		return verdict{reasons: []shipment.Reason{{
			Code: events.CodeProcessEnded,
			Message: "the shipment's process was ended before it accepted the shipment: " +
				"delete workflow " + shipment.ProcessID(id) + " and publish the event again",
		}}}, nil
	case err != nil:
		return verdict{}, &jetStreamError{err}
	case sameAsLast:
		return verdict{effect: "seen before: it started the process, which has ended", repeat: true}, nil
	case entry.ContentDigest == digest:
		return verdict{effect: "seen before: the same content was processed", repeat: true}, nil
	}
	return verdict{reasons: []shipment.Reason{events.ConflictReason(entry.Trigger)}}, nil
}
