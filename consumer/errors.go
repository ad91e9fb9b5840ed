package consumer

import (
	"context"
	"errors"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// errorClass is what the result of an attempt means for an event. Only
// accepted, closed and tooLarge are final; all others are retried.
type errorClass int

const (
	accepted        errorClass = iota // the process has received the event
	closed                            // the process has ended
	tooLarge                          // Temporal can never take the event
	misconfigured                     // the namespace lacks something, or a limit is reached
	retryable                         // this process cannot receive the event now
	unavailable                       // Temporal is unreachable, overloaded or shutting down
	jetStreamFailed                   // a read from JetStream failed, so there is no verdict, whatever Temporal answered
)

// jetStreamError is an error of JetStream.
type jetStreamError struct{ error }

func (e *jetStreamError) Unwrap() error { return e.error }

// classify maps the error of a call to its class. It has no class for NotFound, which
// each caller that may get it handles itself.
//
// Only tooLarge rejects the event; an outage, a wrong set-up or a limit does not. gRPC
// reports a message beyond its limit as ResourceExhausted, the code of an overload, but
// a retry cannot succeed. checkSize measures events before they are sent, so tooLarge is
// rare.
//
// All errors of JetStream are retried. Two of them would be permanent, and neither comes
// here: package streams resolves a wrong last sequence by what is stored, and
// provisioning rules out a message beyond the server's max_payload.
func classify(err error) errorClass {
	if err == nil {
		return accepted
	}
	var (
		alreadyStarted *serviceerror.WorkflowExecutionAlreadyStarted
		invalid        *serviceerror.InvalidArgument
		exhausted      *serviceerror.ResourceExhausted
		down           *serviceerror.Unavailable
		deadline       *serviceerror.DeadlineExceeded
		canceled       *serviceerror.Canceled
		storage        *jetStreamError
	)
	switch {
	case errors.As(err, &storage):
		return jetStreamFailed
	case errors.As(err, &alreadyStarted):
		return closed
	case errors.As(err, &invalid):
		return misconfigured
	case errors.As(err, &exhausted) && strings.Contains(exhausted.Message, "message larger than max"):
		// Only the text differs: code and details are those of an overload.
		return tooLarge
	case errors.As(err, &exhausted) && exhausted.Cause == enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW:
		return retryable
	case errors.As(err, &exhausted), errors.As(err, &down), errors.As(err, &deadline), errors.As(err, &canceled),
		errors.Is(err, context.DeadlineExceeded):
		return unavailable
	default:
		return retryable
	}
}

// maxRetryDelay bounds what a server may ask for.
const maxRetryDelay = time.Minute

// retryDelay is how long the server asks to wait before the call is repeated
// (google.rpc.RetryInfo in the details of its status), at most maxRetryDelay; 0
// if it does not ask.
func retryDelay(err error) time.Duration {
	var answer interface {
		error
		Status() *status.Status
	}
	if !errors.As(err, &answer) {
		return 0
	}
	for _, detail := range answer.Status().Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return min(max(info.GetRetryDelay().AsDuration(), 0), maxRetryDelay)
		}
	}
	return 0
}
