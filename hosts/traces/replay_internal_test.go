package traces

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

	"shipments/workflows"
)

// replayer lets a replayer, which runs no activities, take registrations.
type replayer struct{ worker.WorkflowReplayer }

func (replayer) RegisterActivity(any) {}

// TestTracesOfAReplay replays processes as Temporal has workers do it: after an
// eviction or a restart, and for a query. What ran before is not traced again.
func TestTracesOfAReplay(t *testing.T) {
	t.Parallel()
	traces, collector := setup(t)
	var files []string
	for _, pattern := range []string{"all", "none"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "workflows", "testdata", pattern+"_*_rebooking.json"))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	for _, file := range files {
		in, err := os.Open(file)
		require.NoError(t, err)
		history, err := client.HistoryFromJSON(in, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.NoError(t, in.Close())
		started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
		started.Header = header(t, aWay(t, time.Now()))
		r, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{Interceptors: traces.WorkerInterceptors()})
		require.NoError(t, err)
		for _, w := range workflows.Workers() {
			workflows.Register(replayer{r}, w.Queue)
		}
		err = r.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), history, worker.ReplayWorkflowHistoryOptions{
			OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()},
		})
		require.NoError(t, err, file)
	}
	require.Empty(t, exported(t, traces, collector))
}
