package e2e_test

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/temporalproto"

	"shipments/consumer"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

var (
	record        = flag.String("record", "", "folder in which to record workflow histories, for the replay tests")
	recordVersion = flag.String("record-version", "", "suffix of the histories' names, which keeps those that are there")
)

// identity matches the names of processes and machines in a history.
var identity = regexp.MustCompile(`"identity": *"[^"]*"`)

// What is requested while a shipment's process runs.
const (
	cancellationRequest = "cancellation"
	rebookingRequest    = "rebooking"
	conflict            = "conflict" // the shipment once more, with other content
	// outage is no request: JetStream stores no events when the shipment is claimed.
	outage = "outage"
	// lateCancellation is a cancellation while JetStream does not store that the
	// collection is booked.
	lateCancellation = "latecancellation"
)

// rebookingWindow is how long a process waits for a rebooking that is not requested.
const rebookingWindow = 10 * time.Second

// recording is one shipment whose histories are recorded.
type recording struct {
	route   emulation.Route
	ending  emulation.Ending
	request string
}

func (r recording) id() string { return emulation.NewID(r.route, "record"+r.request, r.ending) }

// afterBooking reports whether the request is made after a failed booking.
func (r recording) afterBooking() bool {
	return r.ending == emulation.DeclinesFirstCollection && (r.request == cancellationRequest || r.request == rebookingRequest)
}

// recordings are all endings with all requests.
func recordings(routes ...emulation.Route) []recording {
	var all []recording
	// Those that wait for a rebooking begin last, so that it comes in time.
	for _, ending := range []emulation.Ending{emulation.Succeeds, emulation.DeclinesManifestation, emulation.DeclinesCollection, emulation.DeclinesFirstCollection} {
		for _, route := range routes {
			for _, request := range []string{"", cancellationRequest, rebookingRequest, conflict} {
				all = append(all, recording{route, ending, request})
			}
		}
	}
	return all
}

// TestRecordHistories runs a shipment of every kind. With -record it writes a
// history of every workflow, composition, ending and request where the replay
// tests of the root module find them.
func TestRecordHistories(t *testing.T) {
	everywhere := []emulation.Route{emulation.International, emulation.Paperless, emulation.Domestic}
	if *record == "" {
		everywhere = everywhere[:1] // Enough to see that recording works.
	}
	for _, configuration := range []struct {
		name, composition, firstTry string
		routes                      []emulation.Route
	}{
		{"all", "all", "true", everywhere},
		{"none", "none", "true", everywhere},
		{"activities", "none", "false", everywhere[:1]}, // All carrier calls are regular activities.
	} {
		t.Run(configuration.name, func(t *testing.T) {
			t.Setenv("SHIPMENTS_CARRIER_FIRST_TRY", configuration.firstTry)
			t.Setenv("SHIPMENTS_REBOOKING_TIME", rebookingWindow.String())
			s := start(t, configuration.composition, 4*time.Second)
			all := recordings(configuration.routes...)
			for _, r := range all {
				s.begin(t, r, configuration.composition, configuration.firstTry == "true")
				if !r.afterBooking() {
					s.request(t, r)
				}
			}
			for _, r := range all {
				if r.afterBooking() {
					s.request(t, r)
				}
			}
			seen := map[string]bool{}
			for _, r := range all {
				s.ended(t, r.id())
				s.record(t, configuration.name, r, seen)
			}
			require.GreaterOrEqual(t, len(seen), len(all))
			if *record == "" {
				return
			}
			for _, r := range []recording{s.claimInOutage(t), s.cancelInOutage(t, configuration.composition)} {
				s.ended(t, r.id())
				s.record(t, configuration.name, r, seen)
			}
		})
	}
}

// begin starts the process of a shipment. One that fails at once has its request
// waiting when it begins.
func (s *system) begin(t *testing.T, r recording, composition string, firstTry bool) {
	t.Helper()
	if r.ending != emulation.DeclinesManifestation || r.request == "" {
		status, _ := s.do(t, http.MethodPost, "/"+r.id())
		require.Equal(t, http.StatusAccepted, status)
		return
	}
	children, err := workflows.ParseComposition(composition)
	require.NoError(t, err)
	rules := shipment.Rules{Emulation: true, Carriers: sample.Carriers(), CollectionDelay: 4 * time.Second}
	created := workflows.CreatedSignal{Event: events.ShipmentCreated{
		SpecVersion: "1.0", Type: events.TypeCreated, ID: "e-1", Source: "/team", Data: sample.Shipment(r.id(), time.Now()),
	}}
	options := consumer.StartOptions(created, rules.Classify(created.Event.Data))
	options.StartDelay = 2 * time.Second // The request comes before.
	_, err = s.temporal.SignalWithStartWorkflow(t.Context(), options.ID, workflows.SignalCreated, created, options,
		workflows.ShipmentProcess, workflows.ProcessInput{Settings: workflows.Settings{
			ChildWorkflows: children, PublicURL: s.apiURL, Rules: rules.For(created.Event.Data), CarrierFirstTry: firstTry,
		}})
	require.NoError(t, err)
}

// request makes a recording's request when the shipment's process waits.
func (s *system) request(t *testing.T, r recording) {
	t.Helper()
	switch {
	case r.request == "":
		return
	case r.ending == emulation.DeclinesManifestation:
	case r.afterBooking():
		eventually(t, func() bool { return s.waitsFor(t, r.id(), rebookingWindow) }, "the first booking of %s has failed", r.id())
	default:
		eventually(t, func() bool { return len(s.story(t, r.id())) >= 3 }, "%s waits for its collection", r.id())
	}
	signal := workflows.RequestSignal{Event: events.Request{ID: "r-1", Source: "/team", ShipmentID: r.id()}}
	switch r.request {
	case cancellationRequest:
		signal.Event.Type, signal.Event.Reason = events.TypeCancellationRequested, "changed her mind"
	case rebookingRequest:
		signal.Event.Type, signal.Event.CollectionDate = events.TypeRebookingRequested, dayAfterTomorrow()
	case conflict:
		other := sample.Shipment(r.id(), time.Now())
		other.Packages[0].WeightGrams++
		require.NoError(t, s.temporal.SignalWorkflow(t.Context(), shipment.ProcessID(r.id()), "", workflows.SignalCreated, workflows.CreatedSignal{Event: events.ShipmentCreated{
			SpecVersion: "1.0", Type: events.TypeCreated, ID: "e-2", Source: "/team", Data: other,
		}}))
		return
	}
	require.NoError(t, s.temporal.SignalWorkflow(t.Context(), shipment.ProcessID(r.id()), "", workflows.SignalRequested, signal))
}

// record reads the histories of a shipment's executions and writes those whose
// kind has not been seen.
func (s *system) record(t *testing.T, configuration string, r recording, seen map[string]bool) {
	t.Helper()
	for _, e := range s.executions(t, r.id()) {
		kind := configuration + "_" + strings.ToLower(e.GetType().GetName()) + "_"
		if e.GetType().GetName() == "ShipmentProcess" { // its name does not have the route
			kind += string(r.route)
		}
		kind += string(r.ending)
		if r.request != "" {
			kind += "_" + r.request
		}
		if seen[kind] {
			continue
		}
		seen[kind] = true
		history := s.history(t, e.GetExecution().GetWorkflowId())
		require.NotEmpty(t, history.GetEvents())
		text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(history)
		require.NoError(t, err)
		text = identity.ReplaceAll(text, []byte(`"identity":"recorded"`))
		if *record != "" {
			write(t, kind, text)
		}
	}
}

func (s *system) history(t *testing.T, workflowID string) *historypb.History {
	t.Helper()
	history := &historypb.History{}
	events := s.temporal.GetWorkflowHistory(t.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		var unknown *serviceerror.NotFound
		if errors.As(err, &unknown) {
			return history // It has not begun.
		}
		require.NoError(t, err)
		history.Events = append(history.Events, event)
	}
	return history
}

// write writes a history, one event per line. With a version it replaces none:
// processes that were started by an older version still run.
func write(t *testing.T, kind string, text []byte) {
	t.Helper()
	var history struct {
		Events []json.RawMessage `json:"events"`
	}
	require.NoError(t, json.Unmarshal(text, &history))
	lines := make([]string, len(history.Events))
	for i, event := range history.Events {
		lines[i] = string(event)
	}
	text = []byte(`{"events":[` + "\n" + strings.Join(lines, ",\n") + "\n]}\n")
	mode, name := os.O_TRUNC, kind+".json"
	if *recordVersion != "" {
		mode, name = os.O_EXCL, kind+"."+*recordVersion+".json"
	}
	file, err := os.OpenFile(filepath.Join(*record, name), os.O_WRONLY|os.O_CREATE|mode, 0o600)
	require.NoError(t, err, "choose another -record-version")
	defer file.Close()
	_, err = file.Write(text)
	require.NoError(t, err)
}

// claimInOutage begins a shipment while JetStream stores no outcome events.
func (s *system) claimInOutage(t *testing.T) recording {
	t.Helper()
	r := recording{emulation.International, emulation.Succeeds, outage}
	s.failStoring(t, events.StreamEvents, func() {
		status, _ := s.do(t, http.MethodPost, "/"+r.id())
		require.Equal(t, http.StatusAccepted, status)
		eventually(t, func() bool { return s.retries(t, r.id(), "Claim") }, "the server retries the claim")
	})
	return r
}

// cancelInOutage cancels a shipment while JetStream does not store that its
// collection is booked.
func (s *system) cancelInOutage(t *testing.T, composition string) recording {
	t.Helper()
	r := recording{emulation.International, emulation.Succeeds, lateCancellation}
	status, _ := s.do(t, http.MethodPost, "/"+r.id())
	require.Equal(t, http.StatusAccepted, status)
	eventually(t, func() bool { return len(s.story(t, r.id())) == 3 }, "it waits for its collection")
	s.failStoring(t, events.StreamEvents, func() {
		publisher := r.id()
		if composition == "all" {
			publisher += ".category" // the category's workflow
		}
		eventually(t, func() bool { return s.retries(t, publisher, "Publish") }, "the server retries the publication")
		require.NoError(t, s.temporal.SignalWorkflow(t.Context(), shipment.ProcessID(r.id()), "", workflows.SignalRequested, workflows.RequestSignal{
			Event: events.Request{Type: events.TypeCancellationRequested, ID: "r-1", Source: "/team", ShipmentID: r.id(), Reason: "changed her mind"},
		}))
		eventually(t, func() bool { return s.waitsFor(t, publisher, time.Millisecond) }, "the cancellation is on record")
	})
	return r
}

// waitsFor reports whether a process has started a timer of a duration.
func (s *system) waitsFor(t *testing.T, id string, duration time.Duration) bool {
	t.Helper()
	return slices.ContainsFunc(s.history(t, shipment.ProcessID(id)).GetEvents(), func(event *historypb.HistoryEvent) bool {
		return event.GetTimerStartedEventAttributes().GetStartToFireTimeout().AsDuration() == duration
	})
}

// retries reports whether a workflow has started a regular activity.
func (s *system) retries(t *testing.T, id, activityType string) bool {
	t.Helper()
	return slices.ContainsFunc(s.history(t, shipment.ProcessID(id)).GetEvents(), func(event *historypb.HistoryEvent) bool {
		return event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activityType
	})
}
