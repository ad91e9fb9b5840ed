package consumer

import (
	"context"
	"errors"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
)

// fate is what Temporal's answer to a call means for the event. Everything but
// taken, closed and unfit passes, and is tried again.
type fate int

const (
	taken  fate = iota // the process has it
	closed             // the process has ended
	unfit              // Temporal can never take it
	misfit             // Temporal is not set up for it, or a limit is reached
	busy               // this process cannot take it now
	away               // Temporal is unreachable, overloaded or shutting down
)

// fateOf classifies Temporal's errors: the one place that does.
//
// Only one of them is about the event: a message beyond gRPC's own limit is
// reported as ResourceExhausted, like an overload, and repeating it is useless.
// (Events are measured before they are sent, so this is a second line of
// defence.) An outage, a wrong set-up or a limit is never the event's fault.
//
// JetStream's errors need no such table. The only ones that do not pass are a
// wrong last sequence, which the events package judges by what is stored, and a
// message beyond the server's max_payload, which provisioning rules out.
func fateOf(err error) fate {
	if err == nil {
		return taken
	}
	var (
		alreadyStarted *serviceerror.WorkflowExecutionAlreadyStarted
		invalid        *serviceerror.InvalidArgument
		exhausted      *serviceerror.ResourceExhausted
		unavailable    *serviceerror.Unavailable
		deadline       *serviceerror.DeadlineExceeded
		canceled       *serviceerror.Canceled
	)
	switch {
	case errors.As(err, &alreadyStarted):
		return closed
	case errors.As(err, &invalid):
		return misfit
	case errors.As(err, &exhausted) && strings.Contains(exhausted.Message, "message larger than max"):
		// gRPC has no other mark for it: neither the code nor the details differ.
		return unfit
	case errors.As(err, &exhausted) && exhausted.Cause == enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW:
		return busy
	case errors.As(err, &exhausted), errors.As(err, &unavailable), errors.As(err, &deadline), errors.As(err, &canceled),
		errors.Is(err, context.DeadlineExceeded):
		return away
	default:
		return busy
	}
}
