package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"shipments/events"
	"shipments/shipment"
	"shipments/workflows"
)

// Temporal is what the consumer needs of a Temporal client, which satisfies it.
// Errors are those of the serviceerror package.
type Temporal interface {
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
}

const (
	callTimeout  = 10 * time.Second // one call to Temporal or JetStream
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 10 * time.Second
)

// start takes an event to its shipment's process. While Temporal or JetStream
// is away it holds the message and tries again, for as long as it takes or
// until the consumer stops. It occupies its slot meanwhile: with all slots
// held, nothing more is pulled.
func (h *handling) start(ctx context.Context, d delivery, created events.ShipmentCreated) verdict {
	backoff := firstBackoff
	for {
		v, err := h.tryStart(ctx, d, created)
		if err == nil {
			return v
		}
		if h.stopping.Err() != nil {
			return verdict{handBack: err}
		}
		if backoff == firstBackoff {
			h.log.Warn().Err(err).Str("shipment", created.Data.ShipmentID).Msg("An event has to wait; trying again until it is taken on")
		}
		if !pause(h.stopping, backoff) {
			return verdict{handBack: err}
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// tryStart is one attempt. An error means that it is worth another one.
func (h *handling) tryStart(ctx context.Context, d delivery, created events.ShipmentCreated) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	settings := h.config.Settings
	category := settings.Rules.Classify(created.Data)
	settings.Rules = settings.Rules.For(created.Data)
	options := workflows.StartOptions(created, category)
	_, err := h.temporal.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalCreated,
		workflows.Created{Event: created, StreamSequence: d.meta.Sequence.Stream},
		options, workflows.ShipmentProcess, workflows.ProcessInput{Settings: settings})
	switch fateOf(err) {
	case started:
		return verdict{effect: "taken on by " + options.ID}, nil
	case closed:
		return h.compare(ctx, created)
	case refused:
		return verdict{reasons: []shipment.Reason{{Code: events.CodeRefusedByTemporal, Message: err.Error()}}}, nil
	case waiting:
	}
	return verdict{}, fmt.Errorf("signal-with-start %s: %w", options.ID, err)
}

// fate is what Temporal's answer to a signal-with-start means for the event.
type fate int

const (
	started fate = iota // the process has it
	closed              // the process has ended
	refused             // it will never be taken
	waiting             // Temporal is away, overloaded, or not yet set up
)

// fateOf classifies Temporal's errors. What is not known to be final is
// waited for: an outage must never reject anything.
func fateOf(err error) fate {
	var (
		alreadyStarted *serviceerror.WorkflowExecutionAlreadyStarted
		invalid        *serviceerror.InvalidArgument
	)
	switch {
	case err == nil:
		return started
	case errors.As(err, &alreadyStarted):
		return closed
	case errors.As(err, &invalid):
		return refused
	default:
		return waiting
	}
}

// compare judges an event whose process has ended, by what is known of it: the
// same event, or the same content, is a repeat; other content a conflict.
func (h *handling) compare(ctx context.Context, created events.ShipmentCreated) (verdict, error) {
	id := created.Data.ShipmentID
	described, err := h.temporal.DescribeWorkflowExecution(ctx, workflows.ProcessID(id), "")
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return verdict{}, fmt.Errorf("the process was deleted meanwhile: %w", err)
	}
	if err != nil {
		return verdict{}, fmt.Errorf("describe the process: %w", err)
	}
	memo, err := workflows.ReadMemo(described.GetWorkflowExecutionInfo().GetMemo())
	if err != nil {
		return verdict{}, err
	}
	digest := created.Data.Digest()
	if memo.Trigger == created.Trigger() && memo.ContentDigest == digest {
		return verdict{effect: "seen before: it started the process, which has ended"}, nil
	}
	// The last run may itself have been a repeat that found the shipment taken:
	// the ledger knows what the shipment is known by.
	entry, err := events.ReadLedger(ctx, h.js, id)
	switch {
	case errors.Is(err, events.ErrUnknownShipment):
		entry = events.Accepted{Trigger: memo.Trigger, ContentDigest: memo.ContentDigest}
	case err != nil:
		return verdict{}, err
	}
	if entry.ContentDigest == digest {
		return verdict{effect: "seen before: the same content was processed"}, nil
	}
	return verdict{reasons: []shipment.Reason{events.ConflictReason(entry.Trigger)}}, nil
}
