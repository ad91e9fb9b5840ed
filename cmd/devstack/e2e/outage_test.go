package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/emulation"
)

// failStoring has a stream store no messages while it does something. Its messages
// can be read.
func (s *system) failStoring(t *testing.T, stream string, do func()) {
	t.Helper()
	var handle jetstream.Stream
	eventually(t, func() (provisioned bool) {
		var err error
		handle, err = s.js.Stream(t.Context(), stream)
		return err == nil
	}, "stream %s is not there", stream)
	config := handle.CachedInfo().Config
	failing := config
	failing.MaxMsgSize = 1
	_, err := s.js.UpdateStream(t.Context(), failing)
	require.NoError(t, err)
	do()
	_, err = s.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
}

// attempts returns how often a workflow's pending activity was tried.
func (s *system) attempts(t *testing.T, workflowID string) int32 {
	t.Helper()
	d, err := s.temporal.DescribeWorkflowExecution(t.Context(), workflowID, "")
	if err != nil || len(d.GetPendingActivities()) == 0 {
		return 0
	}
	return d.GetPendingActivities()[0].GetAttempt()
}

// TestOutageDoesNotLengthenHistories checks that attempts that fail add nothing to
// a history, so that an outage may last for days.
func TestOutageDoesNotLengthenHistories(t *testing.T) {
	bounded := func(t *testing.T, s *system, workflowID string) {
		t.Helper()
		eventually(t, func() bool { return s.attempts(t, workflowID) >= 2 }, "the server retries")
		before := len(s.history(t, workflowID).GetEvents())
		require.Less(t, before, 40)
		eventually(t, func() bool { return s.attempts(t, workflowID) >= 4 }, "the server retries again and again")
		require.Len(t, s.history(t, workflowID).GetEvents(), before)
	}
	t.Run("of publications", func(t *testing.T) {
		s := start(t, "none", 200*time.Millisecond)
		id := emulation.NewID(emulation.International, "publication", emulation.Succeeds)
		s.failStoring(t, events.StreamEvents, func() {
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			bounded(t, s, shipment.ProcessID(id))
		})
		result, _ := s.ended(t, id)
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, successStory, s.story(t, id))
	})
	t.Run("of documents, until it is cancelled", func(t *testing.T) {
		s := start(t, "all", 200*time.Millisecond)
		id := emulation.NewID(emulation.International, "documents", emulation.Succeeds)
		s.failStoring(t, "OBJ_"+documents.Bucket, func() {
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			bounded(t, s, shipment.ProcessID(id)+".documents")
			s.cancel(t, id)
			result, _ := s.ended(t, id)
			require.Equal(t, shipment.Cancelled, result.Status)
			require.Len(t, result.Cancellation.Compensation.Voided, 2)
		})
		require.Equal(t, []string{"accepted", "manifested", "manifestation-voided", "cancelled"}, s.story(t, id))
	})
}
