package streams_test

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

func TestReadInputIgnoresForgedHeaders(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	msg := nats.NewMsg("shipments.created.abc")
	msg.Header.Set("Nats-Sequence", "abc")
	msg.Header.Set("Nats-Subject", "elsewhere")
	msg.Header.Set("Nats-Time-Stamp", "never")
	ack, err := s.JS.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	input, err := streams.ReadInput(t.Context(), s.JS, ack.Sequence)
	require.NoError(t, err)
	require.Equal(t, ack.Sequence, input.StreamSequence)
	require.Equal(t, "shipments.created.abc", input.Subject)
	require.Equal(t, []string{"abc"}, input.Headers["Nats-Sequence"])
	result, err := streams.ReadStatus(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	require.Equal(t, shipment.Pending, result.Status)
}

func TestReadInputReturnsTheMessageAsItWas(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	msg := nats.NewMsg("shipments.created.abc")
	msg.Header.Set("X-Team", "orders")
	msg.Data = []byte("{}")
	ack, err := s.JS.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	input, err := streams.ReadInput(t.Context(), s.JS, ack.Sequence)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"X-Team": {"orders"}}, input.Headers)
	require.Equal(t, []byte("{}"), input.Data)
	require.Equal(t, "shipments.created.abc", input.Subject)
	_, err = streams.ReadInput(t.Context(), s.JS, ack.Sequence+1)
	require.ErrorIs(t, err, streams.ErrNoInput)
}
