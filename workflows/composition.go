package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"shipments/shipment"
)

// Composition lists the stages that run as child workflows, on their own
// hosts. The others run inline in their parent, whose host then runs their
// activities. It travels in the workflow's input, so changing the
// configuration never disturbs a process that runs.
type Composition []shipment.Stage

// stages are those that can run as child workflows.
var stages = []shipment.Stage{
	shipment.StageCategory, shipment.StageManifestation, shipment.StageDocuments,
	shipment.StageCollection, shipment.StageCarrier,
}

// ParseComposition reads "all", "none", or a comma-separated list of stages:
// category, manifestation, documents, collection, carrier.
func ParseComposition(text string) (Composition, error) {
	switch text = strings.TrimSpace(text); text {
	case "all":
		return slices.Clone(stages), nil
	case "none", "":
		return nil, nil
	}
	var c Composition
	for name := range strings.SplitSeq(text, ",") {
		stage := shipment.Stage(strings.TrimSpace(name))
		if !slices.Contains(stages, stage) {
			return nil, fmt.Errorf("%q is no stage: use all, none, or a list of category, manifestation, documents, collection, carrier", stage)
		}
		if !slices.Contains(c, stage) {
			c = append(c, stage)
		}
	}
	return c, nil
}

// Has reports whether a stage runs as a child workflow.
func (c Composition) Has(stage shipment.Stage) bool { return slices.Contains(c, stage) }

// String is the form that [ParseComposition] reads.
func (c Composition) String() string {
	switch {
	case len(c) == 0:
		return "none"
	case len(c) == len(stages):
		return "all"
	}
	names := make([]string, len(c))
	for i, stage := range c {
		names[i] = string(stage)
	}
	return strings.Join(names, ",")
}

// Queue is the task queue of a stage's host.
func Queue(stage shipment.Stage) string {
	switch stage {
	case shipment.StageManifestation:
		return QueueManifestation
	case shipment.StageDocuments:
		return QueueDocuments
	case shipment.StageCollection:
		return QueueCollection
	case shipment.StageCarrier:
		return QueueCarrier
	case shipment.StageCategory, shipment.StageValidation:
	}
	return QueueOrchestrator
}

// part is one part of the process: a workflow function and the stage that it
// belongs to.
type part[In, Out any] struct {
	stage shipment.Stage
	run   func(workflow.Context, In) (Out, error)
}

// start runs the part as a child workflow with the given id, or inline, as the
// composition says. The function is the same either way.
func (p part[In, Out]) start(ctx workflow.Context, c Composition, id, summary string, in In) workflow.Future {
	if c.Has(p.stage) {
		return workflow.ExecuteChildWorkflow(withChild(ctx, id, Queue(p.stage), summary), p.run, in)
	}
	future, settable := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		settable.Set(p.run(ctx, in))
	})
	return future
}

// call is start, awaited.
func (p part[In, Out]) call(ctx workflow.Context, c Composition, id, summary string, in In) (Out, error) {
	if !c.Has(p.stage) {
		return p.run(ctx, in)
	}
	var out Out
	child := p.start(ctx, c, id, summary, in)
	await(ctx, child)
	err := child.Get(ctx, &out)
	return out, err
}
