package workflows_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"shipments/shipment/emulation"
	"shipments/workflows"
)

// TestRecordedHistoriesReplay keeps running processes safe: a change of workflow code that breaks
// one of these histories would break them too. Such a change needs
// workflow.GetVersion (see versioning_test.go) instead of new recordings.
//
// The histories are of several configurations. They replay with one and the same
// worker, because what a process depends on is in its input.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	for _, configuration := range []string{"all", "none", "activities"} {
		files, err := filepath.Glob("testdata/" + configuration + "_*.json")
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				replayer := worker.NewWorkflowReplayer()
				for _, w := range workflows.Workers() {
					workflows.Register(onlyWorkflows{replayer}, w.Queue)
				}
				require.NoError(t, replay(replayer, readHistory(t, file)))
			})
		}
	}
}

// TestRecordedHistoriesAreComplete checks that no history is missing.
func TestRecordedHistoriesAreComplete(t *testing.T) {
	t.Parallel()
	t.Run("every workflow", func(t *testing.T) {
		t.Parallel()
		all := registered{}
		for _, w := range workflows.Workers() {
			workflows.Register(all, w.Queue)
		}
		for name := range all {
			files, err := filepath.Glob("testdata/all_" + strings.ToLower(name) + "_*.json")
			require.NoError(t, err)
			require.NotEmpty(t, files, name)
		}
	})
	t.Run("every route, ending and request", func(t *testing.T) {
		t.Parallel()
		for _, composition := range []string{"all", "none"} {
			for _, route := range []emulation.Route{emulation.Domestic, emulation.Paperless, emulation.International} {
				for _, ending := range []emulation.Ending{emulation.Succeeds, emulation.DeclinesManifestation, emulation.DeclinesCollection, emulation.DeclinesFirstCollection} {
					for _, request := range []string{"", "_cancellation", "_rebooking", "_conflict"} {
						require.FileExists(t, "testdata/"+composition+"_shipmentprocess_"+string(route)+string(ending)+request+".json")
					}
				}
			}
		}
	})
}

func readHistory(t *testing.T, file string) *historypb.History {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	history, err := client.HistoryFromJSON(in, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}

// replay replays a history with the ids that it was recorded with. It replays a copy: the
// replayer writes into what it is given.
func replay(replayer worker.WorkflowReplayer, history *historypb.History) error {
	started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	return replayer.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), proto.CloneOf(history),
		worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{
			ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId(),
		}})
}

// onlyWorkflows lets a replayer, which runs no activities, take registrations.
type onlyWorkflows struct{ worker.WorkflowReplayer }

func (onlyWorkflows) RegisterActivity(any) {}
