package why

import (
	"time"

	"shipments/shipment"
)

// Report is what is known of a shipment. Its JSON is what `shipments why --json` prints.
type Report struct {
	shipment.Result

	// At is when the question was asked.
	At time.Time `json:"at"`
	// Findings say what is wrong, or unusual, the most important one first.
	Findings []string `json:"findings,omitempty"`
	// Waits are what Temporal has on record that the process waits for now.
	Waits []Wait `json:"waits,omitempty"`
	// Happened is what happened, in its order.
	Happened []Occurrence `json:"happened"`
	// Executions are the workflow executions of the process, parents first.
	Executions []Execution `json:"executions,omitempty"`
	// Look says where there is more.
	Look []Place `json:"look"`
	// Missing says which part could not be read, and why.
	Missing []string `json:"missing,omitempty"`
}

// Wait is something that a process waits for.
type Wait struct {
	// Kind is "timer", "carrier call", "activity", "workflow task" or "child workflow".
	Kind string `json:"kind"`
	// What it is, in words.
	What  string    `json:"what"`
	Since time.Time `json:"since,omitzero"`
	// Until is when a timer fires, and when an activity is given up.
	Until *time.Time `json:"until,omitempty"`
	// IdempotencyKey is that of a carrier call.
	IdempotencyKey string `json:"idempotencyKey,omitempty"`
	// Attempt is the current attempt, from 1, or the one that is due at NextAttempt.
	Attempt     int32      `json:"attempt,omitempty"`
	NextAttempt *time.Time `json:"nextAttempt,omitempty"`
	// Running says that an attempt is under way, on Worker.
	Running   bool   `json:"running,omitempty"`
	Worker    string `json:"worker,omitempty"`
	LastError string `json:"lastError,omitempty"`
	// ErrorType is the type of that error, such as CarrierMisconfigured.
	ErrorType  string `json:"errorType,omitempty"`
	WorkflowID string `json:"workflowId"`
}

// Occurrence is something that happened.
type Occurrence struct {
	At time.Time `json:"at"`
	// Kind is "input", "event", "rejection", "carrier call", "signal" or "workflow".
	Kind string `json:"kind"`
	What string `json:"what"`
	// Stream and Sequence are where a message is stored.
	Stream   string `json:"stream,omitempty"`
	Sequence uint64 `json:"sequence,omitempty"`
	// Detail has what is worth knowing of it.
	Detail string `json:"detail,omitempty"`
	// IdempotencyKey, Attempts and Answer are those of a carrier call that has ended.
	IdempotencyKey string `json:"idempotencyKey,omitempty"`
	Attempts       int32  `json:"attempts,omitempty"`
	Answer         string `json:"answer,omitempty"`
}

// Execution is a workflow execution.
type Execution struct {
	WorkflowID string     `json:"workflowId"`
	RunID      string     `json:"runId"`
	Type       string     `json:"type"`
	Status     string     `json:"status"`
	TaskQueue  string     `json:"taskQueue"`
	StartedAt  time.Time  `json:"startedAt"`
	ClosedAt   *time.Time `json:"closedAt,omitempty"`
	BuildID    string     `json:"buildId,omitempty"`
	Events     int64      `json:"events"`
}

// Place is where there is more to see.
type Place struct {
	Name  string `json:"name"`
	Where string `json:"where"`
}
