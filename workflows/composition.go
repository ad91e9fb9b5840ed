package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"shipments/shipment"
)

// Composition lists the stages that run as child workflows, on their own hosts.
// The others run inline in their parent, whose host then runs their activities.
//
// The composition is part of the workflow's input: a changed configuration
// applies to processes that start after it.
type Composition []shipment.Stage

// ParseComposition parses "all", "none" or a comma-separated list of stages. Empty text
// means none.
func ParseComposition(text string) (Composition, error) {
	switch text = strings.TrimSpace(text); text {
	case "all":
		return childStages(), nil
	case "none", "":
		return nil, nil
	}
	known := childStages()
	var c Composition
	for name := range strings.SplitSeq(text, ",") {
		stage := shipment.Stage(strings.TrimSpace(name))
		if !known.Has(stage) {
			return nil, fmt.Errorf("%q cannot run as a child workflow: use %s", stage, CompositionHelp())
		}
		if !c.Has(stage) {
			c = append(c, stage)
		}
	}
	return c, nil
}

// Has reports whether a stage runs as a child workflow.
func (c Composition) Has(stage shipment.Stage) bool { return slices.Contains(c, stage) }

// Queues are the task queues that a process needs workers on, sorted.
func (c Composition) Queues() []string {
	queues := []string{QueueOrchestrator}
	for _, stage := range c {
		queues = append(queues, Queue(stage))
	}
	slices.Sort(queues)
	return slices.Compact(queues)
}

// String is the form that [ParseComposition] reads.
func (c Composition) String() string {
	switch len(c) {
	case 0:
		return "none"
	case len(childStages()):
		return "all"
	}
	return strings.Join(c.names(), ",")
}

func (c Composition) names() []string {
	names := make([]string, len(c))
	for i, stage := range c {
		names[i] = string(stage)
	}
	return names
}

// stageFunc is a workflow function and the stage that it belongs to.
type stageFunc[In, Out any] struct {
	stage shipment.Stage
	run   func(workflow.Context, In) (Out, error)
}

// inStage makes a [stageFunc].
func inStage[In, Out any](stage shipment.Stage, run func(workflow.Context, In) (Out, error)) stageFunc[In, Out] {
	return stageFunc[In, Out]{stage, run}
}

// started is a call of a [stageFunc] that has begun.
type started[Out any] struct {
	future workflow.Future
	inline bool
}

// start runs the function as a child workflow with the given id, or inline in a
// coroutine, as the composition says. The function is the same either way.
func (f stageFunc[In, Out]) start(ctx workflow.Context, c Composition, id, summary string, in In) started[Out] {
	if c.Has(f.stage) {
		return started[Out]{future: workflow.ExecuteChildWorkflow(withChild(ctx, id, Queue(f.stage), summary), f.run, in)}
	}
	future, settable := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		settable.Set(f.run(ctx, in))
	})
	return started[Out]{future: future, inline: true}
}

// result waits for the function's result, at the gate if it is a child workflow.
func (s started[Out]) result(ctx workflow.Context) (out Out, err error) {
	if s.inline {
		err = join(ctx, s.future, &out)
	} else {
		err = await(ctx, s.future, &out)
	}
	return out, err
}

// call runs the function and waits for its result. Inline, it needs no coroutine.
func (f stageFunc[In, Out]) call(ctx workflow.Context, c Composition, id, summary string, in In) (Out, error) {
	if !c.Has(f.stage) {
		return f.run(ctx, in)
	}
	return f.start(ctx, c, id, summary, in).result(ctx)
}
