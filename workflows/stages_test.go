package workflows_test

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

func TestWorkers(t *testing.T) {
	t.Parallel()
	t.Run("each host and each queue is there once", func(t *testing.T) {
		t.Parallel()
		var hosts, queues []string
		for _, w := range workflows.Workers() {
			require.NotEmpty(t, w.Summary)
			require.NotContains(t, hosts, w.Host)
			require.NotContains(t, queues, w.Queue)
			hosts, queues = append(hosts, w.Host), append(queues, w.Queue)
		}
		require.Equal(t, []string{"orchestrator", "manifestation", "documents", "collection", "carrier"}, hosts)
		require.Equal(t, workflows.QueueOrchestrator, queues[0])
	})
	t.Run("a host's summary has those of all its stages", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "validates and classifies shipments, runs their category's process", workflows.Workers()[0].Summary)
	})
}

// registered notes the workflows that are registered.
type registered map[string]bool

func (r registered) RegisterActivity(any) {}

func (r registered) RegisterWorkflow(function any) {
	name := runtime.FuncForPC(reflect.ValueOf(function).Pointer()).Name()
	r[name[strings.LastIndex(name, ".")+1:]] = true
}

func TestStages(t *testing.T) {
	t.Parallel()
	t.Run("a child workflow starts on the queue of a worker that has it", func(t *testing.T) {
		t.Parallel()
		started := map[string]bool{}
		for _, id := range []string{
			emulation.NewID(emulation.Domestic, "stages", emulation.Succeeds),
			emulation.NewID(emulation.Paperless, "stages", emulation.Succeeds),
			emulation.NewID(emulation.International, "stages", emulation.Succeeds),
			emulation.NewID(emulation.International, "cancelled", emulation.Succeeds),
		} {
			b := setup(t, "all")
			b.env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
				has := registered{}
				workflows.Register(has, info.TaskQueueName)
				require.True(t, has[info.WorkflowType.Name], "%s on %s", info.WorkflowType.Name, info.TaskQueueName)
				started[info.WorkflowType.Name] = true
			})
			if strings.Contains(id, "cancelled") {
				b.request(10*time.Second, cancellation("x-1", id))
			}
			b.run(t, created("e-1", sample.Shipment(id, now)))
		}
		all := registered{}
		for _, w := range workflows.Workers() {
			workflows.Register(all, w.Queue)
		}
		delete(all, "ShipmentProcess")  // no child
		delete(all, "CancelCollection") // only after a booking
		require.Equal(t, map[string]bool(all), started)
	})
}

func TestComposition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"all": "all", "none": "none", "": "none", "carrier": "carrier", " documents , carrier,documents": "documents,carrier",
		"category,manifestation,documents,collection,carrier": "all",
	} {
		t.Run("reads "+text, func(t *testing.T) {
			t.Parallel()
			c, err := workflows.ParseComposition(text)
			require.NoError(t, err)
			require.Equal(t, want, c.String())
		})
	}
	t.Run("the task queues that processes need", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string][]string{
			"none":             {workflows.QueueOrchestrator},
			"category,carrier": {workflows.QueueCarrier, workflows.QueueOrchestrator},
			"all":              {workflows.QueueCarrier, workflows.QueueCollection, workflows.QueueDocuments, workflows.QueueManifestation, workflows.QueueOrchestrator},
		} {
			c, err := workflows.ParseComposition(text)
			require.NoError(t, err)
			require.Equal(t, want, c.Queues())
		}
	})
	t.Run("an unknown stage is an error that lists the known ones", func(t *testing.T) {
		t.Parallel()
		_, err := workflows.ParseComposition("carrier,warehouse")
		require.EqualError(t, err, `"warehouse" cannot run as a child workflow: use all, none, or a list of category, manifestation, documents, collection, carrier`)
	})
	t.Run("the entry is no child", func(t *testing.T) {
		t.Parallel()
		_, err := workflows.ParseComposition(string(shipment.StageValidation))
		require.ErrorContains(t, err, workflows.CompositionHelp())
	})
}
