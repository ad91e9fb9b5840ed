package consumer

import (
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"shipments/events"
	"shipments/shipment"
	"shipments/workflows"
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

// The memo of a process: what it was started by.
const (
	memoTriggerID     = "triggerId"
	memoTriggerSource = "triggerSource"
	memoContentDigest = "contentDigest"
	memoSequence      = "streamSequence"
)

// StartOptions are the options of starting the process of a shipment by an
// event. A process is never started again while Temporal remembers it.
//
// All that is given here costs nothing beyond the start itself: the memo says
// what the process was started by, the search attribute and the summary help
// to find it.
func StartOptions(signal workflows.CreatedSignal, category shipment.Category) client.StartWorkflowOptions {
	created, s := signal.Event, signal.Event.Data
	return client.StartWorkflowOptions{
		ID:                       shipment.ProcessID(s.ShipmentID),
		TaskQueue:                workflows.QueueOrchestrator,
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

// memo is what a process was started by.
type memo struct {
	Trigger       events.EventRef
	ContentDigest string
}

// readMemo reads the memo of a process. Members that are missing stay empty.
func readMemo(stored *commonpb.Memo) (memo, error) {
	var m memo
	for field, into := range map[string]any{
		memoTriggerID:     &m.Trigger.ID,
		memoTriggerSource: &m.Trigger.Source,
		memoContentDigest: &m.ContentDigest,
	} {
		payload, ok := stored.GetFields()[field]
		if !ok {
			continue
		}
		if err := converter.GetDefaultDataConverter().FromPayload(payload, into); err != nil {
			return m, fmt.Errorf("memo %s: %w", field, err)
		}
	}
	return m, nil
}
