package hosts_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment/sample"
)

// working is a Temporal that holds polls open, and takes every process.
type working struct {
	temporal

	refusePolls atomic.Bool
	// add answers the request to add search attributes, of which there are none.
	add func() error
	// started are the search attributes of the processes that were started.
	started chan int
}

func (w *working) PollWorkflowTaskQueue(ctx context.Context, _ *workflowservice.PollWorkflowTaskQueueRequest) (*workflowservice.PollWorkflowTaskQueueResponse, error) {
	if w.refusePolls.Load() {
		return nil, serviceerror.ToStatus(serviceerror.NewUnavailable("no polls today")).Err()
	}
	<-ctx.Done()
	return &workflowservice.PollWorkflowTaskQueueResponse{}, nil
}

func (w *working) PollActivityTaskQueue(ctx context.Context, _ *workflowservice.PollActivityTaskQueueRequest) (*workflowservice.PollActivityTaskQueueResponse, error) {
	if w.refusePolls.Load() {
		return nil, serviceerror.ToStatus(serviceerror.NewUnavailable("no polls today")).Err()
	}
	<-ctx.Done()
	return &workflowservice.PollActivityTaskQueueResponse{}, nil
}

func (w *working) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest) (*operatorservice.ListSearchAttributesResponse, error) {
	if w.add == nil {
		return &operatorservice.ListSearchAttributesResponse{CustomAttributes: hosts.SearchAttributes()}, nil
	}
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: map[string]enumspb.IndexedValueType{}}, nil
}

func (w *working) AddSearchAttributes(context.Context, *operatorservice.AddSearchAttributesRequest) (*operatorservice.AddSearchAttributesResponse, error) {
	return &operatorservice.AddSearchAttributesResponse{}, w.add()
}

func (w *working) SignalWithStartWorkflowExecution(_ context.Context, r *workflowservice.SignalWithStartWorkflowExecutionRequest) (*workflowservice.SignalWithStartWorkflowExecutionResponse, error) {
	w.started <- len(r.GetSearchAttributes().GetIndexedFields())
	return &workflowservice.SignalWithStartWorkflowExecutionResponse{RunId: "r", Started: true}, nil
}

// serve starts a Temporal and returns a configuration with its address.
func (w *working) serve(t *testing.T, s *eventstest.Server) hosts.Config {
	t.Helper()
	config := load(t, s)
	listener := listen(t)
	w.started = make(chan int, 10)
	serve(t, w, listener)
	config.TemporalAddress = listener.Addr().String()
	return config
}

func TestReadinessOfEveryHost(t *testing.T) {
	t.Parallel()
	var w working
	config := w.serve(t, eventstest.Start(t))
	for _, host := range hosts.All() {
		t.Run(host.Name, func(t *testing.T) {
			t.Parallel()
			r := run(t, config, host.Name)
			r.ready(t)
			require.Equal(t, map[string]string{host.Name: "ok", "publishing": "ok"}, r.about(t).Checks)
		})
	}
}

func TestReadinessOfAWorkerWhosePollsAreRefused(t *testing.T) {
	t.Parallel()
	var w working
	w.refusePolls.Store(true)
	r := run(t, w.serve(t, eventstest.Start(t)), "documents")
	require.Eventually(t, func() bool {
		return strings.Contains(r.about(t).Checks["documents"], "Temporal does not answer polls: no polls today")
	}, 10*time.Second, 10*time.Millisecond)
	code, _ := r.ask(t, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code, "it has not worked yet")
	w.refusePolls.Store(false)
	r.ready(t)
}

func TestReadinessWithoutSearchAttributes(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"no permission":        serviceerror.NewPermissionDenied("only admins", ""),
		"the limit is reached": serviceerror.NewInvalidArgument("cannot have more than 10 search attributes of type Keyword"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := eventstest.Start(t)
			w := working{add: func() error { return serviceerror.ToStatus(err).Err() }}
			r := run(t, w.serve(t, s), "consumer")
			r.ready(t)
			l := r.first(t, "A search attribute cannot be had")
			require.Equal(t, "warn", l.Level)
			require.Contains(t, l.Remedy, "temporal operator search-attribute create")
			warnings := r.about(t).Warnings
			require.Len(t, warnings, 1)
			require.Contains(t, warnings[0], "processes are started without search attributes")
			publish(t, s, "c1")
			require.Zero(t, <-w.started, "search attributes of the process")
		})
	}
	t.Run("there is room for one alone", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		var added atomic.Int64
		w := working{add: func() error {
			if added.Add(1) > 1 {
				return serviceerror.ToStatus(serviceerror.NewInvalidArgument("cannot have more than 10 search attributes of type Keyword")).Err()
			}
			return nil
		}}
		r := run(t, w.serve(t, s), "consumer")
		r.ready(t)
		l := r.first(t, "A search attribute cannot be had")
		require.Contains(t, l.Remedy, "--name ShipmentOutcome --type Keyword`")
		require.NotContains(t, l.Remedy, "ShipmentCategory")
		publish(t, s, "c1")
		require.Equal(t, 1, <-w.started, "the category")
	})
	t.Run("they are there", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		var w working
		r := run(t, w.serve(t, s), "consumer")
		r.ready(t)
		require.Empty(t, r.about(t).Warnings)
		publish(t, s, "c1")
		require.Equal(t, 1, <-w.started)
	})
}

func publish(t *testing.T, s *eventstest.Server, id string) {
	t.Helper()
	ev, err := events.NewCreated("e-1", "/team", time.Now(), sample.Shipment(id, time.Now()))
	require.NoError(t, err)
	_, err = streams.NewPublisher(s.JS, "http://api.test").PublishCreated(t.Context(), ev, id)
	require.NoError(t, err)
}

func TestAdminServesMetrics(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	var w working
	config := w.serve(t, s)
	r := run(t, config, "consumer", "documents", "api")
	r.ready(t)
	publish(t, s, "c1")
	<-w.started
	_, _ = r.get(t, "/shipments/c1")
	var text string
	require.Eventually(t, func() bool {
		_, text = r.ask(t, "/metrics")
		return strings.Contains(text, `shipments_inputs_total{result="accepted",type="shipments.created"} 1`)
	}, 10*time.Second, 10*time.Millisecond)
	for _, sample := range []string{
		`shipments_host_ready{host="consumer"} 1`, `shipments_host_works{host="documents"} 1`, `shipments_in_flight_limit 128`,
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/shipments/{shipmentId}"} 1`,
		`temporal_worker_task_slots_available{`, `shipments_config_info{child_workflows="all",emulation="true"} 1`,
	} {
		require.Contains(t, text, sample)
	}
	code, _ := r.get(t, "/metrics")
	require.NotEqual(t, http.StatusOK, code, "the public listener has none")
}
