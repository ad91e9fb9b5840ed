package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"shipments/activities/carriers"
	"shipments/cmd/devstack/harness"
	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/emulation"
)

func TestRequestsCancelAndRebook(t *testing.T) {
	s := start(t, "all", 4*time.Second)
	s.cancelAndRebook(t)
	s.drained(t)
	require.Empty(t, eventstest.Rejections(t, s.js))
	for before, id := range []string{cancelledID, rebookedID, cancelledID, rebookedID} { // created twice, then the requests
		for _, other := range []string{cancelledID, rebookedID} {
			received, err := consumer.Received(t.Context(), s.temporal, converter.GetDefaultDataConverter(), other, uint64(before+1))
			require.NoError(t, err)
			require.Equal(t, other == id, received, "message %d, %s", before+1, other)
		}
	}
	received, err := consumer.Received(t.Context(), s.temporal, converter.GetDefaultDataConverter(), succeeds("unknown"), 1)
	require.NoError(t, err)
	require.False(t, received)
}

// The shipments of cancelAndRebook. The carrier declines the first attempt to
// collect the second one.
var (
	cancelledID = succeeds("cancelled")
	rebookedID  = emulation.NewID(emulation.International, "rebooked", emulation.DeclinesFirstCollection)
)

// cancelAndRebook cancels one shipment while it waits for its timer, and rebooks
// the collection of another one after its first booking was declined.
func (s *system) cancelAndRebook(t *testing.T) {
	t.Helper()
	request := func(eventType, data string) {
		t.Helper()
		_, err := s.js.Publish(t.Context(), eventType, []byte(`{"specversion":"1.0","id":"r-1","source":"/team","type":"`+eventType+`","data":`+data+`}`))
		require.NoError(t, err)
	}
	for _, id := range []string{cancelledID, rebookedID} {
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	eventually(t, func() bool { return len(s.story(t, cancelledID)) == 3 }, "the cancelled shipment waits for its timer")
	request(events.TypeCancellationRequested, `{"shipmentId":"`+cancelledID+`","reason":"changed her mind"}`)
	result, _ := s.ended(t, cancelledID)
	require.Equal(t, shipment.Cancelled, result.Status)
	require.Len(t, result.Cancellation.Compensation.Voided, 2)
	require.Equal(t, []string{"accepted", "manifested", "documents-generated", "manifestation-voided", "cancelled"}, s.story(t, cancelledID))

	eventually(t, func() bool { return s.awaitsRebooking(t, rebookedID) }, "the first booking was declined")
	request(events.TypeRebookingRequested, `{"shipmentId":"`+rebookedID+`","collectionDate":"`+dayAfterTomorrow()+`"}`)
	result, _ = s.ended(t, rebookedID)
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, rebookedStory, s.story(t, rebookedID))
}

// dayAfterTomorrow is a day that a collection can be rebooked for.
func dayAfterTomorrow() string { return time.Now().AddDate(0, 0, 2).Format(time.DateOnly) }

// awaitsRebooking reports whether a process waits for a rebooking. Its timer is
// the only one of a day.
func (s *system) awaitsRebooking(t *testing.T, id string) bool {
	t.Helper()
	history := s.temporal.GetWorkflowHistory(t.Context(), "shipment."+id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return false
		}
		if event.GetTimerStartedEventAttributes().GetStartToFireTimeout().AsDuration() == 24*time.Hour {
			return true
		}
	}
	return false
}

// TestRequestsCancellationWhileTheCollectionIsBooked sends a cancellation during
// the workflow task that books the collection and completes the process. Temporal
// does not let a workflow close with an unhandled signal: the task runs again, now
// with the cancellation. What the first attempt published must stay true.
func TestRequestsCancellationWhileTheCollectionIsBooked(t *testing.T) {
	for _, test := range []struct {
		composition string
		delay       time.Duration
	}{
		{"none", 100 * time.Millisecond},
		{"none", 0},
		{"category", 100 * time.Millisecond},
		{"all", 100 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(test.composition, ", delay ", test.delay), func(t *testing.T) {
			id := succeeds("while-booked")
			simulator := carriers.NewServer(carriers.Simulator{Emulation: true}, "", carriers.Chaos{})
			var s *system
			var booked atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/collections" && booked.CompareAndSwap(false, true) {
					s.cancel(t, id)
				}
				simulator.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			t.Setenv("SHIPMENTS_CARRIERS", harness.CarrierTable(t, server.URL, nil))
			s = start(t, test.composition, test.delay)
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			result, _ := s.ended(t, id)
			require.NoError(t, s.temporal.GetWorkflow(t.Context(), shipment.ProcessID(id), "").Get(t.Context(), nil))
			story, effects, rejections := s.story(t, id), effectsOf(simulator), eventstest.Rejections(t, s.js)
			t.Logf("%s: %v, %v, %d rejections", result.Status, story, effects, len(rejections))
			if result.Status == shipment.Success {
				require.Equal(t, successStory, story)
				require.Equal(t, []string{"leg-1/manifest", "leg-2/manifest", "leg-1/book-collection"}, effects)
				require.Len(t, rejections, 1)
				require.Equal(t, events.CodeShipmentEnded, rejections[0].Reasons[0].Code)
				return
			}
			require.Equal(t, shipment.Cancelled, result.Status)
			require.NotContains(t, story, "completed")
			require.Subset(t, effects, []string{"leg-1/cancel-collection", "leg-1/void", "leg-2/void"})
			require.True(t, result.Cancellation.Compensation.CollectionCancelled)
			require.Empty(t, rejections)
		})
	}
}

// cancel publishes a cancellation, and returns when the consumer has acknowledged
// it. It is safe to call from any goroutine.
func (s *system) cancel(t *testing.T, id string) {
	published, err := s.js.Publish(t.Context(), events.TypeCancellationRequested, []byte(`{"specversion":"1.0","id":"x-1","source":"/team",`+
		`"type":"`+events.TypeCancellationRequested+`","data":{"shipmentId":"`+id+`","reason":"changed her mind"}}`))
	if err != nil {
		t.Error(err)
		return
	}
	assert.Eventually(t, func() bool {
		consumer, err := s.js.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
		return err == nil && consumer.CachedInfo().AckFloor.Stream == published.Sequence
	}, patience, 20*time.Millisecond, "the cancellation is acknowledged")
}

// effectsOf lists the calls that had an effect on the carriers, whatever the
// shipment.
func effectsOf(simulator *carriers.Server) []string {
	var done []string
	effects, _ := simulator.Effects()
	for _, call := range []string{"leg-1/manifest", "leg-2/manifest", "leg-1/book-collection", "leg-1/cancel-collection", "leg-1/void", "leg-2/void"} {
		for key := range effects {
			if strings.HasSuffix(key, "/"+call) {
				done = append(done, call)
			}
		}
	}
	return done
}
