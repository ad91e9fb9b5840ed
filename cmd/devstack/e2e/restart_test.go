package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
	"shipments/events/eventstest"
	"shipments/shipment"
	"shipments/shipment/emulation"
)

func TestDevstackKilledWhileShipmentsWaitForTheirTimers(t *testing.T) {
	data := t.TempDir()
	p, s := devstack(t, []string{"SHIPMENTS_COLLECTION_DELAY=3s"}, "--data", data)
	var ids []string
	routes := []emulation.Route{emulation.Domestic, emulation.Paperless, emulation.International}
	for i := range 20 {
		id := emulation.NewID(routes[i%len(routes)], fmt.Sprintf("killed%02d", i), emulation.Succeeds)
		ids = append(ids, id)
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	for _, id := range ids {
		eventually(t, func() bool { return len(s.story(t, id)) >= 3 }, "shipment %s waits for its timer", id)
	}
	p.Kill()

	_, s = devstack(t, []string{"SHIPMENTS_COLLECTION_DELAY=3s"}, "--data", data)
	for _, id := range ids {
		result, _ := s.ended(t, id)
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, successStory, s.story(t, id))
	}
	s.drained(t)
	require.Empty(t, eventstest.Rejections(t, s.js))
}

func TestDevstackWorksAtOnceAfterARestart(t *testing.T) {
	data := t.TempDir()
	stopped := func(t *testing.T, p *harness.Process) {
		t.Helper()
		require.NoError(t, p.Terminate(os.Interrupt))
	}
	killed := func(t *testing.T, p *harness.Process) {
		t.Helper()
		p.Kill()
	}
	for i, run := range []struct {
		name string
		end  func(*testing.T, *harness.Process)
	}{{"fresh", stopped}, {"after a stop", killed}, {"after a kill", stopped}} {
		t.Run(run.name, func(t *testing.T) {
			p, s := devstack(t, []string{"SHIPMENTS_COLLECTION_DELAY=100ms"}, "--data", data)
			began := time.Now()
			id := succeeds("restarted%d", i)
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			s.checkEnd(t, id)
			require.Less(t, time.Since(began), 15*time.Second)
			run.end(t, p)
		})
	}
}

func TestDevstackStopsWhileShipmentsAreOnTheirWay(t *testing.T) {
	for _, with := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(with.String(), func(t *testing.T) {
			p, s := devstack(t, nil, "--ephemeral")
			for i := range 10 {
				status, _ := s.do(t, http.MethodPost, "/"+succeeds("stopped%d", i))
				require.Equal(t, http.StatusAccepted, status)
			}
			began := time.Now()
			require.NoError(t, p.Terminate(with), "exit code 0")
			require.Less(t, time.Since(began), 10*time.Second)
		})
	}
}
