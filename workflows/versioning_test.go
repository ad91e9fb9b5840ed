package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// This is a worked example of a change to a workflow that runs. From now on the
// process shall pause for a second before it begins.

// changeID names the change in histories. It stays for good.
const changeID = "pause-before-the-process"

// unguarded is the change as one would write it for processes that begin after
// it. Those that run have a history without a timer there: they would be stuck.
func unguarded(ctx workflow.Context, in workflows.ProcessInput) (shipment.Result, error) {
	if err := workflow.Sleep(ctx, time.Second); err != nil {
		return shipment.Result{}, err
	}
	return workflows.ShipmentProcess(ctx, in)
}

// guarded is the change as it has to be. GetVersion returns DefaultVersion when it
// replays a history from before the change. In any other it puts version 1 on record.
// The guard can go when no process runs that began before the change.
func guarded(ctx workflow.Context, in workflows.ProcessInput) (shipment.Result, error) {
	if workflow.GetVersion(ctx, changeID, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return workflows.ShipmentProcess(ctx, in)
	}
	return unguarded(ctx, in)
}

func TestVersioning(t *testing.T) {
	t.Parallel()
	for _, composition := range []string{"all", "none"} {
		old := readHistory(t, "testdata/"+composition+"_shipmentprocess_c0.json")
		for name, history := range map[string]*historypb.History{
			"a process that has ended, " + composition:                old,
			"a process that waits for its collection, " + composition: untilLastWait(t, old),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				require.NoError(t, replay(replayerOf(guarded), history))
				require.ErrorContains(t, replay(replayerOf(unguarded), history), "TMPRL1100") // the SDK's code for it
			})
		}
	}
	t.Run("a process that begins after the change", func(t *testing.T) {
		t.Parallel()
		b := setup(t, "none")
		b.env.RegisterWorkflow(guarded)
		b.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: shipment.ProcessID(international), TaskQueue: workflows.QueueOrchestrator})
		b.at(0, func() {
			b.env.SignalWorkflow(workflows.SignalCreated, created("e-1", sample.Shipment(international, now)))
		})
		paused := false
		b.at(500*time.Millisecond, func() { paused = len(b.story(t, international)) == 0 })
		b.env.ExecuteWorkflow(guarded, workflows.ProcessInput{Settings: b.settings})
		require.NoError(t, b.env.GetWorkflowError())
		require.True(t, paused)
		require.Equal(t, successStory, b.story(t, international))
	})
}

// replayerOf replays with a changed entry workflow.
func replayerOf(changed func(workflow.Context, workflows.ProcessInput) (shipment.Result, error)) worker.WorkflowReplayer {
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(changed, workflow.RegisterOptions{Name: "ShipmentProcess"})
	return replayer
}

// untilLastWait returns the beginning of a history, until the workflow task that
// was completed last but one: what the server has of a process that waits then.
func untilLastWait(t *testing.T, history *historypb.History) *historypb.History {
	t.Helper()
	events := history.GetEvents()
	for i := len(events) - 1; i > 0; i-- {
		switch events[i].GetEventType() {
		case enumspb.EVENT_TYPE_TIMER_FIRED, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
			return &historypb.History{Events: events[:i]}
		default:
		}
	}
	t.Fatal("the process never waits")
	return nil
}
