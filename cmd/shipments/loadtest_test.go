package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
)

func TestLoadtestWithoutHosts(t *testing.T) {
	s := setup(t)
	file := filepath.Join(t.TempDir(), "report.json")
	out, err := shipments(t, "loadtest", "--workers", "2", "--shipments", "3", "--rate", "100", "--categories", "domestic,international",
		"--timeout", "100ms", "--collection-delay", "0s", "--json", file)
	require.ErrorIs(t, err, exitCodeError(1))
	require.Contains(t, out, "6 lost")
	require.Contains(t, out, "no shipment was accepted: do hosts run")
	require.Len(t, s.Messages(t, events.StreamShipments, "shipments.created.*"), 6)

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var report map[string]any // other programs read it: the names count
	require.NoError(t, json.Unmarshal(text, &report))
	require.EqualValues(t, 6, report["published"])
	require.EqualValues(t, 6, report["lost"])
	require.EqualValues(t, 0, report["doubled"])
	require.EqualValues(t, 0, report["throughput"])
	require.Equal(t, false, report["ok"])
	require.Equal(t, []any{"domestic", "international"}, report["categories"])
	require.Contains(t, report["latenciesMs"], "collectionBooked")
}

func TestLoadtestArguments(t *testing.T) {
	setup(t)
	_, err := shipments(t, "loadtest", "--rate", "5", "--delay", "1s")
	require.ErrorContains(t, err, "--delay and --rate exclude each other")
	_, err = shipments(t, "loadtest", "--rate", "0")
	require.ErrorContains(t, err, "--rate is 0: it has to be positive")
	_, err = shipments(t, "loadtest", "--categories", "abroad")
	require.ErrorContains(t, err, "is none of domestic, international, international-pt")
	_, err = shipments(t, "loadtest", "--json", filepath.Join(t.TempDir(), "missing", "report.json"))
	require.ErrorContains(t, err, "no such file or directory")
}
