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

	"shipments/activities/carriers"
	"shipments/cmd/devstack/harness"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

// TestACancellationWhileTheCollectionIsBooked has a cancellation arrive in the
// middle of the task that books the collection and completes the process.
// Temporal refuses to close a workflow that something has arrived for meanwhile:
// the whole task is done again, with the cancellation in sight. What it has told
// the world by then has to stay true.
func TestACancellationWhileTheCollectionIsBooked(t *testing.T) {
	for _, test := range []struct {
		composition string
		delay       time.Duration
	}{
		{"none", 100 * time.Millisecond},
		{"none", 0},
		{"category", 100 * time.Millisecond},
		{"all", 100 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(test.composition, " ", test.delay), func(t *testing.T) {
			const id = "cwhilex"
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

// cancel publishes a cancellation, and returns when the consumer has taken it
// to its process. It may be called from any goroutine.
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
	}, patience, 20*time.Millisecond, "the cancellation was not acknowledged")
}

// effectsOf are what the carriers have done, without the shipment.
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
