package harness

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events/eventstest/ports"
	"shipments/shipment/sample"
)

// Port returns a port that is held until the test ends, for a server that comes
// back on the same port, or that cannot be asked for its address.
func Port(t testing.TB) *ports.Port {
	t.Helper()
	port, err := ports.Hold()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, port.Release()) })
	return port
}

// CarrierTable writes a table of the demo's carriers, whose systems are at a
// URL (simulated without one), with settings added to each, and returns its file.
func CarrierTable(t testing.TB, url string, settings map[string]any) string {
	t.Helper()
	protocol := "http"
	if url == "" {
		protocol = "simulated"
	}
	var entries []map[string]any
	for _, c := range sample.Carriers() {
		entry := map[string]any{
			"id": c.ID, "name": c.Name, "protocol": protocol, "url": url, "booking": map[string]any{"opens": c.Booking.Opens, "cutOff": c.Booking.CutOff},
		}
		maps.Copy(entry, settings)
		entries = append(entries, entry)
	}
	text, err := json.Marshal(map[string]any{"carriers": entries})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "carriers.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}
