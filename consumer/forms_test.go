package consumer_test

import (
	"encoding/json"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment/sample"
)

func TestConsumerTakesEventsInEveryForm(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	forms := eventstest.Forms(t)
	for _, form := range forms {
		_, err := b.JS.PublishMsg(t.Context(), &nats.Msg{Subject: events.TypeCreated, Header: form.Header, Data: form.Body})
		require.NoError(t, err)
	}
	b.settled(t)

	started := map[string]int{}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, signal := range b.started {
		started[signal.Event.Data.ShipmentID]++
	}
	rejected := map[uint64]string{}
	for _, r := range b.Rejections(t) {
		require.NotEmpty(t, r.Reasons[0].Message)
		rejected[r.Input.StreamSequence] = r.Reasons[0].Code
	}
	for i, form := range forms {
		t.Run(form.Name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, form.Code, rejected[uint64(i+1)])
			if form.Code == "" {
				require.Equal(t, 1, started[form.ShipmentID])
			}
		})
	}
}

func TestConsumerRejectsOtherSubjectsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	ev, err := events.NewCreated("e-1", "/team", now, sample.Shipment("c1", now))
	require.NoError(t, err)
	body, err := json.Marshal(ev)
	require.NoError(t, err)
	subjects := []string{"shipments.created.eu.c1", "shipments.created.c1.eu", "shipments.created.other", "shipments.cancellation-requested.eu.c1"}
	for _, subject := range subjects { // as `nats pub` does: nobody confirms
		require.NoError(t, b.JS.Conn().Publish(subject, body))
	}
	b.publish(t, "e-1", "c1")
	b.stored(t, uint64(len(subjects)+1))
	b.settled(t)

	rejections := b.Rejections(t)
	require.Len(t, rejections, len(subjects))
	for i, r := range rejections {
		require.Equal(t, subjects[r.Input.StreamSequence-1], r.Input.Subject, i)
		require.Equal(t, "c1", r.ShipmentID)
		require.Len(t, r.Reasons, 1)
		require.Equal(t, events.CodeSubjectMismatch, r.Reasons[0].Code)
		require.Contains(t, r.Reasons[0].Message, "publish it to shipments.created or shipments.created.c1")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Len(t, b.started, 1, "the one on its own subject")
}
