package faults_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"

	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment/sample"
	"shipments/workflows"
)

var alerts = flag.Bool("alerts", false, "have a Prometheus evaluate the alerts during faults; needs the program prometheus; ten minutes")

// alertWithin is how soon after its fault an alert has to fire.
const alertWithin = 2 * time.Minute

// TestAlerts injects faults, and waits until the alerts of deploy/monitoring fire that
// belong to each, in a Prometheus that scrapes the hosts, and until they are over when
// the fault is.
func TestAlerts(t *testing.T) {
	if !*alerts {
		t.Skip("with -args -alerts")
	}
	t.Run("Temporal killed", alertsOfTemporal)
	t.Run("worker of one queue stopped", alertsOfAQueue)
	t.Run("carriers fail, garbage", alertsOfCarriersAndGarbage)
	t.Run("slow carrier, no search attribute", alertsOfASlowCarrier)
	t.Run("max_batch on the durable consumer", alertsOfALimitedConsumer)
	t.Run("disk of nats-server full", alertsOfAFullDisk)
}

func alertsOfTemporal(t *testing.T) {
	t.Parallel()
	s := newSite(t, "08", t.Name(), siteOptions{})
	h := s.run(nil)
	s.ready(h)
	p := s.watch("Temporal killed", h)
	stop := s.load.flow(1, s.load.shipment)
	defer stop()
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 2 })
	p.fire(s.temporal.Kill, "ShipmentsInputStalled", "ShipmentsNotReady", "ShipmentsInputOld")
	p.heal(func() { s.temporal.restart() })
}

func alertsOfAQueue(t *testing.T) {
	t.Parallel()
	s := newSite(t, "11", t.Name(), siteOptions{})
	s.env = append(s.env, "SHIPMENTS_CHILD_WORKFLOWS=documents")
	h, worker := s.run(nil, "api", "consumer", "orchestrator"), s.run(nil, "documents")
	s.ready(h)
	s.ready(worker)
	p := s.watch("worker of "+workflows.QueueDocuments+" stopped", h, worker)
	stop := s.load.flow(1, s.load.shipment)
	defer stop()
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 2 })
	p.fire(func() { _ = worker.Terminate(syscall.SIGTERM) }, "ShipmentsPollersMissing", "ShipmentsProcessDown")
	p.heal(func() { s.runAt(worker, "documents") })
}

// fickle serves carriers of which each can be told how to answer.
type fickle struct {
	handler http.Handler
	status  [2]atomic.Int32 // of the answers of each carrier, if not 0
	slow    atomic.Int64    // how long calls take, in nanoseconds
}

func (f *fickle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for i := range f.status {
		prefix := fmt.Sprintf("/%d", i)
		if len(r.URL.Path) < 2 || r.URL.Path[:2] != prefix {
			continue
		}
		if status := f.status[i].Load(); status != 0 {
			w.WriteHeader(int(status))
			return
		}
		select {
		case <-time.After(time.Duration(f.slow.Load())):
		case <-r.Context().Done():
		}
		http.StripPrefix(prefix, f.handler).ServeHTTP(w, r)
		return
	}
	http.NotFound(w, r)
}

// serveFickle has the hosts call carriers that can be told how to answer.
func (s *site) serveFickle() *fickle {
	s.Helper()
	f := &fickle{handler: carriers.NewServer(carriers.Simulator{Emulation: true}, "", carriers.Chaos{})}
	server := httptest.NewServer(f)
	s.Cleanup(server.Close)
	table := "carriers:\n"
	for i, c := range sample.Carriers() {
		table += fmt.Sprintf("  - {id: %q, name: %q, protocol: http, url: %q, timeout: 30s, booking: {opens: %q, cutOff: %q}}\n",
			c.ID, c.Name, fmt.Sprintf("%s/%d", server.URL, i), c.Booking.Opens, c.Booking.CutOff)
	}
	file := filepath.Join(s.dir, "fickle.yaml")
	require.NoError(s, os.WriteFile(file, []byte(table), 0o600))
	s.env = append(s.env, "SHIPMENTS_CARRIERS="+file)
	return f
}

func alertsOfCarriersAndGarbage(t *testing.T) {
	t.Parallel()
	s := newSite(t, "21", t.Name(), siteOptions{})
	f := s.serveFickle()
	s.env = append(s.env, "SHIPMENTS_CARRIER_DEADLINE=90s")
	h := s.run(nil)
	s.ready(h)
	p := s.watch("a carrier answers 500, another 401; garbage is published", h)
	stop := s.load.flow(1, func() input { return s.load.fine() })
	defer stop()
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 2 })
	p.fire(func() {
		f.status[0].Store(http.StatusInternalServerError)
		f.status[1].Store(http.StatusUnauthorized)
		s.load.publish(input{subject: events.TypeCreated, data: []byte("garbage")})
	}, "ShipmentsCarrierFailing", "ShipmentsCarrierTokenRefused", "ShipmentsCarrierNearDeadline", "ShipmentsRejections")
	p.heal(func() {
		f.status[0].Store(0)
		f.status[1].Store(0)
	})
}

func alertsOfASlowCarrier(t *testing.T) {
	t.Parallel()
	s := newSite(t, "19", t.Name(), siteOptions{})
	f := s.serveFickle()
	spare := func(i int) string { return fmt.Sprintf("Spare%d", i) }
	wanted := map[string]enumspb.IndexedValueType{}
	const limit = 10 // of attributes of this type in a namespace
	for i := range limit {
		wanted[spare(i)] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	s.eventually("the search attributes of the dev stack make room for others", func(ctx context.Context) bool {
		_, _ = s.client.OperatorService().RemoveSearchAttributes(ctx, &operatorservice.RemoveSearchAttributesRequest{
			Namespace: stack.Namespace, SearchAttributes: slices.Sorted(maps.Keys(hosts.SearchAttributes())), // They may be gone already.
		})
		_, err := s.client.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: stack.Namespace, SearchAttributes: wanted})
		return err == nil
	})
	// The fault is there before the hosts are.
	f.slow.Store(int64(12 * time.Second))
	h := s.run(nil)
	p := s.watch("a carrier takes 12 s; the search attribute cannot be added", h)
	stop := s.load.flow(1, func() input { return s.load.fine() })
	defer stop()
	p.fire(func() { s.ready(h) }, "ShipmentsCarrierSlow", "ShipmentsWarnings")
	p.heal(func() {
		f.slow.Store(0)
		_, err := s.client.OperatorService().RemoveSearchAttributes(t.Context(), &operatorservice.RemoveSearchAttributesRequest{
			Namespace: stack.Namespace, SearchAttributes: []string{spare(0), spare(1)}, // as many as the hosts add
		})
		require.NoError(t, err)
	})
}

func alertsOfALimitedConsumer(t *testing.T) {
	t.Parallel()
	s := newSite(t, "18", t.Name(), siteOptions{})
	_, err := streams.Provision(t.Context(), s.js, 1)
	require.NoError(t, err)
	require.NoError(t, documents.Provision(t.Context(), s.js, 1))
	h := s.run([]string{"SHIPMENTS_PROVISION=check"}) // The hosts may not repair it.
	s.ready(h)
	p := s.watch("max_batch on the durable consumer, hosts that may not repair it", h)
	stop := s.load.flow(1, s.load.shipment)
	defer stop()
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 2 })
	limit := func(batch int) {
		config := streams.DurableConfig()
		config.MaxRequestBatch = batch
		_, err := s.js.UpdateConsumer(t.Context(), events.StreamShipments, config)
		require.NoError(t, err)
	}
	p.fire(func() { limit(1) }, "ShipmentsInputStalled", "ShipmentsNotReady")
	p.heal(func() { limit(0) })
}

func alertsOfAFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d", 64<<20)); err != nil {
		t.Skipf("this test needs to mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	s := newSite(t, "13", t.Name(), siteOptions{natsStore: filepath.Join(disk, "store")})
	h := s.run(nil)
	s.ready(h)
	p := s.watch("disk of nats-server full", h)
	stop := s.load.flow(1, s.load.shipment)
	defer stop()
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 2 })
	filler := filepath.Join(disk, "filler")
	p.fire(func() { fill(t, filler) }, "ShipmentsPublishingFailing", "ShipmentsNotReady")
	p.heal(func() {
		require.NoError(t, os.Remove(filler))
		_ = s.nats.Terminate(syscall.SIGTERM)
		s.nats.restart()
	})
}

// runAt starts the hosts of a process that has ended again, at its addresses.
func (s *site) runAt(h *host, names ...string) {
	s.Helper()
	s.hosts++
	h.Process = s.start(fmt.Sprintf("hosts-%d", s.hosts), harness.Options{
		Program: production(s.T), Args: append([]string{"run"}, names...),
		Env: slices.Concat(s.env, []string{"SHIPMENTS_HTTP_ADDR=" + h.api[len("http://"):], "SHIPMENTS_ADMIN_ADDR=" + h.admin[len("http://"):]}),
	})
}
