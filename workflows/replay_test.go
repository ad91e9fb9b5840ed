package workflows_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

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
			in, err := os.Open(file)
			require.NoError(t, err)
			defer in.Close()
			history, err := client.HistoryFromJSON(in, client.HistoryJSONOptions{})
			require.NoError(t, err)
			replayer := worker.NewWorkflowReplayer()
			for _, queue := range queues {
				workflows.Register(onlyWorkflows{replayer}, queue)
			}
			started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
			err = replayer.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), history,
				worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{
					ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId(),
				}})
			require.NoError(t, err)
		})
	}
}

// onlyWorkflows lets a replayer, which runs no activities, take registrations.
type onlyWorkflows struct{ worker.WorkflowReplayer }

func (onlyWorkflows) RegisterActivity(any) {}
