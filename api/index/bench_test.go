package index_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/api/index"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// benchShipments is how many shipments the benchmarks read: as many as a view
// keeps by default.
const benchShipments = index.DefaultShipments

// manyShipments is how many shipments [BenchmarkStatusOfMany] stores.
var manyShipments = flag.Int("shipments", benchShipments, "how many shipments the stream holds while a status is read")

// fill stores the stories of shipments for which all goes well, six events each.
func fill(b *testing.B, js jetstream.JetStream, from, to int) {
	b.Helper()
	async, err := jetstream.New(js.Conn(), jetstream.WithPublishAsyncMaxPending(4000))
	require.NoError(b, err)
	documents := shipment.Documents{LabelsURL: "http://api.test/l", ReceiptURL: "http://api.test/r", CombinedDocumentURL: "http://api.test/c"}
	send := func(subject string, ev any) {
		body, err := json.Marshal(ev)
		require.NoError(b, err)
		_, err = async.PublishMsgAsync(&nats.Msg{Subject: subject, Data: body, Header: nats.Header{"Content-Type": {events.ContentType}}}, jetstream.WithStallWait(time.Minute))
		require.NoError(b, err)
	}
	for n := from; n < to; n++ {
		id := fmt.Sprintf("%032x", n*2654435761)
		data := sample.Shipment(id, time.Now())
		data.Reference = fmt.Sprintf("order-%d", n)
		created, err := events.NewCreated("e-"+id, "/team/orders", time.Now(), data)
		require.NoError(b, err)
		send(events.Subject(events.TypeCreated, id), created)
		legs := manifestedLegs(id)[:1]
		legs[0].TrackingNumbers = []string{id}
		legs = append(legs, legs[0])
		for i, data := range []any{
			events.Accepted{ShipmentID: id, Category: shipment.International, WorkflowID: "shipment." + id, RunID: id, ContentDigest: id + id},
			events.Manifested{ShipmentID: id, ManifestedLegs: legs},
			events.DocumentsGenerated{ShipmentID: id, ShipmentDocuments: documents},
			events.CollectionBooked{ShipmentID: id, CollectionDate: "2030-01-01"},
			events.Completed{ShipmentID: id, Status: shipment.Success, Outcome: &shipment.Outcome{ManifestedLegs: legs, ShipmentDocuments: documents}},
		} {
			eventType := events.Story()[i]
			ev, err := events.Outcome{
				Lineage: events.Lineage{ShipmentID: id, RunID: id, CausationID: "e-" + id, CorrelationID: "e-" + id},
				Type:    eventType, Sequence: i + 1, Time: time.Now(), Data: data,
			}.CloudEvent("http://api.test")
			require.NoError(b, err)
			send(events.Subject(eventType, id), ev)
		}
	}
	<-async.PublishAsyncComplete()
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// settledHeap is the heap once the server, which is in the same process, has given up
// what it keeps of the blocks that were read, for ten seconds.
func settledHeap(b *testing.B) (least uint64) {
	b.Helper()
	least = heap()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		least = min(least, heap())
	}
	return least
}

// missed is how many shipments are stored during an outage.
const missed = 50_000

// gate is a dialer that can be shut.
type gate struct {
	net.Dialer

	shut atomic.Bool
}

var errShut = errors.New("the gate is shut")

// Dial connects if the gate is open.
func (g *gate) Dial(network, address string) (net.Conn, error) {
	if g.shut.Load() {
		return nil, errShut
	}
	return g.Dialer.Dial(network, address)
}

// outage is how long a view takes to have what was stored while it was not connected.
func outage(b *testing.B, s *eventstest.Server, line *gate, js jetstream.JetStream, x *index.Index) time.Duration {
	b.Helper()
	line.shut.Store(true)
	require.NoError(b, js.Conn().ForceReconnect())
	fill(b, s.JS, benchShipments, benchShipments+missed)
	line.shut.Store(false)
	last := fmt.Sprintf("%032x", (benchShipments+missed-1)*2654435761)
	for !js.Conn().IsConnected() {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	require.Eventually(b, func() bool {
		found, known := x.Find(last)
		return known && found.Status == shipment.Success
	}, time.Minute, time.Millisecond)
	return time.Since(began)
}

// BenchmarkIndex measures the start of a view, the rate at which it reads on after an
// outage, its memory, its lists, and the status of a shipment that is read from the
// streams. With -benchtime 1x it runs once.
func BenchmarkIndex(b *testing.B) {
	s := eventstest.StartProvisioned(b)
	fill(b, s.JS, 0, benchShipments)
	var line gate
	js := connect(b, s.ClientURL(), nats.SetCustomDialer(&line))
	before := settledHeap(b)
	began := time.Now()
	x := run(b, js, benchShipments)
	took := time.Since(began)
	require.Equal(b, benchShipments, x.Overview().Shipments)
	after := settledHeap(b)
	b.Run("start", func(b *testing.B) {
		for b.Loop() { //nolint:revive // measured above, once
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(6*benchShipments/took.Seconds(), "events/s")
		b.ReportMetric(float64(after-before)/benchShipments, "B/shipment")
	})
	took = outage(b, s, &line, js, x)
	b.Run("outage", func(b *testing.B) {
		for b.Loop() { //nolint:revive // measured above, once
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(6*missed/took.Seconds(), "events/s")
	})
	for name, q := range map[string]index.Query{
		"all":          {},
		"none":         {Statuses: []shipment.Status{shipment.Rejected}},
		"text of none": {Text: "unknown"},
		"reference":    {Text: "order-777"},
		"carrier":      {Carrier: sample.Carriers()[0].ID, Statuses: []shipment.Status{shipment.Success}, Limit: index.MaxLimit},
	} {
		b.Run("list/"+name, func(b *testing.B) {
			eventstest.Quantiles(b, func() {
				_, err := x.List(q)
				require.NoError(b, err)
			})
		})
	}
	b.Run("status", func(b *testing.B) {
		n := 0
		eventstest.Quantiles(b, func() {
			n = (n + 7919) % benchShipments
			status, err := streams.ReadStatus(b.Context(), js, fmt.Sprintf("%032x", n*2654435761))
			require.NoError(b, err)
			require.Equal(b, shipment.Success, status.Status)
		})
	})
}

// BenchmarkStatusOfMany measures the status of a shipment, from a stream with many
// that have ended. It stores three events of each.
func BenchmarkStatusOfMany(b *testing.B) {
	s := eventstest.StartProvisioned(b)
	async, err := jetstream.New(s.JS.Conn(), jetstream.WithPublishAsyncMaxPending(8000))
	require.NoError(b, err)
	id := func(n int) string { return fmt.Sprintf("%032x", n*2654435761) }
	for n := range *manyShipments {
		for i, data := range []any{
			events.Accepted{ShipmentID: id(n), Category: shipment.International, RunID: id(n)},
			events.Manifested{ShipmentID: id(n), ManifestedLegs: manifestedLegs(id(n))},
			events.Completed{ShipmentID: id(n), Status: shipment.Success, Outcome: &shipment.Outcome{ManifestedLegs: manifestedLegs(id(n))}},
		} {
			eventType := []string{events.TypeAccepted, events.TypeManifested, events.TypeCompleted}[i]
			ev, err := events.Outcome{
				Lineage: events.Lineage{ShipmentID: id(n), RunID: id(n), CausationID: "e", CorrelationID: "e"},
				Type:    eventType, Sequence: i + 1, Time: time.Now(), Data: data,
			}.CloudEvent("http://api.test")
			require.NoError(b, err)
			body, err := json.Marshal(ev)
			require.NoError(b, err)
			_, err = async.PublishAsync(events.Subject(eventType, id(n)), body, jetstream.WithStallWait(time.Minute))
			require.NoError(b, err)
		}
	}
	<-async.PublishAsyncComplete()
	js := connect(b, s.ClientURL())
	b.Run("status", func(b *testing.B) {
		n := 0
		eventstest.Quantiles(b, func() {
			n = (n + 7919) % *manyShipments
			status, err := streams.ReadStatus(b.Context(), js, id(n))
			require.NoError(b, err)
			require.Equal(b, shipment.Success, status.Status)
		})
	})
}
