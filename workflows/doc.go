// Package workflows is the process of a shipment: deterministic code alone.
//
//   - process.go: the entry workflow, one per shipment
//   - ending.go: how a process ends
//   - requests.go, repeats.go: the signals that a process handles
//   - story.go: the outcome events that a process publishes
//   - category.go: the category workflows; category_process.go: what they have in common
//   - manifestation.go, documents.go, collection.go: the workflows of the stages
//   - carrier.go: the workflows of carrier integration, one carrier call each
//   - stages.go: the table of stages, and what follows from it
//   - composition.go: runs a stage as a child workflow or inline
//   - gate.go: where a process waits, and can be stopped
//   - settings.go, options.go: the deployment's choices; timeouts and retries
//   - measure.go: how long the steps of a process take
//   - names.go: signals and workflow ids
//
// Workflow code neither reads clocks nor does I/O except through the workflow
// API. It must stay compatible with the histories of processes that run. A change
// that breaks the replay of the histories in testdata needs workflow.GetVersion;
// versioning_test.go has a worked example.
package workflows
