package consumer

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	overload := enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT
	for name, test := range map[string]struct {
		err  error
		want errorClass
	}{
		"no error":               {nil, accepted},
		"the process has ended":  {serviceerror.NewWorkflowExecutionAlreadyStarted("ended", "", ""), closed},
		"no search attribute":    {serviceerror.NewInvalidArgument("no mapping defined for search attribute"), misconfigured},
		"beyond gRPC's limit":    {serviceerror.NewResourceExhausted(overload, "grpc: received message larger than max (5 vs. 4)"), tooLarge},
		"a busy workflow":        {serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "busy"), retryable},
		"an overload":            {serviceerror.NewResourceExhausted(overload, "rps limit"), unavailable},
		"nobody there":           {serviceerror.NewUnavailable("connection refused"), unavailable},
		"no answer in time":      {context.DeadlineExceeded, unavailable},
		"no answer of JetStream": {&jetStreamError{context.DeadlineExceeded}, jetStreamFailed},
		"no namespace":           {serviceerror.NewNamespaceNotFound("default"), retryable},
		"something else":         {errors.New("unheard of"), retryable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, classify(test.err))
			if test.err != nil {
				require.Equal(t, test.want, classify(fmt.Errorf("wrapped: %w", test.err)))
			}
		})
	}
}

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	answer := func(delay time.Duration) error { return fmt.Errorf("signal-with-start: %w", busyFor(t, delay)) }
	for name, test := range map[string]struct {
		err  error
		want time.Duration
	}{
		"asked for":     {answer(7 * time.Second), 7 * time.Second},
		"too long":      {answer(time.Hour), maxRetryDelay},
		"negative":      {answer(-time.Second), 0},
		"not asked for": {serviceerror.NewUnavailable("nobody there"), 0},
		"no status":     {errors.New("unheard of"), 0},
		"none":          {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, retryDelay(test.err))
		})
	}
}

// busyFor is the answer of a server that asks to wait.
func busyFor(t *testing.T, delay time.Duration) error {
	t.Helper()
	st, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	require.NoError(t, err)
	return serviceerror.FromStatus(st) //nolint:wrapcheck // as Temporal's client returns it
}
