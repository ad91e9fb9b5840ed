package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"shipments/shipment"
)

// StageDuration is the metric of how long the steps of a process take. Its labels
// are "stage" and "result".
const StageDuration = "shipments_stage_duration"

// The results of a step. A cancelled one may have ended before it was cancelled.
const (
	stageOK        = "ok"
	stageFailed    = "failed" // a business failure
	stageCancelled = "cancelled"
	stageError     = "error" // a technical fault, which ends the process
)

func stageResult(err error, failure *shipment.Failure, cancelled bool) string {
	switch {
	case cancelled:
		return stageCancelled
	case err != nil:
		return stageError
	case failure != nil:
		return stageFailed
	}
	return stageOK
}

// measureStage measures a step that has ended, in workflow time ([workflow.Now]), which
// includes its waits. The metrics handler of a workflow is silent in a replay. A workflow task
// that is lost and done again measures once more.
func measureStage(ctx workflow.Context, stage shipment.Stage, begun time.Time, result string) {
	workflow.GetMetricsHandler(ctx).
		WithTags(map[string]string{"stage": string(stage), "result": result}).
		Timer(StageDuration).Record(workflow.Now(ctx).Sub(begun))
}
