package why

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"shipments/activities/carriers"
	"shipments/shipment/text"
)

const (
	// maxExecutions and maxEvents bound what is read of one process.
	maxExecutions = 60
	maxEvents     = 5000
)

// process is what Temporal has of a shipment's process.
type process struct {
	config Config
	report *Report

	none  bool   // Temporal has no such workflow
	input uint64 // sequence of the input that the process was started by, if a signal says so
	calls []*call
	other []Occurrence
	// bookings counts the calls to book the collection that have ended.
	bookings int
}

// claimed reports whether a process has claimed the shipment.
func (p *process) claimed() bool {
	for _, o := range p.report.Happened {
		if o.What == "shipments.accepted" {
			return true
		}
	}
	return false
}

// read reads an execution and its children.
func (p *process) read(ctx context.Context, workflowID, runID string, root bool) (found bool, err error) {
	if len(p.report.Executions) >= maxExecutions {
		return false, nil
	}
	described, err := p.config.Temporal.DescribeWorkflowExecution(ctx, workflowID, runID)
	var unknown *serviceerror.NotFound
	switch {
	case errors.As(err, &unknown) && root:
		return false, nil
	case errors.As(err, &unknown): // The retention of a child may have passed.
		return false, nil
	case err != nil:
		return false, err
	}
	info := described.GetWorkflowExecutionInfo()
	p.report.Executions = append(p.report.Executions, execution(info))
	h := &history{process: p, workflowID: workflowID, info: info}
	if err := h.read(ctx, info.GetExecution().GetRunId()); err != nil {
		return true, fmt.Errorf("read the history of %s: %w", workflowID, err)
	}
	if info.GetCloseTime() == nil {
		p.waits(described, h)
	}
	for _, child := range h.children {
		if _, err := p.read(ctx, child.GetWorkflowId(), child.GetRunId(), false); err != nil {
			return true, err
		}
	}
	return true, nil
}

func execution(info *workflowpb.WorkflowExecutionInfo) Execution {
	e := Execution{
		WorkflowID: info.GetExecution().GetWorkflowId(), RunID: info.GetExecution().GetRunId(), Type: info.GetType().GetName(),
		Status: strings.ToLower(info.GetStatus().String()), TaskQueue: info.GetTaskQueue(), StartedAt: info.GetStartTime().AsTime(),
		ClosedAt: timeOf(info.GetCloseTime()), Events: info.GetHistoryLength(),
		BuildID: info.GetMostRecentWorkerVersionStamp().GetBuildId(), //nolint:staticcheck // set without worker versioning too
	}
	return e
}

// waits notes what an execution waits for now.
func (p *process) waits(described *workflowservice.DescribeWorkflowExecutionResponse, h *history) {
	add := func(w Wait) {
		w.WorkflowID = h.workflowID
		p.report.Waits = append(p.report.Waits, w)
	}
	if task := described.GetPendingWorkflowTask(); task != nil {
		w := Wait{
			Kind: "workflow task", What: "for a worker of task queue " + described.GetWorkflowExecutionInfo().GetTaskQueue(),
			Since: task.GetScheduledTime().AsTime(), Attempt: task.GetAttempt(), Running: task.GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_STARTED,
			LastError: h.taskFailure,
		}
		add(w)
		if task.GetAttempt() > 1 {
			text := fmt.Sprintf("the workflow task of %s has failed, and is tried for the %s time", h.workflowID, ordinal(task.GetAttempt()))
			if h.taskFailure != "" {
				text += ": " + h.taskFailure
			}
			p.report.Findings = append(p.report.Findings, text+"; see the workers' log")
		} else if !w.Running && p.report.At.Sub(w.Since) > 10*time.Second {
			p.report.Findings = append(p.report.Findings,
				fmt.Sprintf("no worker takes the workflow task of %s since %s: does a worker of task queue %s run? `shipments doctor` lists them",
					h.workflowID, w.Since.Format(time.RFC3339), described.GetWorkflowExecutionInfo().GetTaskQueue()))
		}
	}
	for _, activity := range described.GetPendingActivities() {
		add(p.activity(activity, h))
	}
	for _, timer := range h.openTimers() {
		add(timer)
	}
	for _, child := range described.GetPendingChildren() {
		add(Wait{Kind: "child workflow", What: child.GetWorkflowTypeName() + " " + child.GetWorkflowId()})
	}
}

// activity is a pending activity. Its call is known from the history.
func (p *process) activity(pending *workflowpb.PendingActivityInfo, h *history) Wait {
	w := Wait{
		Kind: "activity", What: pending.GetActivityType().GetName(), Since: pending.GetScheduledTime().AsTime(),
		Attempt: pending.GetAttempt(), Running: pending.GetState() != enumspb.PENDING_ACTIVITY_STATE_SCHEDULED,
		Worker: pending.GetLastWorkerIdentity(), Until: timeOf(pending.GetExpirationTime()),
	}
	w.LastError, w.ErrorType = p.failure(pending.GetLastFailure())
	if scheduled, known := h.began[pending.GetActivityId()]; known {
		w.Since = scheduled // What Temporal says is of this attempt, and may be ahead.
	}
	if c := h.byActivity[pending.GetActivityId()]; c != nil {
		w.Kind, w.What, w.IdempotencyKey, w.Until = "carrier call", c.what, c.key, c.deadline()
		c.pending = true
	} else if what := h.summaries[pending.GetActivityId()]; what != "" {
		w.What = what
	}
	if !w.Running {
		next := pending.GetNextAttemptScheduleTime()
		if next == nil && pending.GetAttempt() > 1 {
			next = pending.GetScheduledTime()
		}
		w.NextAttempt = timeOf(next)
		if pending.GetAttempt() == 1 && p.report.At.Sub(w.Since) > 10*time.Second {
			p.report.Findings = append(p.report.Findings,
				fmt.Sprintf("no worker takes the activity %q since %s: does a worker of its task queue run? `shipments doctor` lists them",
					w.What, w.Since.Format(time.RFC3339)))
		}
	}
	if w.ErrorType == carriers.ErrorTypeMisconfigured || w.ErrorType == carriers.ErrorTypeTokenRefused {
		p.report.Findings = append(p.report.Findings, w.What+": "+w.LastError)
	}
	return w
}

// failure is the message and the type of a failure, decoded.
func (p *process) failure(failure *failurepb.Failure) (message, kind string) {
	if failure == nil {
		return "", ""
	}
	if p.config.Failures != nil { // It decodes what is encoded, in place.
		_ = p.config.Failures.FailureToError(failure)
	}
	for cause := failure; cause != nil; cause = cause.GetCause() {
		if info := cause.GetApplicationFailureInfo(); info != nil {
			kind = info.GetType()
			message = cause.GetMessage()
			break
		}
	}
	if message == "" {
		message = failure.GetMessage()
	}
	return clip(message), kind
}

// decode decodes the first of some payloads, and reports whether it could.
func (p *process) decode(payloads *commonpb.Payloads, into any) bool {
	if p.config.Data == nil || len(payloads.GetPayloads()) == 0 {
		return false
	}
	if err := p.config.Data.FromPayload(payloads.GetPayloads()[0], into); err != nil {
		text := "what Temporal stores cannot be decoded: " + err.Error()
		for _, missing := range p.report.Missing {
			if missing == text {
				return false
			}
		}
		p.report.Missing = append(p.report.Missing, text)
		return false
	}
	return true
}

// addOccurrences adds what Temporal has to what happened.
func (p *process) addOccurrences() {
	for _, c := range p.calls {
		if !c.pending {
			p.report.Happened = append(p.report.Happened, c.occurrence())
		}
	}
	p.report.Happened = append(p.report.Happened, p.other...)
}

func timeOf(t *timestamppb.Timestamp) *time.Time {
	if t == nil || (t.GetSeconds() == 0 && t.GetNanos() == 0) {
		return nil
	}
	at := t.AsTime()
	return &at
}

// clip bounds a text for one line.
func clip(s string) string { return text.Clip(strings.Join(strings.Fields(s), " "), 300) }

func ordinal(n int32) string {
	suffix := "th"
	switch {
	case n%100/10 == 1:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
