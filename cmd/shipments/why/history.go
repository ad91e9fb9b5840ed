package why

import (
	"context"
	"fmt"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"shipments/workflows"
)

// history reads the history of one execution.
type history struct {
	*process

	workflowID string
	info       *workflowpb.WorkflowExecutionInfo

	timers map[int64]Wait // by the event that started them
	order  []int64
	// byActivity and byEvent are the carrier calls of regular activities, by the
	// activity's id, and by the event that scheduled it.
	byActivity map[string]*call
	byEvent    map[int64]*call
	summaries  map[string]string    // of all regular activities, by the activity's id
	began      map[string]time.Time // likewise
	children   []*commonpb.WorkflowExecution
	// taskFailure is why the last workflow task failed; empty if one succeeded since.
	taskFailure string
}

func (h *history) read(ctx context.Context, runID string) error {
	h.timers, h.byActivity, h.byEvent, h.summaries = map[int64]Wait{}, map[string]*call{}, map[int64]*call{}, map[string]string{}
	h.began = map[string]time.Time{}
	events := h.config.Temporal.GetWorkflowHistory(ctx, h.workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for n := 0; events.HasNext(); n++ {
		event, err := events.Next()
		if err != nil {
			return err
		}
		if n >= maxEvents {
			h.report.Missing = append(h.report.Missing, fmt.Sprintf("the history of %s has more than %d events: what follows is not shown", h.workflowID,
				maxEvents))
			return nil
		}
		h.add(event)
	}
	return nil
}

// add takes one event.
func (h *history) add(event *historypb.HistoryEvent) {
	at := event.GetEventTime().AsTime()
	happened := func(format string, args ...any) {
		h.other = append(h.other, Occurrence{At: at, Kind: "workflow", What: clip(fmt.Sprintf(format, args...))})
	}
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		happened("%s %s begins", event.GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName(), h.workflowID)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
		h.signal(at, event.GetWorkflowExecutionSignaledEventAttributes())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
		happened("the cancellation of %s was requested in Temporal", h.workflowID)
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
		h.taskFailure = ""
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
		a := event.GetWorkflowTaskFailedEventAttributes()
		message, _ := h.failure(a.GetFailure())
		h.taskFailure = strings.TrimSpace(strings.ToLower(strings.TrimPrefix(a.GetCause().String(), "WORKFLOW_TASK_FAILED_CAUSE_")) + ": " + message)
		if a.GetCause() != enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND { // A signal came when it was about to close.
			happened("a workflow task of %s failed: %s", h.workflowID, h.taskFailure)
		}
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
		happened("a workflow task of %s timed out: its worker died, or is overloaded", h.workflowID)
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		a := event.GetTimerStartedEventAttributes()
		fires := at.Add(a.GetStartToFireTimeout().AsDuration())
		h.timers[event.GetEventId()] = Wait{Kind: "timer", What: h.summary(event), Since: at, Until: &fires}
		h.order = append(h.order, event.GetEventId())
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		delete(h.timers, event.GetTimerFiredEventAttributes().GetStartedEventId())
	case enumspb.EVENT_TYPE_TIMER_CANCELED:
		delete(h.timers, event.GetTimerCanceledEventAttributes().GetStartedEventId())
	case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
		h.children = append(h.children, event.GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		message, _ := h.failure(event.GetWorkflowExecutionFailedEventAttributes().GetFailure())
		happened("%s failed: %s", h.workflowID, message)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		a := event.GetWorkflowExecutionTerminatedEventAttributes()
		happened("%s was terminated by %s: %s", h.workflowID, a.GetIdentity(), a.GetReason())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		happened("%s timed out", h.workflowID)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		happened("%s was cancelled", h.workflowID)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		happened("%s has ended", h.workflowID)
	default:
		h.addCall(at, event)
	}
}

// signal notes a signal. That of the shipment itself has the input's sequence.
func (h *history) signal(at time.Time, a *historypb.WorkflowExecutionSignaledEventAttributes) {
	what, sequence := "signal "+a.GetSignalName(), uint64(0)
	switch a.GetSignalName() {
	case workflows.SignalCreated:
		var created workflows.CreatedSignal
		if h.decode(a.GetInput(), &created) {
			sequence = created.StreamSequence
			if h.input == 0 {
				h.input = sequence
			}
		}
	case workflows.SignalRequested:
		var requested workflows.RequestSignal
		if h.decode(a.GetInput(), &requested) {
			what, sequence = what+": "+requested.Event.Type, requested.StreamSequence
		}
	}
	o := Occurrence{At: at, Kind: "signal", What: clip(what)}
	if sequence > 0 {
		o.Detail = fmt.Sprintf("for input %d", sequence)
	}
	h.other = append(h.other, o)
}

// openTimers are the timers that have not fired, in the order in which they began.
func (h *history) openTimers() []Wait {
	var open []Wait
	for _, id := range h.order {
		if timer, isOpen := h.timers[id]; isOpen {
			open = append(open, timer)
		}
	}
	return open
}

// summary is the summary of what an event starts.
func (h *history) summary(event *historypb.HistoryEvent) string {
	summary := event.GetUserMetadata().GetSummary()
	if summary == nil {
		return ""
	}
	var text string
	if !h.decode(&commonpb.Payloads{Payloads: []*commonpb.Payload{summary}}, &text) {
		return ""
	}
	return clip(text)
}
