package streams_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

func declined(id, run string, occurrence int) events.Outcome {
	return events.Outcome{
		Lineage: lineage(id, run), Type: events.TypeCollectionDeclined, Occurrence: occurrence, Sequence: 3 + occurrence, Time: now,
		Data: events.CollectionDeclined{
			ShipmentID: id, CollectionDate: "2026-11-24", Faults: []shipment.Fault{*shipment.NewFault("no", "1: no")},
		},
	}
}

func TestPublishOnceStoresEachOccurrenceOnce(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	s.ShortenDuplicateWindow(t, events.StreamEvents) // What follows does not depend on it.
	publisher := streams.NewPublisher(s.JS, publicURL)
	sequences := map[int]uint64{}
	for _, occurrence := range []int{1, 1, 2, 1, 3, 2, 3, 1} { // retries also come late
		sequence, err := publisher.PublishOnce(t.Context(), declined("abc", "run-1", occurrence))
		require.NoError(t, err)
		if first, again := sequences[occurrence]; again {
			require.Equal(t, first, sequence)
		}
		sequences[occurrence] = sequence
	}
	stored := s.Messages(t, events.StreamEvents, "shipments.collection-declined.abc")
	require.Len(t, stored, 3)
	for i, msg := range stored {
		ev, reasons := events.Decode(msg.Header, msg.Data)
		require.Empty(t, reasons)
		require.Equal(t, lineage("abc", "run-1").EventID(events.TypeCollectionDeclined, i+1), ev.ID())
		require.Empty(t, events.ValidateData(ev.Type(), ev.Data()))
	}
}

func TestPublishOnceStoresEachOccurrenceOnceForManyAtOnce(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	var all sync.WaitGroup
	for occurrence := range 3 {
		for range 10 {
			all.Go(func() {
				if _, err := publisher.PublishOnce(t.Context(), declined("abc", "run-1", occurrence+1)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	require.Len(t, s.Messages(t, events.StreamEvents, "shipments.collection-declined.abc"), 3)
}

func TestPublishOnceReturnsTheOccurrenceOfAnotherRun(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	_, err := publisher.PublishOnce(t.Context(), declined("abc", "run-1", 1))
	require.NoError(t, err)
	for _, occurrence := range []int{1, 2} {
		_, err = publisher.PublishOnce(t.Context(), declined("abc", "run-2", occurrence))
		var conflict *streams.OutcomeConflictError
		require.ErrorAs(t, err, &conflict)
	}
	require.Len(t, s.Messages(t, events.StreamEvents, "shipments.collection-declined.abc"), 1)
}

func TestPublishOnceNumbersOnlyWhatRepeats(t *testing.T) {
	t.Parallel()
	publisher := streams.NewPublisher(eventstest.StartProvisioned(t).JS, publicURL)
	_, err := publisher.PublishOnce(t.Context(), declined("abc", "run-1", 0))
	require.ErrorContains(t, err, "occurrence 0")
	once := manifested("abc", "run-1")
	once.Occurrence = 1
	_, err = publisher.PublishOnce(t.Context(), once)
	require.ErrorContains(t, err, "occurrence 1")
}
