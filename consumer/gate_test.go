package consumer_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

func TestConsumerAtTheGate(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{}, func(c *consumer.Config) { c.Settings.Rules = eventstest.GateRules() })
	cases := eventstest.GateCases(t)
	for _, c := range cases {
		event := `{"specversion": "1.0", "type": "shipments.created", "source": "/team", "id": "e-1", "data": ` + string(c.Data) + `}`
		_, err := b.JS.Publish(t.Context(), events.Subject(events.TypeCreated, c.ID), []byte(event))
		require.NoError(t, err)
	}
	b.settled(t)
	accepted := map[string]shipment.Shipment{}
	for _, signal := range b.started {
		accepted[signal.Event.Data.ShipmentID] = signal.Event.Data
	}
	rejected := map[string]streams.StoredRejection{}
	for _, r := range b.Rejections(t) {
		rejected[r.ShipmentID] = r
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			s, isAccepted := accepted[c.ID]
			if c.Code == "" {
				require.True(t, isAccepted, "%v", rejected[c.ID].Reasons)
				c.RequireAccepted(t, s)
				return
			}
			require.False(t, isAccepted)
			c.RequireRejected(t, rejected[c.ID].Reasons)
		})
	}
}

// The same shipment in other words is a repeat, other content is a conflict: both
// are recognised by the digest that goes into the memo.
func TestConsumerGivesTheSameShipmentTheSameDigest(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	for i, name := range []string{"Müller", "Mu\u0308ller", " M\u00fcller\u200b", "M\u00ad\u00fcller"} {
		b.publish(t, fmt.Sprintf("e-%d", i), "c1", func(s *shipment.Shipment) { s.Legs[0].Receiver.Name = name })
	}
	b.settled(t)
	require.Empty(t, b.Rejections(t))
	require.Len(t, b.started, 4)
	for _, signal := range b.started {
		require.Equal(t, b.started[0].Event.Data.Digest(), signal.Event.Data.Digest())
	}
}
