package why_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"shipments/cmd/shipments/why"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts/keyring"
	"shipments/hosts/payloads"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// recorded is a Temporal that has executions as they were recorded.
type recorded struct {
	histories map[string]*historypb.History // by workflow id
	change    func(*workflowservice.DescribeWorkflowExecutionResponse)
	err       error
}

// load reads the recorded histories whose files match, except children of other runs.
func load(t *testing.T, pattern string) *recorded {
	t.Helper()
	files, err := filepath.Glob("../../../workflows/testdata/" + pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	r := &recorded{histories: map[string]*historypb.History{}}
	for _, file := range files {
		in, err := os.Open(file)
		require.NoError(t, err)
		history, err := client.HistoryFromJSON(in, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.NoError(t, in.Close())
		r.histories[history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()] = history
	}
	return r
}

// cut leaves the first events of an execution.
func (r *recorded) cut(workflowID string, last enumspb.EventType) {
	history := r.histories[workflowID]
	for i, event := range history.GetEvents() {
		if event.GetEventType() == last {
			history.Events = history.GetEvents()[:i+1]
			return
		}
	}
}

func (r *recorded) DescribeWorkflowExecution(_ context.Context, workflowID, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if r.err != nil {
		return nil, r.err
	}
	history, known := r.histories[workflowID]
	if !known {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	begun := history.GetEvents()[0]
	last := history.GetEvents()[len(history.GetEvents())-1]
	info := &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: "run"},
		Type:      begun.GetWorkflowExecutionStartedEventAttributes().GetWorkflowType(), TaskQueue: "queue", StartTime: begun.GetEventTime(),
		Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, HistoryLength: int64(len(history.GetEvents())),
	}
	switch last.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, last.GetEventTime()
	default:
	}
	described := &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}
	if r.change != nil {
		r.change(described)
	}
	return described, nil
}

type iterator struct{ events []*historypb.HistoryEvent }

func (i *iterator) HasNext() bool { return len(i.events) > 0 }

func (i *iterator) Next() (*historypb.HistoryEvent, error) {
	event := i.events[0]
	i.events = i.events[1:]
	return event, nil
}

func (r *recorded) GetWorkflowHistory(_ context.Context, workflowID, _ string, _ bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	return &iterator{r.histories[workflowID].GetEvents()}
}

// setup makes a question about a shipment that was published and claimed.
func setup(t *testing.T, id string, temporal why.Temporal) (*eventstest.Server, why.Config) {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, "http://api.test")
	now := time.Now()
	ev, err := events.NewCreated("e-1", "/team", now, sample.Shipment(id, now))
	require.NoError(t, err)
	_, err = publisher.PublishCreated(t.Context(), ev, id)
	require.NoError(t, err)
	publish(t, s, id, 1, events.TypeAccepted, events.Accepted{
		ShipmentID: id, Category: shipment.International, RunID: "run", Trigger: events.EventRef{ID: "e-1", Source: "/team"},
	})
	converters := payloads.NewConverters(nil)
	return s, why.Config{
		JetStream: s.JS, Temporal: temporal, Namespace: "shipping", Address: "t:7233", UI: "http://ui/", Data: converters.Data, Failures: converters.Failure,
		Expectations: streams.Expectations{Rules: shipment.Rules{Emulation: true, Carriers: sample.Carriers()}, CarrierDeadline: time.Hour},
	}
}

func publish(t *testing.T, s *eventstest.Server, id string, sequence int, eventType string, data any) {
	t.Helper()
	lineage := events.Lineage{
		ShipmentID: id, RunID: "run", CausationID: "e-1", CorrelationID: "e-1", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	_, err := streams.NewPublisher(s.JS, "http://api.test").PublishOnce(t.Context(), events.Outcome{
		Lineage: lineage, Type: eventType, Sequence: sequence, Time: time.Now(), Data: data,
	})
	require.NoError(t, err)
}

func written(t *testing.T, r *why.Report) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, r.Write(&out, time.UTC))
	require.NotContains(t, out.String(), "%!")
	return out.String()
}

// keysOf are the idempotency keys of the calls that have ended, with their answers.
func keysOf(r *why.Report) map[string]string {
	keys := map[string]string{}
	for _, o := range r.Happened {
		if o.Kind == "carrier call" {
			keys[o.IdempotencyKey] = o.Answer
		}
	}
	return keys
}

func TestWhyShowsCarrierCallsWithKeysAndAnswers(t *testing.T) {
	t.Parallel()
	for name, pattern := range map[string]string{
		"in the workflow's task": "none_shipmentprocess_c3_rebooking.json",
		"as activities":          "activities_shipmentprocess_c3_rebooking.json",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temporal := load(t, pattern)
			const id = "crecordrebooking3"
			_, config := setup(t, id, temporal)
			r, err := why.Ask(t.Context(), config, id)
			require.NoError(t, err)
			require.Empty(t, r.Missing)
			keys := keysOf(r)
			require.Contains(t, keys[id+"/leg-1/manifest"], "done, tracking ")
			require.Contains(t, keys[id+"/leg-2/manifest"], "done, tracking ")
			require.Contains(t, keys[id+"/leg-1/book-collection"], "declined: Carrier collection booking failed: 2.3.4")
			require.Contains(t, keys[id+"/leg-1/book-collection-2"], "done, booking ")
			require.Len(t, keys, 4)
			out := written(t, r)
			require.Contains(t, out, "the workflow shipment."+id+" is completed since ")
			require.Contains(t, out, "signal requested: shipments.collection-rebooking-requested")
			require.Contains(t, out, "http://ui/namespaces/shipping/workflows/shipment."+id)
			require.Contains(t, out, "0af7651916cd43dd8448eb211c80319c")
		})
	}
}

// Not every child of a process is recorded: those that are have their calls shown.
func TestWhyFollowsChildWorkflows(t *testing.T) {
	t.Parallel()
	const id = "crecordrebooking3"
	_, config := setup(t, id, load(t, "all_*3_rebooking.json"))
	r, err := why.Ask(t.Context(), config, id)
	require.NoError(t, err)
	keys := keysOf(r)
	require.Len(t, keys, 2)
	for key, answer := range keys {
		require.Contains(t, []string{id + "/leg-1/manifest", id + "/leg-2/manifest", id + "/leg-1/book-collection", id + "/leg-1/book-collection-2"}, key)
		require.NotEmpty(t, answer)
	}
	var types []string
	for _, e := range r.Executions {
		types = append(types, e.Type)
	}
	require.Equal(t, "ShipmentProcess", types[0])
	require.Subset(t, types, []string{"InternationalShipment", "Manifestation", "ManifestLeg", "BookCollection"})
}

func TestWhyShowsTheVoidOfALegAndItsKey(t *testing.T) {
	t.Parallel()
	const id = "crecord1"
	_, config := setup(t, id, load(t, "none_shipmentprocess_c1.json"))
	r, err := why.Ask(t.Context(), config, id)
	require.NoError(t, err)
	for key := range keysOf(r) {
		require.NotEmpty(t, key)
		require.True(t, strings.HasPrefix(key, id+"/leg-"), key)
	}
	r.Status, r.Failure = shipment.Failed, &shipment.Failure{
		Faults:       []shipment.Fault{*shipment.NewFault("Carrier manifestation failed", "1.2.3: no")},
		Compensation: &shipment.Compensation{Voided: []shipment.VoidedLeg{{CarrierID: "one", TrackingNumbers: []string{"T1"}}}},
	}
	out := written(t, r)
	require.Regexp(t, `(?m)^Fault +Carrier manifestation failed\n  error +1\.2\.3: no\nVoided +the leg of carrier one, tracking T1$`, out)
	require.Contains(t, out, "shipment."+id+" has ended")
}

func TestWhySaysWhatAPendingProcessWaitsFor(t *testing.T) {
	t.Parallel()
	const id = "crecord0"
	t.Run("a timer", func(t *testing.T) {
		t.Parallel()
		temporal := load(t, "none_shipmentprocess_c0.json")
		temporal.cut("shipment."+id, enumspb.EVENT_TYPE_TIMER_STARTED)
		_, config := setup(t, id, temporal)
		r, err := why.Ask(t.Context(), config, id)
		require.NoError(t, err)
		require.Len(t, r.Waits, 1)
		require.Equal(t, "timer", r.Waits[0].Kind)
		require.Equal(t, "the collection can be booked", r.Waits[0].What)
		require.Equal(t, 4*time.Second, r.Waits[0].Until.Sub(r.Waits[0].Since))
		require.Empty(t, r.Findings)
		require.Contains(t, written(t, r), "timer: the collection can be booked; since ")
	})
	t.Run("a carrier that does not answer", func(t *testing.T) {
		t.Parallel()
		temporal := load(t, "activities_shipmentprocess_c0.json")
		temporal.cut("shipment."+id, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
		next := time.Now().Add(time.Minute)
		temporal.change = func(d *workflowservice.DescribeWorkflowExecutionResponse) {
			d.PendingActivities = []*workflowpb.PendingActivityInfo{{
				ActivityId: "7", ActivityType: &commonpb.ActivityType{Name: "ManifestLeg"}, State: enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, Attempt: 9,
				ScheduledTime: timestamppb.New(next), NextAttemptScheduleTime: timestamppb.New(next), LastWorkerIdentity: "w@1",
				LastFailure: &failurepb.Failure{Message: "the carrier answered 401 Unauthorized: no such token",
					FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
						ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: "CarrierTokenRefused"},
					}},
			}}
		}
		_, config := setup(t, id, temporal)
		r, err := why.Ask(t.Context(), config, id)
		require.NoError(t, err)
		require.Len(t, r.Waits, 1)
		wait := r.Waits[0]
		require.Equal(t, "carrier call", wait.Kind)
		require.Equal(t, id+"/leg-1/manifest", wait.IdempotencyKey)
		require.Contains(t, wait.What, "manifest leg 1 with carrier ")
		require.Equal(t, int32(9), wait.Attempt)
		require.WithinDuration(t, next, *wait.NextAttempt, time.Second)
		require.True(t, wait.Since.Before(time.Now()), "not the time of the next attempt, which Temporal gives")
		require.NotNil(t, wait.Until)
		require.Empty(t, keysOf(r), "it has not ended")
		require.Len(t, r.Findings, 1)
		out := written(t, r)
		require.Contains(t, out, "last error: the carrier answered 401 Unauthorized: no such token")
		require.Contains(t, out, "Finding    manifest leg 1 with carrier ")
	})
	t.Run("a worker", func(t *testing.T) {
		t.Parallel()
		temporal := load(t, "none_shipmentprocess_c0.json")
		temporal.cut("shipment."+id, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
		temporal.change = func(d *workflowservice.DescribeWorkflowExecutionResponse) {
			d.PendingWorkflowTask = &workflowpb.PendingWorkflowTaskInfo{
				State: enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED, ScheduledTime: timestamppb.New(time.Now().Add(-time.Hour)), Attempt: 1,
			}
		}
		_, config := setup(t, id, temporal)
		r, err := why.Ask(t.Context(), config, id)
		require.NoError(t, err)
		require.Contains(t, written(t, r), "Finding    no worker takes the workflow task of shipment."+id)
	})
}

func TestWhyWorksWithoutTemporal(t *testing.T) {
	t.Parallel()
	const id = "crecord0"
	for name, temporal := range map[string]why.Temporal{
		"it does not answer": &recorded{err: errors.New("connection refused")},
		"it is not asked":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, config := setup(t, id, temporal)
			r, err := why.Ask(t.Context(), config, id)
			require.NoError(t, err)
			require.Len(t, r.Missing, 1)
			require.Contains(t, r.Missing[0], "timers, carrier calls and the state of the workflow are not shown")
			require.Equal(t, shipment.WaitCarriers, r.Progress.WaitsFor)
			out := written(t, r)
			require.Contains(t, out, "input 1  shipments.created; ")
			require.Contains(t, out, "event 1  shipments.accepted; international, run run")
			require.Contains(t, out, "Missing   Temporal ")
			encoded, err := json.Marshal(r)
			require.NoError(t, err)
			require.Contains(t, string(encoded), `"status":"Pending"`)
		})
	}
}

func TestWhyFindsAProcessThatIsGone(t *testing.T) {
	t.Parallel()
	const id = "crecord0"
	_, config := setup(t, id, &recorded{})
	r, err := why.Ask(t.Context(), config, id)
	require.NoError(t, err)
	require.Contains(t, written(t, r), "Temporal has no workflow shipment."+id+", and the shipment has not ended")
}

func TestWhySaysWhereTheConsumerIs(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	ev, err := events.NewCreated("e-1", "/team", time.Now(), sample.Shipment("abc", time.Now()))
	require.NoError(t, err)
	_, err = streams.NewPublisher(s.JS, "http://api.test").PublishCreated(t.Context(), ev, "abc")
	require.NoError(t, err)
	r, err := why.Ask(t.Context(), why.Config{JetStream: s.JS, Temporal: &recorded{}}, "abc")
	require.NoError(t, err)
	require.Contains(t, written(t, r), "the consumer has not got input 1 yet: it is at 0, waiting inputs: 1; nobody pulls")
	_, err = why.Ask(t.Context(), why.Config{JetStream: s.JS, Temporal: &recorded{}}, "other")
	require.ErrorIs(t, err, streams.ErrUnknownShipment)
}

func TestWhyDecodesWhatIsEncrypted(t *testing.T) {
	t.Parallel()
	const id = "crecord0"
	line, err := keyring.New("k1")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "keys.yaml")
	require.NoError(t, os.WriteFile(file, []byte("keys:\n"+line), 0o600))
	ring, err := keyring.Load(file, payloads.Purpose)
	require.NoError(t, err)
	temporal := load(t, "none_shipmentprocess_c0.json")
	codec := payloads.NewCodec(ring)
	encode := func(p *commonpb.Payloads) {
		encoded, err := codec.Encode(p.GetPayloads())
		require.NoError(t, err)
		copy(p.GetPayloads(), encoded)
	}
	for _, event := range temporal.histories["shipment."+id].GetEvents() {
		for _, p := range event.GetMarkerRecordedEventAttributes().GetDetails() {
			encode(p)
		}
	}
	_, config := setup(t, id, temporal)
	r, err := why.Ask(t.Context(), config, id)
	require.NoError(t, err)
	require.Empty(t, keysOf(r))
	require.Contains(t, strings.Join(r.Missing, "\n"), "SHIPMENTS_PAYLOAD_KEYS")
	config.Data = payloads.NewConverters(ring).Data
	r, err = why.Ask(t.Context(), config, id)
	require.NoError(t, err)
	require.Contains(t, keysOf(r), id+"/leg-1/manifest")
	require.Empty(t, r.Missing)
}
