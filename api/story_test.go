package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

// outcome stores an outcome event of a shipment.
func (b *bundle) outcome(t *testing.T, id, eventType string, data any) {
	t.Helper()
	_, err := streams.NewPublisher(b.JS, "http://api.test").PublishOnce(t.Context(), events.Outcome{
		Lineage: events.Lineage{ShipmentID: id, RunID: "r", CausationID: "c", CorrelationID: "c"},
		Type:    eventType, Sequence: 1, Time: time.Now(), Data: data,
	})
	require.NoError(t, err)
}

func (b *bundle) accepted(t *testing.T, id string) {
	t.Helper()
	b.outcome(t, id, events.TypeAccepted, events.Accepted{ShipmentID: id, Category: shipment.Domestic, RunID: "r"})
}

func (b *bundle) cancelled(t *testing.T, id string) {
	t.Helper()
	b.outcome(t, id, events.TypeCancelled, events.Cancelled{ShipmentID: id, Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{Reason: "r"}})
}

type storyEvent struct {
	Position string       `json:"position"`
	Stream   string       `json:"stream"`
	Sequence uint64       `json:"sequence"`
	Type     string       `json:"type"`
	Event    *event.Event `json:"event"`
	Data     []byte       `json:"data"`
}

func (b *bundle) story(t *testing.T, id string) (found []storyEvent) {
	t.Helper()
	got := b.do(t, http.MethodGet, "/shipments/"+id+"/events", "", "")
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	var reply struct {
		Events []storyEvent `json:"events"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &reply))
	return reply.Events
}

func TestAPIStory(t *testing.T) {
	t.Parallel()
	b := setupIndexed(t)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/shipments/1a/events", "", "").StatusCode)
	require.Equal(t, http.StatusBadRequest, b.do(t, http.MethodGet, "/shipments/a.b/events", "", "").StatusCode)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	b.accepted(t, "1a")
	_, err := b.JS.Publish(t.Context(), "shipments.created.1a", []byte("not json"))
	require.NoError(t, err)
	require.NoError(t, streams.NewPublisher(b.JS, "http://api.test").Reject(t.Context(), events.Rejection{
		ShipmentID: "1a", Reasons: []shipment.Reason{{Code: events.CodeConflict, Message: "m"}},
		Input: events.Input{Stream: events.StreamShipments, StreamSequence: 2, Subject: "shipments.created.1a", Data: []byte("not json")},
	}))
	b.cancelled(t, "1a")
	story := b.story(t, "1a")
	var types, positions []string
	for _, e := range story {
		types = append(types, strings.TrimPrefix(e.Type, "shipments."))
		positions = append(positions, e.Position)
	}
	require.Equal(t, []string{"created", "accepted", "created", "rejected", "cancelled"}, types)
	require.Equal(t, []string{"1.0.0", "1.1.0", "2.1.0", "2.1.1", "2.2.1"}, positions)
	require.Equal(t, events.TypeCreated, story[0].Event.Type())
	require.Nil(t, story[2].Event)
	require.Equal(t, "not json", string(story[2].Data))

	t.Run("an input without an id in its subject", func(t *testing.T) {
		sample := string(story[0].Event.Data())
		_, err := b.JS.Publish(t.Context(), "shipments.created",
			[]byte(`{"specversion":"1.0","id":"9","source":"/x","type":"shipments.created","data":`+strings.ReplaceAll(sample, `"1a"`, `"1b"`)+`}`))
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return b.do(t, http.MethodGet, "/shipments/1b/events", "", "").StatusCode == http.StatusOK
		}, 10*time.Second, 10*time.Millisecond)
		require.Len(t, b.story(t, "1b"), 1)
	})
}

// follow opens the event stream of a shipment and returns its events.
func (b *bundle) follow(t *testing.T, id, lastEvent string) <-chan storyEvent {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/shipments/"+id+"/events", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Last-Event-ID", lastEvent)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	require.Equal(t, "no", response.Header.Get("X-Accel-Buffering"))
	found := make(chan storyEvent, 100)
	go func() {
		defer close(found)
		defer response.Body.Close()
		id := ""
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = text
			}
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e storyEvent
				if json.Unmarshal([]byte(text), &e) == nil && e.Position == id {
					found <- e
				}
			}
		}
	}()
	return found
}

func next(t *testing.T, found <-chan storyEvent) storyEvent {
	t.Helper()
	select {
	case e, more := <-found:
		require.True(t, more, "the stream has ended")
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("no event came")
		return storyEvent{}
	}
}

func TestAPIFollowsAStory(t *testing.T) {
	t.Parallel()
	b := setupIndexed(t)
	found := b.follow(t, "1a", "")
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	require.Equal(t, events.TypeCreated, next(t, found).Type)
	b.accepted(t, "1a")
	accepted := next(t, found)
	require.Equal(t, events.TypeAccepted, accepted.Type)
	b.cancelled(t, "1a")
	require.Equal(t, events.TypeCancelled, next(t, found).Type)

	resumed := b.follow(t, "1a", accepted.Position)
	require.Equal(t, events.TypeCancelled, next(t, resumed).Type, "what came after the last event")
	made := b.follow(t, "1a", "0.99999.99999")
	require.Equal(t, events.TypeCreated, next(t, made).Type)
	require.Equal(t, events.TypeAccepted, next(t, made).Type, "the position is of streams that were there before")
	got := b.do(t, http.MethodHead, "/shipments/1a/events", "", "", "Accept", "text/event-stream")
	require.Equal(t, http.StatusOK, got.StatusCode, "and it ends")
	got = b.do(t, http.MethodGet, "/shipments/1a/events", "", "", "Accept", "text/event-stream", "Last-Event-ID", "x")
	require.Equal(t, http.StatusBadRequest, got.StatusCode)
}

func TestAPIStatusWaits(t *testing.T) {
	t.Parallel()
	b := setupIndexed(t)
	type reply struct {
		status int
		body   string
	}
	wait := func(path string) <-chan reply {
		found := make(chan reply, 1)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, nil)
		require.NoError(t, err)
		go func() {
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				found <- reply{body: err.Error()}
				return
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			found <- reply{response.StatusCode, string(text)}
		}()
		return found
	}
	t.Run("for the end of a shipment that is not known yet", func(t *testing.T) {
		waiting := wait("/1a?wait=30s")
		require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
		b.accepted(t, "1a")
		b.cancelled(t, "1a")
		got := <-waiting
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Contains(t, got.body, string(shipment.Cancelled))
	})
	t.Run("no longer than it is asked to", func(t *testing.T) {
		require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1b", "", "").StatusCode)
		got := <-wait("/shipments/1b?wait=50ms")
		require.Contains(t, got.body, string(shipment.Pending))
		require.Equal(t, http.StatusNotFound, (<-wait("/1c?wait=50ms")).status)
	})
	for _, wrong := range []string{"x", "-1s", "61s", "1"} {
		require.Equal(t, http.StatusBadRequest, b.do(t, http.MethodGet, "/1b?wait="+wrong, "", "").StatusCode, wrong)
	}
}
