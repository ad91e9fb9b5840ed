package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/workflows"
)

// busyCarrier is a carrier whose calls end with an error, until one does not.
type busyCarrier struct {
	carriers.Client

	errs []error
	left []time.Duration // to the deadline of each call
}

func (c *busyCarrier) VoidLeg(ctx context.Context, _ carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
	deadline, _ := ctx.Deadline()
	c.left = append(c.left, time.Until(deadline).Round(time.Minute))
	err := c.errs[min(len(c.left), len(c.errs))-1]
	return carriers.VoidLegReply{}, err
}

// void runs the workflow that voids a leg, with a deadline, and returns how long that
// took by the clock of Temporal.
func void(t *testing.T, c *busyCarrier, deadline time.Duration) (reply carriers.VoidLegReply, took time.Duration) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second})
	env.SetTestTimeout(30 * time.Second)
	env.RegisterActivity(&activities.Carriers{ByID: map[string]carriers.Client{"c": c}})
	began := env.Now()
	env.ExecuteWorkflow(func(ctx workflow.Context) (carriers.VoidLegReply, error) {
		defer func() { took = workflow.Now(ctx).Sub(began) }()
		return workflows.VoidLeg(ctx, workflows.CarrierInput[carriers.VoidLegRequest]{
			CarrierPolicy: workflows.CarrierPolicy{Deadline: deadline},
			Call:          carriers.VoidLegRequest{ShipmentID: "x", Leg: 1, CarrierID: "c"},
		})
	})
	require.NoError(t, env.GetWorkflowResult(&reply))
	return reply, took
}

func busy(pause time.Duration) error {
	return temporal.NewApplicationErrorWithOptions("busy", carriers.ErrorTypeBusy, temporal.ApplicationErrorOptions{NextRetryDelay: pause})
}

func TestCarriersRetryAfter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		errs     []error
		deadline time.Duration
		want     time.Duration
		declined bool
	}{
		"the carrier's pause, though it is longer than the policy's": {
			errs: []error{busy(5 * time.Minute), busy(time.Hour), nil}, deadline: 24 * time.Hour, want: time.Hour + 5*time.Minute,
		},
		"a pause that is longer than the deadline": {
			errs: []error{busy(5 * time.Minute)}, deadline: 4 * time.Minute, declined: true,
		},
		"pauses of ours that double": {
			errs: []error{busy(0), busy(0), busy(0), nil}, deadline: 24 * time.Hour, want: (1 + 2 + 4) * time.Second,
		},
		"to a minute": {
			errs: []error{busy(0), busy(0), busy(0), busy(0), busy(0), busy(0), busy(0), busy(0), nil}, deadline: 24 * time.Hour,
			want: (1+2+4+8+16+32)*time.Second + 2*time.Minute,
		},
		"an error that says nothing": {
			errs: []error{context.DeadlineExceeded, nil}, deadline: 24 * time.Hour, want: time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply, took := void(t, &busyCarrier{errs: test.errs}, test.deadline)
			require.Equal(t, test.want, took.Round(time.Second))
			require.Equal(t, test.declined, reply.Declined != nil)
		})
	}
}

// An attempt that makes its last request as late as it may, with the longest timeout,
// ends within its own timeout: Temporal does not give it up while it waits.
func TestCarriersAttemptEndsInTime(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2*carriers.MaxTimeout, activities.CarrierGrace.Truncate(time.Minute), "for the request, and for its result")
	for deadline, want := range map[time.Duration]time.Duration{
		24 * time.Hour:  activities.CarrierTimeout - activities.CarrierGrace,
		3 * time.Minute: 3 * time.Minute,
	} {
		t.Run(deadline.String(), func(t *testing.T) {
			t.Parallel()
			c := &busyCarrier{errs: []error{nil}}
			void(t, c, deadline)
			require.Equal(t, []time.Duration{want.Round(time.Minute)}, c.left)
		})
	}
	require.Greater(t, activities.CarrierTimeout-activities.CarrierGrace, 5*time.Minute)
}
