package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

func TestConsumerIgnoresRepeatsAndRejectsConflicts(t *testing.T) {
	start(t, "all", 500*time.Millisecond).repeatAndConflict(t)
}

// repeatAndConflict publishes a shipment several times, with the same content and
// with other content. Nothing has been rejected before.
func (s *system) repeatAndConflict(t *testing.T) {
	t.Helper()
	now := time.Now()
	id := succeeds("repeated")
	publish := func(eventID string, weight int) {
		t.Helper()
		content := sample.Shipment(id, now)
		content.Packages[0].WeightGrams = weight
		ev, err := events.NewCreated(eventID, "/team/orders", now, content)
		require.NoError(t, err)
		body, err := json.Marshal(ev)
		require.NoError(t, err)
		_, err = s.js.Publish(t.Context(), "shipments.created", body)
		require.NoError(t, err)
	}
	publish("e-1", 1000)
	s.drained(t) // Of several events that wait together, any could be the first.
	publish("e-1", 1000)
	publish("e-2", 1000)
	publish("e-3", 2000) // Other content while the process runs.
	s.checkEnd(t, id)
	publish("e-1", 1000)
	publish("e-4", 1000)
	publish("e-5", 3000) // Other content after it has ended.
	s.drained(t)
	eventually(t, func() bool { return len(eventstest.Rejections(t, s.js)) >= 2 }, "two conflicts")
	require.Len(t, eventstest.Rejections(t, s.js), 2)
	for _, r := range eventstest.Rejections(t, s.js) {
		require.Equal(t, events.CodeConflict, r.Reasons[0].Code)
	}
	require.Equal(t, successStory, s.story(t, id))
	require.Len(t, s.executions(t, id), 8)
}

func TestConsumerRejectsInvalidEventsAndGoesOn(t *testing.T) {
	start(t, "none", 200*time.Millisecond).publishInvalid(t)
}

// publishInvalid publishes invalid events, and then a shipment.
func (s *system) publishInvalid(t *testing.T) {
	t.Helper()
	before := len(eventstest.Rejections(t, s.js))
	for _, body := range []string{
		"not json",
		`{"id":"1","source":"/team","type":"shipments.created","data":{}}`,
		`{"specversion":"1.0","id":"1","source":"/team","type":"shipments.created","data":{"shipmentId":"abc"}}`,
	} {
		_, err := s.js.Publish(t.Context(), "shipments.created", []byte(body))
		require.NoError(t, err)
	}
	elsewhere, err := events.NewCreated("e-1", "/team/orders", time.Now(), sample.Shipment("elsewhere", time.Now()))
	require.NoError(t, err)
	body, err := json.Marshal(elsewhere)
	require.NoError(t, err)
	require.NoError(t, s.js.Conn().Publish("shipments.created.eu.elsewhere", body)) // as `nats pub` does
	after := emulation.NewID(emulation.Domestic, "after", emulation.Succeeds)
	status, _ := s.do(t, http.MethodPost, "/"+after)
	require.Equal(t, http.StatusAccepted, status)
	s.checkEnd(t, after)
	s.drained(t)
	codes := map[string]int{}
	for _, r := range eventstest.Rejections(t, s.js)[before:] {
		codes[r.Reasons[0].Code]++
	}
	require.Equal(t, map[string]int{events.CodeInvalidJSON: 1, events.CodeMissingAttribute: 1, events.CodeSchemaViolation: 1, events.CodeSubjectMismatch: 1}, codes)
	result, _ := s.ended(t, "abc")
	require.Equal(t, shipment.Rejected, result.Status)
}
