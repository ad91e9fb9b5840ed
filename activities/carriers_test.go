package activities_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/shipment"
)

// manifestWith manifests a leg in an activity that is retried, with a carrier whose
// nth answer to a call is the nth of answers.
func manifestWith(t *testing.T, answers ...http.HandlerFunc) carriers.ManifestLegReply {
	t.Helper()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.NotFound(w, r) // No key has a result.
			return
		}
		answers[min(int(calls.Add(1)), len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second})
	env.SetTestTimeout(30 * time.Second)
	a := &activities.Carriers{ByID: map[string]carriers.Client{"c": carriers.NewHTTP(base, carriers.HTTPOptions{Timeout: 5 * time.Second})}}
	env.RegisterActivity(a)
	env.ExecuteWorkflow(func(ctx workflow.Context) (reply carriers.ManifestLegReply, err error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 5},
		})
		err = workflow.ExecuteActivity(ctx, a.ManifestLeg, carriers.ManifestLegRequest{
			ShipmentID: "x", Leg: 1, Details: shipment.Leg{CarrierID: "c"},
		}).Get(ctx, &reply)
		return reply, err
	})
	var reply carriers.ManifestLegReply
	require.NoError(t, env.GetWorkflowResult(&reply))
	return reply
}

// labelStore keeps labels in memory; it fails the first time.
type labelStore struct {
	calls  int
	labels []carriers.Label
}

func (s *labelStore) PutLabels(_ context.Context, _ carriers.ManifestLegRequest, labels []carriers.Label) error {
	s.calls++
	if s.calls == 1 {
		return errors.New("no store")
	}
	s.labels = labels
	return nil
}

func TestCarriersStoresLabels(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second})
	env.SetTestTimeout(30 * time.Second)
	store := &labelStore{}
	a := &activities.Carriers{ByID: map[string]carriers.Client{"c": carriers.Simulator{Labels: carriers.LabelZPL}}, Labels: store}
	env.RegisterActivity(a)
	env.ExecuteWorkflow(func(ctx workflow.Context) (reply carriers.ManifestLegReply, err error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		err = workflow.ExecuteActivity(ctx, a.ManifestLeg, carriers.ManifestLegRequest{
			ShipmentID: "x", Leg: 1, Details: shipment.Leg{CarrierID: "c"},
		}).Get(ctx, &reply)
		return reply, err
	})
	var reply carriers.ManifestLegReply
	require.NoError(t, env.GetWorkflowResult(&reply))
	require.Len(t, reply.TrackingNumbers, 1)
	require.Empty(t, reply.Labels, "they do not go through Temporal")
	require.Equal(t, 2, store.calls, "a failure to store them is retried")
	require.Len(t, store.labels, 1)
	require.Contains(t, string(store.labels[0].Content), reply.TrackingNumbers[0])
}

// forgetful gives a label with its first answer alone.
type forgetful struct {
	carriers.Client

	calls int
}

func (f *forgetful) ManifestLeg(context.Context, carriers.ManifestLegRequest) (reply carriers.ManifestLegReply, err error) {
	reply.TrackingNumbers = []string{"1"}
	if f.calls++; f.calls == 1 {
		reply.Labels = []carriers.Label{{ContentType: carriers.LabelZPL}}
	}
	return reply, nil
}

func TestCarriersStoresThatARepeatHasNoLabels(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	store := &labelStore{calls: 1}
	a := &activities.Carriers{ByID: map[string]carriers.Client{"c": &forgetful{}}, Labels: store}
	env.RegisterActivity(a)
	request := carriers.ManifestLegRequest{ShipmentID: "x", Leg: 1, Details: shipment.Leg{CarrierID: "c"}}
	for _, uncertain := range []bool{false, true} {
		request.Uncertain = uncertain
		_, err := env.ExecuteActivity(a.ManifestLeg, request)
		require.NoError(t, err)
		require.Equal(t, uncertain, len(store.labels) == 0)
	}
	request.Uncertain = false
	_, err := env.ExecuteActivity(a.ManifestLeg, request)
	require.NoError(t, err)
	require.Equal(t, 3, store.calls, "a first answer without labels needs no store")
}

func TestCarriersRefusalAfterALostReply(t *testing.T) {
	t.Parallel()
	declines := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"description":"Duplicate","errors":["1"]}`))
	}
	cuts := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	status := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	for name, test := range map[string]struct {
		first     http.HandlerFunc
		uncertain bool
	}{
		"a cut connection":    {first: cuts, uncertain: true},
		"a gateway's timeout": {first: status(http.StatusGatewayTimeout), uncertain: true},
		"a busy carrier":      {first: status(http.StatusServiceUnavailable)},
		"a failed carrier":    {first: status(http.StatusInternalServerError)},
		"a wrong token":       {first: status(http.StatusUnauthorized)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply := manifestWith(t, test.first, declines)
			require.Equal(t, "Duplicate", reply.Declined.Description)
			require.Equal(t, test.uncertain, reply.Unanswered)
			reply = manifestWith(t, test.first, status(http.StatusServiceUnavailable), declines)
			require.Equal(t, test.uncertain, reply.Unanswered, "busy in between")
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		require.False(t, manifestWith(t, declines).Unanswered)
	})
}
