package streams_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

// rejectOn stores the rejection of an input on a subject.
func rejectOn(t *testing.T, s *eventstest.Server, subject, id, code string) {
	t.Helper()
	ack, err := s.JS.Publish(t.Context(), subject, []byte(subject+id+code))
	require.NoError(t, err)
	require.NoError(t, streams.NewPublisher(s.JS, publicURL).Reject(t.Context(), events.Rejection{
		ShipmentID: id, Reasons: []shipment.Reason{{Code: code, Message: "no"}}, Input: stored(t, s, ack.Sequence),
	}))
}

func happened(t *testing.T, s *eventstest.Server, id, eventType string, data any) {
	t.Helper()
	_, err := streams.NewPublisher(s.JS, publicURL).PublishOnce(t.Context(), events.Outcome{
		Lineage: events.Lineage{ShipmentID: id, RunID: "r", CausationID: "x", CorrelationID: "x"}, Type: eventType, Sequence: 1, Time: now, Data: data,
	})
	require.NoError(t, err)
}

func standings(t *testing.T, s *eventstest.Server) []streams.RejectionStanding {
	t.Helper()
	all, err := streams.Standings(t.Context(), s.JS, s.Rejections(t))
	require.NoError(t, err)
	return all
}

func TestStandingsSayWhatIsSuperseded(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	happened(t, s, "before", events.TypeAccepted, events.Accepted{ShipmentID: "before"})
	rejectOn(t, s, "shipments.created", "c1", events.CodeSchemaViolation)
	rejectOn(t, s, "shipments.created.eu.c1", "c1", events.CodeSubjectMismatch)
	rejectOn(t, s, "shipments.created.c2", "c2", events.CodeSchemaViolation)
	rejectOn(t, s, "shipments.created", "", events.CodeInvalidJSON)
	rejectOn(t, s, "shipments.created", "before", events.CodeSchemaViolation)
	rejectOn(t, s, "shipments.created", "c1", events.CodeConflict)
	rejectOn(t, s, "shipments.cancellation-requested", "c1", events.CodeUnknownShipment)
	rejectOn(t, s, "shipments.collection-rebooking-requested", "c1", events.CodeNotRebookable)
	rejectOn(t, s, "shipments.collection-rebooking-requested", "c2", events.CodeNotRebookable)
	for _, standing := range standings(t, s) {
		require.Equal(t, streams.RejectionStanding{State: streams.RejectionOpen}, standing)
	}
	happened(t, s, "c1", events.TypeAccepted, events.Accepted{ShipmentID: "c1"})
	happened(t, s, "c1", events.TypeCancelled, events.Cancelled{ShipmentID: "c1"})
	happened(t, s, "c2", events.TypeCollectionBooked, events.CollectionBooked{ShipmentID: "c2"})

	superseded := func(by string) streams.RejectionStanding {
		return streams.RejectionStanding{State: streams.RejectionSuperseded, SupersededBy: by}
	}
	open := streams.RejectionStanding{State: streams.RejectionOpen}
	require.Equal(t, []streams.RejectionStanding{
		superseded(events.TypeAccepted), superseded(events.TypeAccepted), open, open, open, open,
		superseded(events.TypeCancelled), open, superseded(events.TypeCollectionBooked),
	}, standings(t, s))
}

func TestStandingsSayWhatWasReplayed(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	const many = 260 // more than are read at once
	for i := range many {
		rejectOn(t, s, "shipments.created", fmt.Sprintf("c%d", i), events.CodeSchemaViolation)
	}
	rejections := s.Rejections(t)
	var all sync.WaitGroup
	for _, i := range []int{0, 7, 255} {
		all.Go(func() {
			if _, err := publisher.Replay(t.Context(), rejections[i].Rejection, "run-1", ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	replayed := map[int]uint64{}
	for i, standing := range standings(t, s) {
		if standing.State != streams.RejectionOpen {
			require.Equal(t, streams.RejectionReplayed, standing.State)
			require.Equal(t, rejections[i].Input.Data, stored(t, s, standing.ReplayedAs).Data)
			replayed[i] = standing.ReplayedAs
		}
	}
	require.Len(t, replayed, 3)

	t.Run("what is rejected again is another one, and open", func(t *testing.T) {
		again := reject(t, s, replayed[7])
		found, err := streams.Standings(t.Context(), s.JS, []streams.StoredRejection{again, rejections[7]})
		require.NoError(t, err)
		require.Equal(t, streams.RejectionOpen, found[0].State)
		require.Equal(t, "open", found[0].String())
		require.Equal(t, fmt.Sprintf("replayed as SHIPMENTS sequence %d", replayed[7]), found[1].String())
	})
	t.Run("the last replay counts", func(t *testing.T) {
		ack, err := publisher.Replay(t.Context(), rejections[0].Rejection, "run-2", "")
		require.NoError(t, err)
		found, err := streams.Standings(t.Context(), s.JS, rejections[:1])
		require.NoError(t, err)
		require.Equal(t, ack.Sequence, found[0].ReplayedAs)
	})
	t.Run("a mark that somebody deleted or spoilt is none", func(t *testing.T) {
		bucket, err := s.JS.KeyValue(t.Context(), streams.ReplayBucket)
		require.NoError(t, err)
		require.NoError(t, bucket.Delete(t.Context(), rejections[0].EventID()))
		_, err = bucket.PutString(t.Context(), rejections[255].EventID(), "x")
		require.NoError(t, err)
		found, err := streams.Standings(t.Context(), s.JS, []streams.StoredRejection{rejections[0], rejections[255]})
		require.NoError(t, err)
		require.Equal(t, streams.RejectionOpen, found[0].State)
		require.Equal(t, streams.RejectionOpen, found[1].State)
	})
}

func TestReplayWithoutAMarkIsAnError(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	rejectOn(t, s, "shipments.created", "c1", events.CodeSchemaViolation)
	publisher, rejection := streams.NewPublisher(s.JS, publicURL), s.Rejections(t)[0].Rejection
	require.NoError(t, s.JS.DeleteKeyValue(t.Context(), streams.ReplayBucket))
	_, err := publisher.Replay(t.Context(), rejection, "run", "")
	require.ErrorContains(t, err, "look up bucket shipment-replays")
	require.Len(t, s.Messages(t, events.StreamShipments, ">"), 1, "nothing was published")
	require.Equal(t, streams.RejectionOpen, standings(t, s)[0].State)

	_, err = s.JS.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: streams.ReplayBucket, MaxBytes: 1})
	require.NoError(t, err)
	_, err = publisher.Replay(t.Context(), rejection, "run", "")
	require.ErrorContains(t, err, "mark the rejection as replayed")
	require.Len(t, s.Messages(t, events.StreamShipments, ">"), 2, "it was published")
	require.Equal(t, streams.RejectionOpen, standings(t, s)[0].State)
}

func TestStandingsNeedTheStreams(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	rejectOn(t, s, "shipments.created", "c1", events.CodeSchemaViolation)
	rejections := s.Rejections(t)
	require.NoError(t, s.JS.DeleteStream(t.Context(), events.StreamEvents))
	_, err := streams.Standings(t.Context(), s.JS, rejections)
	require.ErrorContains(t, err, "superseded")
	found, err := streams.Standings(t.Context(), s.JS, nil)
	require.NoError(t, err)
	require.Empty(t, found)
}
