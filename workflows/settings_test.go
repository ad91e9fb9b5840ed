package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// TestSettings checks that what a process depends on is in the input of every
// workflow. Workers have no configuration of their own that could differ.
func TestSettings(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	b.settings.CarrierDeadline = 7 * time.Minute
	carrier := workflows.CarrierPolicy{Deadline: 7 * time.Minute, FirstTry: true}
	children := 0
	b.env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
		children++
		var input struct {
			workflows.CarrierPolicy

			Settings *workflows.Settings `json:"settings"`
		}
		require.NoError(t, args.Get(&input))
		if input.Settings == nil { // one carrier call
			require.Equal(t, carrier, input.CarrierPolicy, info.WorkflowType.Name)
			return
		}
		require.Equal(t, b.settings, *input.Settings, info.WorkflowType.Name)
	})
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, 7, children)
}
