package workflows_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shipments/shipment"
	"shipments/workflows"
)

// TestRecordedHistoriesReplay keeps running processes safe: a change of
// workflow code that breaks one of these histories would break them too, and
// needs versioning (workflow.GetVersion) instead of new recordings.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			for _, w := range workflows.Workers() {
				workflows.Register(onlyWorkflows{replayer}, w.Queue)
			}
			require.NoError(t, replay(t, replayer, file))
		})
	}
}

// TestAChangedWorkflowDoesNotReplay is row 12 of the fault table: the guard
// above notices a change. This one waits a moment before it begins.
func TestAChangedWorkflowDoesNotReplay(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"testdata/none_shipmentprocess_c0.json", "testdata/all_shipmentprocess_c0.json"} {
		replayer := worker.NewWorkflowReplayer()
		changed := func(ctx workflow.Context, in workflows.ProcessInput) (shipment.Result, error) {
			if err := workflow.Sleep(ctx, time.Second); err != nil {
				return shipment.Result{}, err
			}
			return workflows.ShipmentProcess(ctx, in)
		}
		replayer.RegisterWorkflowWithOptions(changed, workflow.RegisterOptions{Name: "ShipmentProcess"})
		require.ErrorContains(t, replay(t, replayer, file), "TMPRL1100") // the SDK's code for it
	}
}

// replay replays a recorded history.
func replay(t *testing.T, replayer worker.WorkflowReplayer, file string) error {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	history, err := client.HistoryFromJSON(in, client.HistoryJSONOptions{})
	require.NoError(t, err)
	started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	return replayer.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), history,
		worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{
			ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId(),
		}})
}

// onlyWorkflows lets a replayer, which runs no activities, take registrations.
type onlyWorkflows struct{ worker.WorkflowReplayer }

func (onlyWorkflows) RegisterActivity(any) {}
