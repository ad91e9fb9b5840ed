package index_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/api/index"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// stories publishes stories as the service does.
type stories struct {
	js        jetstream.JetStream
	publisher *streams.Publisher
}

func newStories(js jetstream.JetStream) *stories {
	return &stories{js: js, publisher: streams.NewPublisher(js, "http://api.test")}
}

// retried repeats what a cluster refuses while it elects a leader. All that is
// published here is stored once however often it is repeated.
func retried(t testing.TB, do func(context.Context) error) {
	t.Helper()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return do(ctx) == nil
	}, 30*time.Second, 20*time.Millisecond)
}

func (s *stories) created(t testing.TB, id string, change ...func(*shipment.Shipment)) (sequence uint64) {
	t.Helper()
	data := sample.Shipment(id, time.Now())
	for _, c := range change {
		c(&data)
	}
	ev, err := events.NewCreated("e-"+id, "/team/orders", time.Now(), data)
	require.NoError(t, err)
	retried(t, func(ctx context.Context) (err error) {
		sequence, err = s.publisher.PublishCreated(ctx, ev, id)
		return err
	})
	return sequence
}

func (s *stories) outcome(t testing.TB, id, eventType string, data any) {
	t.Helper()
	outcome := events.Outcome{
		Lineage: events.Lineage{ShipmentID: id, RunID: "r", CausationID: "e-" + id, CorrelationID: "e-" + id},
		Type:    eventType, Sequence: 1, Time: time.Now(), Data: data,
	}
	retried(t, func(ctx context.Context) error {
		_, err := s.publisher.PublishOnce(ctx, outcome)
		return err
	})
}

func (s *stories) accepted(t testing.TB, id string) {
	t.Helper()
	s.outcome(t, id, events.TypeAccepted, events.Accepted{ShipmentID: id, Category: shipment.Domestic, RunID: "r"})
}

func manifestedLegs(id string) []shipment.ManifestedLeg {
	return []shipment.ManifestedLeg{{CarrierID: sample.Carriers()[0].ID, TrackingNumbers: []string{"T1-" + id, "T2-" + id}, LabelsURL: "http://api.test/l"}}
}

func (s *stories) manifested(t testing.TB, id string) {
	t.Helper()
	s.outcome(t, id, events.TypeManifested, events.Manifested{ShipmentID: id, ManifestedLegs: manifestedLegs(id)})
}

func (s *stories) completed(t testing.TB, id string) {
	t.Helper()
	s.outcome(t, id, events.TypeCompleted, events.Completed{ShipmentID: id, Status: shipment.Success, Outcome: &shipment.Outcome{ManifestedLegs: manifestedLegs(id)}})
}

func (s *stories) failed(t testing.TB, id, fault string) {
	t.Helper()
	s.outcome(t, id, events.TypeFailed, events.Failed{
		ShipmentID: id, Status: shipment.Failed, Stage: shipment.StageManifestation,
		Failure: &shipment.Failure{Faults: []shipment.Fault{*shipment.NewFault(fault, "1")}},
	})
}

func (s *stories) cancelled(t testing.TB, id string) {
	t.Helper()
	s.outcome(t, id, events.TypeCancelled, events.Cancelled{ShipmentID: id, Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{Reason: "r"}})
}

func (s *stories) rejected(t testing.TB, id, code string, input uint64) {
	t.Helper()
	r := events.Rejection{
		ShipmentID: id, Reasons: []shipment.Reason{{Code: code, Message: "m"}},
		Input: events.Input{Stream: events.StreamShipments, StreamSequence: input, Subject: events.Subject(events.TypeCreated, id), StoredAt: time.Now(), Data: []byte("x")},
	}
	retried(t, func(ctx context.Context) error { return s.publisher.Reject(ctx, r) })
}

// story publishes the nth of stories of all kinds, as far as some step.
func (s *stories) story(t testing.TB, n int) string {
	t.Helper()
	id := fmt.Sprintf("s-%05d", n)
	sequence := s.created(t, id)
	switch n % 7 {
	case 0:
		return id
	case 1:
		s.rejected(t, id, events.CodeSchemaViolation, sequence)
		return id
	}
	s.accepted(t, id)
	switch n % 7 {
	case 2:
		s.failed(t, id, "Carrier manifestation failed")
		return id
	case 3:
		return id
	}
	s.manifested(t, id)
	switch n % 7 {
	case 4:
		s.cancelled(t, id)
	case 5:
		s.completed(t, id)
	}
	return id
}

// run runs a view until the test ends, and waits until it is ready.
func run(t testing.TB, js jetstream.JetStream, shipments int) *index.Index {
	t.Helper()
	x := index.New(index.Config{JetStream: js, Shipments: shipments, Log: zerolog.New(zerolog.NewTestWriter(t))})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	select {
	case <-x.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the view is not ready")
	}
	return x
}

// ids are those of all shipments that a query selects, over all pages. It begins anew
// if the view has changed between two pages.
func ids(t testing.TB, x *index.Index, q index.Query) []string {
	t.Helper()
	var all []string
	first, version := q.Cursor, x.Version()
	for {
		page, err := x.List(q)
		require.NoError(t, err)
		for _, s := range page.Shipments {
			all = append(all, s.ShipmentID)
		}
		switch {
		case page.Next != "":
			q.Cursor = page.Next
		case x.Version() != version:
			all, q.Cursor, version = nil, first, x.Version()
		default:
			require.Len(t, all, page.Total)
			return all
		}
	}
}

// requireFullRead compares a view with what the streams say of each shipment.
func requireFullRead(t *testing.T, js jetstream.JetStream, x *index.Index, want []string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(ids(t, x, index.Query{})) == len(want) && x.Overview().Behind == 0 },
		30*time.Second, 20*time.Millisecond)
	require.ElementsMatch(t, want, ids(t, x, index.Query{Limit: 17}), "each once")
	for _, id := range want {
		var status shipment.Result
		retried(t, func(ctx context.Context) (err error) {
			status, err = streams.ReadStatus(ctx, js, id)
			return err
		})
		require.Eventually(t, func() bool {
			seen, known := x.Find(id)
			return known && seen.Status == status.Status
		}, 10*time.Second, 10*time.Millisecond, "%s is %s", id, status.Status)
	}
}

func connect(t testing.TB, url string, more ...nats.Option) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url, append(more, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return js
}
