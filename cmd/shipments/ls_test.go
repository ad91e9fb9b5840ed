package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/api/index"
	"shipments/events"
	"shipments/shipment"
)

func TestListShipments(t *testing.T) {
	setup(t)
	_, err := shipments(t, "publish", "1abc", "2def", "c3")
	require.NoError(t, err)
	out, err := shipments(t, "ls", "--since", "1h")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3, "no terminal: JSON lines")
	var newest index.Shipment
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &newest))
	require.Equal(t, "c3", newest.ShipmentID)
	require.Equal(t, shipment.Pending, newest.Status)
	out, err = shipments(t, "ls", "--json=false", "-q", "1", "--limit", "1")
	require.NoError(t, err)
	require.Contains(t, out, "1abc      Pending  validation")
	require.Contains(t, out, "1 of 1 shipments.")
	for wrong, message := range map[string]string{"--status=Done": "status: use Pending", "--limit=0": "less than 1", "--since=x": "since: use a time"} {
		_, err = shipments(t, "ls", wrong)
		require.ErrorContains(t, err, message)
	}
}

func TestRequestsArePublished(t *testing.T) {
	s := setup(t)
	t.Setenv("NATS_USER", "ada")
	t.Setenv("NATS_PASSWORD", "secret") // The server of this test lets everybody in.
	_, err := shipments(t, "cancel", "1abc", "--reason", "r")
	require.ErrorContains(t, err, "no shipment with id 1abc is known")
	_, err = shipments(t, "publish", "1abc")
	require.NoError(t, err)
	out, err := shipments(t, "cancel", "1abc", "--reason", "no longer wanted")
	require.NoError(t, err)
	require.Contains(t, out, "requested for 1abc")
	_, err = shipments(t, "rebook", "1abc", "--date", "2030-01-16")
	require.NoError(t, err)
	stored := s.Messages(t, events.StreamShipments, "shipments.*.1abc")
	require.Len(t, stored, 3)
	var want []events.Request
	for _, msg := range stored[1:] {
		ev, reasons := events.Decode(msg.Header, msg.Data)
		require.Empty(t, reasons)
		request, reasons := events.ParseRequest(ev, msg.Subject)
		require.Empty(t, reasons)
		want = append(want, request)
		require.Equal(t, "ada", ev.Extensions()[events.PrincipalAttribute])
	}
	require.Equal(t, "no longer wanted", want[0].Reason)
	require.Equal(t, "2030-01-16", want[1].CollectionDate)
	for _, args := range [][]string{{"cancel", "1abc"}, {"rebook", "1abc"}, {"rebook", "1abc", "--date", "tomorrow"}, {"cancel", "a.b", "--reason", "r"}} {
		_, err := shipments(t, args...)
		require.Error(t, err, args)
	}
}

func TestStatusWaitHasALimit(t *testing.T) {
	setup(t)
	_, err := shipments(t, "publish", "1abc")
	require.NoError(t, err)
	_, err = shipments(t, "status", "--wait", "--timeout", "100ms", "1abc")
	require.ErrorIs(t, err, exitCodeError(3))
}
