package streams_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

var knownRules = shipment.Rules{Emulation: true, Carriers: sample.Carriers()}

// heavy is an event of the shipment "abc", whose content differs with the weight.
func heavy(t *testing.T, eventID string, weight int) events.ShipmentCreated {
	t.Helper()
	s := sample.Shipment("abc", time.Now())
	s.Packages[0].WeightGrams = weight
	return events.ShipmentCreated{ID: eventID, Source: "/team", Data: s}
}

func publishUnlessConflict(t *testing.T, p *streams.Publisher, created events.ShipmentCreated) error {
	t.Helper()
	ev, err := events.NewCreated(created.ID, created.Source, time.Now(), created.Data)
	if err != nil {
		return err
	}
	_, err = p.PublishUnlessConflict(t.Context(), ev, created, knownRules)
	return err
}

func TestPublishUnlessConflictKnowsContent(t *testing.T) {
	t.Parallel()
	// What the streams hold of the shipment before.
	stored := func(created events.ShipmentCreated) func(*testing.T, *eventstest.Server, *streams.Publisher) {
		return func(t *testing.T, _ *eventstest.Server, p *streams.Publisher) {
			t.Helper()
			ev, err := events.NewCreated(created.ID, created.Source, time.Now(), created.Data)
			require.NoError(t, err)
			_, err = p.PublishCreated(t.Context(), ev, "abc")
			require.NoError(t, err)
		}
	}
	garbage := func(t *testing.T, s *eventstest.Server, _ *streams.Publisher) {
		t.Helper()
		_, err := s.JS.Publish(t.Context(), "shipments.created.abc", []byte("garbage"))
		require.NoError(t, err)
	}
	rejectedInput := func(sequence uint64) func(*testing.T, *eventstest.Server, *streams.Publisher) {
		return func(t *testing.T, s *eventstest.Server, _ *streams.Publisher) {
			t.Helper()
			input, err := streams.ReadInput(t.Context(), s.JS, sequence)
			require.NoError(t, err)
			require.NoError(t, streams.NewPublisher(s.JS, publicURL).Reject(t.Context(), events.Rejection{
				ShipmentID: "abc", Input: input, Reasons: []shipment.Reason{{Code: events.CodeProcessEnded, Message: "x"}},
			}))
		}
	}
	ledger := func(created events.ShipmentCreated) func(*testing.T, *eventstest.Server, *streams.Publisher) {
		return func(t *testing.T, _ *eventstest.Server, p *streams.Publisher) {
			t.Helper()
			_, err := p.PublishOnce(t.Context(), events.Outcome{
				Lineage: events.Lineage{ShipmentID: "abc", RunID: "r", CausationID: "x", CorrelationID: "x"}, Type: events.TypeAccepted, Sequence: 1, Time: time.Now(),
				Data: events.Accepted{ShipmentID: "abc", Trigger: created.Ref(), ContentDigest: created.Data.Digest()},
			})
			require.NoError(t, err)
		}
	}
	type before = []func(*testing.T, *eventstest.Server, *streams.Publisher)
	tests := map[string]struct {
		before before
		known  string // the event whose content differs; empty if none does
	}{
		"nothing":                            {},
		"garbage":                            {before: before{garbage}},
		"the same content":                   {before: before{stored(heavy(t, "e-1", 1000))}},
		"other content":                      {before: before{stored(heavy(t, "e-1", 2000))}, known: "e-1"},
		"other content behind garbage":       {before: before{garbage, stored(heavy(t, "e-1", 2000))}, known: "e-1"},
		"other content in front of the same": {before: before{stored(heavy(t, "e-1", 2000)), stored(heavy(t, "e-2", 1000))}, known: "e-1"},
		"other content behind the same":      {before: before{stored(heavy(t, "e-1", 1000)), stored(heavy(t, "e-2", 2000))}},
		"other content that was rejected":    {before: before{stored(heavy(t, "e-1", 2000)), rejectedInput(1)}},
		"the same in the ledger":             {before: before{ledger(heavy(t, "e-1", 1000)), stored(heavy(t, "e-2", 2000))}},
		"other content in the ledger":        {before: before{ledger(heavy(t, "e-1", 2000))}, known: "e-1"},
		"other content without the id, pending": {before: before{func(t *testing.T, s *eventstest.Server, _ *streams.Publisher) {
			t.Helper()
			ev, err := events.NewCreated("e-1", "/team", time.Now(), heavy(t, "e-1", 2000).Data)
			require.NoError(t, err)
			body, err := json.Marshal(ev)
			require.NoError(t, err)
			_, err = s.JS.Publish(t.Context(), events.TypeCreated, body)
			require.NoError(t, err)
		}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := eventstest.StartProvisioned(t)
			publisher := streams.NewPublisher(s.JS, publicURL)
			for _, do := range test.before {
				do(t, s, publisher)
			}
			count := len(s.Messages(t, events.StreamShipments, ">"))
			err := publishUnlessConflict(t, publisher, heavy(t, "e-9", 1000))
			if test.known == "" {
				require.NoError(t, err)
				require.Len(t, s.Messages(t, events.StreamShipments, ">"), count+1)
				require.NoError(t, publishUnlessConflict(t, publisher, heavy(t, "e-9", 1000)))
				require.Len(t, s.Messages(t, events.StreamShipments, ">"), count+1, "repeated")
				return
			}
			var conflict *streams.ContentConflictError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, events.EventRef{ID: test.known, Source: "/team"}, conflict.Known)
			_, failing := publisher.Failing()
			require.NoError(t, failing)
			require.Len(t, s.Messages(t, events.StreamShipments, ">"), count)
		})
	}
}

func TestPublishUnlessConflictStoresOneOfManyContents(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	var stored atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		created := heavy(t, fmt.Sprintf("e-%d", i), 1000+i)
		all.Go(func() {
			if publishUnlessConflict(t, publisher, created) == nil {
				stored.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, stored.Load())
	require.Len(t, s.Messages(t, events.StreamShipments, ">"), 1)
}
