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

// categoryAttributes are made once; every start has one of them.
var categoryAttributes = func() map[shipment.Category]temporal.SearchAttributes {
	key := temporal.NewSearchAttributeKeyKeyword(CategoryAttribute)
	attributes := map[shipment.Category]temporal.SearchAttributes{}
	for _, c := range []shipment.Category{shipment.Domestic, shipment.International, shipment.InternationalPaperless} {
		attributes[c] = temporal.NewSearchAttributes(key.ValueSet(string(c)))
	}
	return attributes
}()

// The fields of a process's memo: the event that it was started by.
const (
	memoTriggerID     = "triggerId"
	memoTriggerSource = "triggerSource"
	memoContentDigest = "contentDigest"
	memoSequence      = "streamSequence"
)

// StartOptions returns the options with which an event starts the process of its
// shipment. While Temporal retains a process, it is not started again.
//
// Memo, search attribute and summary are part of the start, and cost no further
// state transition.
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

// memo identifies the event that a process was started by.
type memo struct {
	Trigger       events.EventRef
	ContentDigest string
}

// readMemo reads the memo of a process. Fields that are missing stay empty.
func readMemo(stored *commonpb.Memo, decode converter.DataConverter) (memo, error) {
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
		if err := decode.FromPayload(payload, into); err != nil {
			return m, fmt.Errorf("memo %s: %w", field, err)
		}
	}
	return m, nil
}
