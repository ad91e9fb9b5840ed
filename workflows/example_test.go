package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// The process of a shipment in the SDK's test environment, which needs no server
// and skips the time that the process waits. Activities that would use JetStream
// are replaced by name.
func ExampleShipmentProcess() {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	// A busy machine may take longer than the defaults of 3 s and 1 s.
	env.SetTestTimeout(time.Minute)
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	for _, w := range workflows.Workers() {
		workflows.Register(env, w.Queue)
	}
	env.RegisterActivity(&activities.Carriers{ByID: map[string]carriers.Client{
		sample.Carriers()[0].ID: carriers.Simulator{Emulation: true},
	}})
	replace := func(name string, function any) {
		env.RegisterActivityWithOptions(function, activity.RegisterOptions{Name: name})
	}
	replace("Claim", func(_ context.Context, outcome events.Outcome) (activities.ClaimResult, error) {
		fmt.Println(outcome.Sequence, outcome.Type)
		return activities.ClaimResult{}, nil
	})
	replace("Publish", func(_ context.Context, outcome events.Outcome) error {
		fmt.Println(outcome.Sequence, outcome.Type)
		return nil
	})
	replace("Generate", func(context.Context, documents.Input) error { return nil })

	id := emulation.NewID(emulation.Domestic, "example", emulation.Succeeds)
	started := env.Now()
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: shipment.ProcessID(id), TaskQueue: workflows.QueueOrchestrator})
	env.RegisterDelayedCallback(func() {
		env.SignalWorkflow(workflows.SignalCreated, workflows.CreatedSignal{Event: events.ShipmentCreated{
			SpecVersion: "1.0", Type: events.TypeCreated, ID: "e-1", Source: "/example", Data: sample.Shipment(id, started),
		}})
	}, 0)
	env.ExecuteWorkflow(workflows.ShipmentProcess, workflows.ProcessInput{Settings: workflows.Settings{
		PublicURL: "http://api.example",
		Rules:     shipment.Rules{Emulation: true, Carriers: sample.Carriers(), CollectionDelay: 5 * time.Hour},
	}})

	var result shipment.Result
	if err := env.GetWorkflowResult(&result); err != nil {
		fmt.Println(err)
	}
	fmt.Println(result.Status, "after", env.Now().Sub(started).Truncate(time.Hour))
	fmt.Println(result.Outcome.ShipmentDocuments.LabelsURL)

	// Output:
	// 1 shipments.accepted
	// 2 shipments.manifested
	// 3 shipments.documents-generated
	// 4 shipments.collection-booked
	// 5 shipments.completed
	// Success after 5h0m0s
	// http://api.example/shipment-documents/1example0_labels
}
