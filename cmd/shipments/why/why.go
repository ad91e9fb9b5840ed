package why

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"shipments/events/streams"
	"shipments/shipment"
)

// Temporal is what is asked of Temporal; a [client.Client] has it.
type Temporal interface {
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	GetWorkflowHistory(ctx context.Context, workflowID, runID string, isLongPoll bool,
		filterType enumspb.HistoryEventFilterType) client.HistoryEventIterator
}

// Config is what the question is answered with.
type Config struct {
	JetStream jetstream.JetStream
	// Temporal may be nil: Missing says then that it is not asked.
	Temporal Temporal
	// Namespace is the namespace of Temporal.
	Namespace string
	// Address is that of Temporal, and UI that of its UI; empty if it is not known.
	Address, UI string
	// Data and Failures decode what Temporal stores.
	Data     converter.DataConverter
	Failures converter.FailureConverter
	// Expectations are those of [streams.AddProgress].
	Expectations streams.Expectations
	// Patience bounds what Temporal is asked; default 10 s.
	Patience time.Duration
}

// Ask finds out how a shipment stands. The error is [streams.ErrUnknownShipment] if
// neither JetStream nor Temporal knows the shipment, or that of JetStream. Temporal's
// are part of the report.
func Ask(ctx context.Context, c Config, id string) (*Report, error) {
	r := &Report{At: time.Now().UTC(), Happened: []Occurrence{}}
	known, err := c.readStory(ctx, r, id)
	if err != nil {
		return nil, err
	}
	process := c.readProcess(ctx, r, id)
	if !known && (process == nil || process.none) {
		return nil, streams.ErrUnknownShipment
	}
	c.joinProcess(ctx, r, process)
	slices.SortStableFunc(r.Happened, func(a, b Occurrence) int { return a.At.Compare(b.At) })
	r.Look = append(c.workflowPlaces(r), r.Look...)
	return r, nil
}

// readProcess asks Temporal for the process of a shipment; nil if it has none.
func (c Config) readProcess(ctx context.Context, r *Report, id string) *process {
	if c.Temporal == nil {
		r.Missing = append(r.Missing, "Temporal is not asked: timers, carrier calls and the state of the workflow are not shown")
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Patience, 10*time.Second))
	defer cancel()
	p := &process{config: c, report: r}
	found, err := p.read(ctx, shipment.ProcessID(id), "", true)
	switch {
	case err != nil:
		r.Missing = append(r.Missing, fmt.Sprintf("Temporal at %s: timers, carrier calls and the state of the workflow are not shown: %v", c.Address, err))
		return nil
	case !found:
		p.none = true
	}
	if len(r.Executions) == 0 && !p.none {
		return nil
	}
	return p
}

// joinProcess compares what Temporal has with what JetStream has.
func (c Config) joinProcess(ctx context.Context, r *Report, p *process) {
	if p == nil {
		return
	}
	p.addOccurrences()
	pending := r.Status == shipment.Pending
	switch {
	case p.none && pending && p.claimed():
		r.Findings = append([]string{"Temporal has no workflow " + shipment.ProcessID(r.ShipmentID) + ", and the shipment has not ended: " +
			"nothing drives it any more. It was deleted, or Temporal's data was lost"}, r.Findings...)
	case p.none && !pending:
		r.Missing = append(r.Missing,
			"Temporal has no workflow of this shipment any more, as it is after the namespace's retention: its carrier calls are not shown")
	case p.none, len(r.Executions) == 0:
	case pending && r.Executions[0].ClosedAt != nil:
		r.Findings = append([]string{fmt.Sprintf("the workflow %s is %s since %s, and the shipment has not ended: nothing drives it any more",
			r.Executions[0].WorkflowID, r.Executions[0].Status, r.Executions[0].ClosedAt.Format(time.RFC3339))}, r.Findings...)
	}
	if pending && r.Progress != nil && r.Progress.BookingAt == nil && p.input > 0 && !p.none {
		e := c.Expectations // The signal says which input it was.
		e.Inputs = append(slices.Clone(e.Inputs), p.input)
		_ = streams.AddProgress(ctx, c.JetStream, &r.Result, e) // Otherwise it stays as it is.
	}
}

// workflowPlaces are where the executions can be seen.
func (c Config) workflowPlaces(r *Report) []Place {
	workflowID := shipment.ProcessID(r.ShipmentID)
	look := fmt.Sprintf("temporal workflow show --namespace %s --workflow-id %s", c.Namespace, workflowID)
	if c.Address != "" {
		look += " --address " + c.Address
	}
	places := []Place{{"Workflow", look}}
	if c.UI != "" {
		places = append(places, Place{"Temporal UI", strings.TrimRight(c.UI,
			"/") + "/namespaces/" + url.PathEscape(c.Namespace) + "/workflows/" + url.PathEscape(workflowID)})
	}
	return places
}
