package workflows

import (
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/events"
	"shipments/shipment"
)

// CategoryAttribute is the search attribute that lists processes by category.
const CategoryAttribute = "ShipmentCategory"

// categoryAttributes are made once: they are part of every start.
var categoryAttributes = func() map[shipment.Category]temporal.SearchAttributes {
	key := temporal.NewSearchAttributeKeyKeyword(CategoryAttribute)
	attributes := map[shipment.Category]temporal.SearchAttributes{}
	for _, c := range []shipment.Category{shipment.Domestic, shipment.International, shipment.InternationalPaperless} {
		attributes[c] = temporal.NewSearchAttributes(key.ValueSet(string(c)))
	}
	return attributes
}()

// forever bounds what must be retried until it succeeds: Temporal demands a
// bound for local activities.
const forever = 10 * 365 * 24 * time.Hour

// withCarrierCall are the options of a carrier call. It may take minutes, as
// long as its worker gives signs of life. A carrier that does not answer is
// tried again, less and less often, until the deadline.
func withCarrierCall(ctx workflow.Context, deadline time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: deadline,
		StartToCloseTimeout:    carrierAttempt,
		HeartbeatTimeout:       activities.HeartbeatTimeout,
		// A cancelled call must have ended before its effect is undone.
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Minute,
		},
		Summary: summary,
	})
}

// carrierAttempt bounds one attempt of a carrier call; the integration's own
// timeout is shorter.
const carrierAttempt = 10 * time.Minute

// withFirstTry are the options of the first attempt of a carrier call. While it
// lasts, the worker tells Temporal every few seconds that its task goes on.
func withFirstTry(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: carrierAttempt,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:             summary,
	})
}

// withPublishing are the options of storing an event. JetStream may be away
// for hours; the event waits for it.
func withPublishing(ctx workflow.Context, summary string) workflow.Context {
	return withLocal(ctx, summary, 10*time.Second)
}

// withDocuments are the options of rendering and storing documents, which has
// to wait for JetStream likewise.
func withDocuments(ctx workflow.Context, summary string) workflow.Context {
	return withLocal(ctx, summary, 30*time.Second)
}

// withLocal are the options of a local activity, each attempt of which has a
// timeout, and which is tried until it succeeds.
func withLocal(ctx workflow.Context, summary string, timeout time.Duration) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    timeout,
		ScheduleToCloseTimeout: forever,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    200 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
		Summary: summary,
	})
}

// withChild are the options of a stage that runs as a child workflow.
func withChild(ctx workflow.Context, id, queue, summary string) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:    id,
		TaskQueue:     queue,
		StaticSummary: summary,
		// A cancelled stage undoes what it did, and says so in its result.
		WaitForCancellation: true,
	})
}

// StartOptions are the options of starting the process of a shipment by an
// event. A process is never started again while Temporal remembers it.
//
// All that is given here costs nothing beyond the start itself: the memo says
// what the process was started by, the search attribute and the summary help
// to find it.
func StartOptions(signal Created, category shipment.Category) client.StartWorkflowOptions {
	created, s := signal.Event, signal.Event.Data
	return client.StartWorkflowOptions{
		ID:                       ProcessID(s.ShipmentID),
		TaskQueue:                QueueOrchestrator,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		Memo: map[string]any{
			memoTriggerID:     created.ID,
			memoTriggerSource: created.Source,
			memoContentDigest: s.Digest(),
			memoSequence:      signal.StreamSequence,
		},
		TypedSearchAttributes: categoryAttributes[category],
		StaticSummary: fmt.Sprintf("%s shipment %s: %d leg(s), %d package(s), collection %s",
			category, s.ShipmentID, len(s.Legs), s.PackageCount(), s.CollectionDate),
	}
}

// Memo is what a process was started by.
type Memo struct {
	Trigger       events.Trigger
	ContentDigest string
}

// ReadMemo reads the memo of a process. Members that are missing stay empty.
func ReadMemo(memo *commonpb.Memo) (Memo, error) {
	var m Memo
	for field, into := range map[string]any{
		memoTriggerID:     &m.Trigger.ID,
		memoTriggerSource: &m.Trigger.Source,
		memoContentDigest: &m.ContentDigest,
	} {
		payload, ok := memo.GetFields()[field]
		if !ok {
			continue
		}
		if err := converter.GetDefaultDataConverter().FromPayload(payload, into); err != nil {
			return m, fmt.Errorf("memo %s: %w", field, err)
		}
	}
	return m, nil
}
