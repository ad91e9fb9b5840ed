package traces

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"

	"shipments/hosts/traces/tracestest"
)

const (
	publisherTrace  = "0af7651916cd43dd8448eb211c80319c"
	publisherSpan   = "b7ad6b7169203331"
	publisherParent = "00-" + publisherTrace + "-" + publisherSpan + "-01"
)

// setup makes traces that a collector of the test's takes.
func setup(t *testing.T) (*Traces, *tracestest.Collector) {
	t.Helper()
	collector := tracestest.Start(t)
	traces, err := New(t.Context(), Settings{
		Endpoint: collector.URL + "/v1/traces", Sampler: sdk.ParentBased(sdk.AlwaysSample()), Version: "v1", Hosts: []string{"consumer", "carrier"},
		Log: zerolog.New(zerolog.NewTestWriter(t)),
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = traces.Close(context.WithoutCancel(t.Context())) })
	return traces, collector
}

// exported closes the traces and returns the spans.
func exported(t *testing.T, traces *Traces, collector *tracestest.Collector) []tracestest.Span {
	t.Helper()
	require.NoError(t, traces.Close(t.Context()))
	return collector.Spans()
}

// header is a Temporal header that has a trace context.
func header(t *testing.T, way traceContext) *commonpb.Header {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(way.encode())
	require.NoError(t, err)
	return &commonpb.Header{Fields: map[string]*commonpb.Payload{headerKey: payload}}
}

// task tells the traces that a workflow task of a run began.
func (t *Traces) task(ctx context.Context, run, token string) {
	reply := &workflowservice.PollWorkflowTaskQueueResponse{}
	_ = t.tasks.intercept(ctx, "", &workflowservice.PollWorkflowTaskQueueRequest{}, reply, nil,
		func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			reply.TaskToken, reply.WorkflowExecution = []byte(token), &commonpb.WorkflowExecution{RunId: run}
			return nil
		})
}

// completed tells the traces how Temporal answers to the completion of a task.
func (t *Traces) completed(ctx context.Context, token string, err error) {
	_ = t.tasks.intercept(ctx, "", &workflowservice.RespondWorkflowTaskCompletedRequest{TaskToken: []byte(token)},
		&workflowservice.RespondWorkflowTaskCompletedResponse{}, nil,
		func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return err })
}

func unavailable(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }

const patience = 30 * time.Second

// setHeader replaces the trace context in a header by anything else.
func setHeader(h *commonpb.Header, value map[string]string) (err error) {
	h.Fields[headerKey], err = converter.GetDefaultDataConverter().ToPayload(value)
	return err
}
