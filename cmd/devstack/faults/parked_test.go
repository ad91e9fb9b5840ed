package faults_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
	"shipments/events"
	"shipments/shipment/sample"
)

var parked = flag.Int("parked", 0, "how many shipments wait for the same moment")

// TestParkedShipments has many shipments wait on their collection timers for the
// same moment. It measures the memory that waiting takes, and how long the shipments
// take when all timers fire at once. Without emulation a booking window opens on the
// minute.
func TestParkedShipments(t *testing.T) {
	if *parked == 0 {
		t.Skip("use -parked 10000: it takes ten minutes")
	}
	s := newSite(t, "parked", fmt.Sprintf("%d timers fire at once", *parked), siteOptions{})
	s.patience = 15 * time.Minute
	// All shipments have to wait before it opens.
	opens := time.Now().UTC().Add(2*time.Minute + time.Duration(*parked)*25*time.Millisecond).Truncate(time.Minute)
	require.Equal(t, time.Now().UTC().Day(), opens.Day(), "this test cannot run around midnight")
	file := harness.CarrierTable(t, "", map[string]any{
		"booking": map[string]any{"daysBefore": 1, "opens": opens.Format("15:04"), "cutOff": "23:59"},
	})
	h := s.run([]string{"SHIPMENTS_EMULATION=false", "SHIPMENTS_CARRIERS=" + file})
	s.ready(h)

	memory := func() [2]int { return [2]int{resident(t, h.PID()), resident(t, s.temporal.PID())} }
	before := memory()
	for i := range *parked {
		s.load.publish(s.load.wait(succeeds(fmt.Sprintf("parked%06d", i))))
	}
	s.eventually("all shipments wait", func(ctx context.Context) bool {
		return s.count(ctx, events.StreamEvents, events.TypeDocumentsGenerated+".*") == *parked
	})
	require.True(t, time.Now().Before(opens), "all wait before the window opens")
	after := memory()
	t.Logf("%d shipments wait: hosts %d MiB before, %d MiB after, %d bytes each; Temporal %d MiB, %d MiB, %d bytes each", *parked,
		before[0]>>20, after[0]>>20, (after[0]-before[0])/(*parked), before[1]>>20, after[1]>>20, (after[1]-before[1])/(*parked))
	time.Sleep(time.Until(opens))
	began := time.Now()
	s.eventually("all shipments have completed", func(ctx context.Context) bool { return s.ended(ctx) == *parked })
	took := time.Since(began)
	t.Logf("all completed %s after the moment: %.0f per second", took.Round(100*time.Millisecond), float64(*parked)/took.Seconds())
	require.Equal(t, *parked, s.count(t.Context(), events.StreamEvents, events.TypeCompleted+".*"))
}

// wait makes a shipment that is collected tomorrow, in UTC.
func (l *load) wait(id string) input {
	content := sample.Shipment(id, sampleTime)
	content.TimeZone, content.CollectionDate = "Etc/UTC", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	ev, err := events.NewCreated("e-"+id, "/faults", sampleTime, content)
	require.NoError(l.site, err)
	data, err := json.Marshal(ev)
	require.NoError(l.site, err)
	return input{subject: events.TypeCreated, data: data, id: id, digest: content.Digest()}
}

// resident is the memory of a process in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}
