package workflows

import (
	"time"

	"shipments/activities/carriers"
	"shipments/shipment"
)

// Settings are the deployment's choices, as they were when the process began.
// They are part of the input of every workflow that needs them, so a changed
// configuration applies to processes that start after it.
type Settings struct {
	// ChildWorkflows lists the stages that run as child workflows.
	ChildWorkflows Composition `json:"childWorkflows,omitempty"`
	// PublicURL is where the HTTP API, which serves the documents, is reached.
	PublicURL string `json:"publicUrl"`
	// Rules validate, classify and schedule shipments.
	Rules shipment.Rules `json:"rules"`
	// CarrierDeadline is the [CarrierPolicy]'s deadline of every carrier call; 0
	// means [DefaultCarrierDeadline].
	CarrierDeadline time.Duration `json:"carrierDeadline,omitempty"`
	// CarrierFirstTry is the [CarrierPolicy]'s FirstTry of every carrier call.
	CarrierFirstTry bool `json:"carrierFirstTry,omitempty"`
	// Uncollected is what becomes of manifested legs that nobody collects; empty
	// means [VoidUncollected].
	Uncollected Uncollected `json:"uncollected,omitempty"`
	// MarksOutcome says that the namespace has the search attribute [OutcomeAttribute].
	MarksOutcome bool `json:"marksOutcome,omitempty"`
	// Trace is the trace of the process's trigger, which carrier calls continue. The
	// process sets it.
	Trace carriers.Trace `json:"trace,omitzero"`
}

// Uncollected is what becomes of the manifested legs of a shipment whose collection
// will not be booked any more.
type Uncollected string

// What becomes of them.
const (
	// VoidUncollected voids the legs.
	VoidUncollected Uncollected = "void"
	// KeepUncollected leaves them manifested, for shippers who hand parcels in at a counter.
	KeepUncollected Uncollected = "keep"
)

// DefaultCarrierDeadline is how long a carrier may be unavailable before a
// process gives up on it.
const DefaultCarrierDeadline = 24 * time.Hour

// CarrierPolicy is how a carrier is called.
type CarrierPolicy struct {
	// Deadline bounds the call, retries included. The first try, and the pause
	// that a carrier asks for after it, are not counted.
	Deadline time.Duration `json:"deadline"`
	// FirstTry makes the first attempt a local activity, which costs the Temporal
	// server no state transition.
	FirstTry bool `json:"firstTry,omitempty"`
}

func (s Settings) carrierPolicy() CarrierPolicy {
	policy := CarrierPolicy{Deadline: s.CarrierDeadline, FirstTry: s.CarrierFirstTry}
	if policy.Deadline <= 0 {
		policy.Deadline = DefaultCarrierDeadline
	}
	return policy
}
