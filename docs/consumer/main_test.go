package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

// patience is how long a test waits for what has to happen.
const patience = 30 * time.Second

type bundle struct {
	*eventstest.Server

	publisher *streams.Publisher
	name      string // of the journal
}

func setup(t *testing.T) *bundle {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	return &bundle{s, streams.NewPublisher(s.JS, "http://api.test"), filepath.Join(t.TempDir(), "journal.jsonl")}
}

// start runs the consumer, and returns a function that stops it and waits for its end.
func (b *bundle) start(t *testing.T) (stop func()) {
	t.Helper()
	j, err := open(b.name)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- follow(ctx, b.JS, j) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, j.file.Close())
	}
}

// publish stores an outcome event and returns its id.
func (b *bundle) publish(t *testing.T, eventType, id string, data any) string {
	t.Helper()
	o := events.Outcome{Lineage: events.Lineage{ShipmentID: id, RunID: "run-1", CausationID: "e-1", CorrelationID: "e-1"}, Type: eventType, Sequence: 1, Time: time.Now(), Data: data}
	_, err := b.publisher.PublishOnce(t.Context(), o)
	require.NoError(t, err)
	return o.Lineage.EventID(eventType, 0)
}

func (b *bundle) cancelled(t *testing.T, id string) string {
	t.Helper()
	return b.publish(t, events.TypeCancelled, id, events.Cancelled{ShipmentID: id, Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{Reason: "r"}})
}

// entries waits until all events are acknowledged, and returns the journal.
func (b *bundle) entries(t *testing.T) (all []entry) {
	t.Helper()
	require.Eventually(t, func() bool {
		held, err := b.JS.Stream(t.Context(), events.StreamEvents)
		require.NoError(t, err)
		consumer, err := held.Consumer(t.Context(), durable)
		return err == nil && consumer.CachedInfo().AckFloor.Stream == held.CachedInfo().State.LastSeq
	}, patience, 10*time.Millisecond)
	text, err := os.ReadFile(b.name)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var e entry
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		all = append(all, e)
	}
	return all
}

func TestConsumerHasEachEffectOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	failed := b.publish(t, events.TypeFailed, "a", events.Failed{
		ShipmentID: "a", Status: shipment.Failed, Stage: shipment.StageValidation, Failure: &shipment.Failure{Faults: []shipment.Fault{*shipment.NewFault("f", "e")}},
	})
	b.publish(t, events.TypeAccepted, "b", events.Accepted{ShipmentID: "b"})
	completed := b.publish(t, events.TypeCompleted, "c", events.Completed{ShipmentID: "c", Status: shipment.Success, Outcome: &shipment.Outcome{
		ManifestedLegs: []shipment.ManifestedLeg{{CarrierID: "c", TrackingNumbers: []string{"T1", "T2"}}},
	}})
	stop := b.start(t)
	want := []entry{
		{failed, "a", "give the order to a person"},
		{completed, "c", "tell the customer the tracking numbers [T1 T2]"},
	}
	require.Equal(t, want, b.entries(t))
	stop()

	t.Run("a restart goes on where it was", func(t *testing.T) {
		want = append(want, entry{b.cancelled(t, "d"), "d", "put the goods back"})
		defer b.start(t)()
		require.Equal(t, want, b.entries(t))
	})
	t.Run("events that come again have no second effect", func(t *testing.T) {
		require.NoError(t, b.JS.DeleteConsumer(t.Context(), events.StreamEvents, durable)) // A new one begins at the beginning.
		defer b.start(t)()
		require.Equal(t, want, b.entries(t))
	})
	t.Run("a line that a crash cut off", func(t *testing.T) {
		text, err := os.ReadFile(b.name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(b.name, text[:len(text)-9], 0o600))
		require.NoError(t, b.JS.DeleteConsumer(t.Context(), events.StreamEvents, durable))
		defer b.start(t)()
		require.Equal(t, want, b.entries(t))
	})
}

func TestConsumerGoesOnAfterWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	held, err := b.JS.Stream(t.Context(), events.StreamEvents)
	require.NoError(t, err)
	more := held.CachedInfo().Config
	more.Subjects = append(slices.Clone(more.Subjects), "shipments.invented.*")
	_, err = b.JS.UpdateStream(t.Context(), more)
	require.NoError(t, err)
	for _, text := range []string{
		`{"specversion":"1.0","id":"1","source":"/shipments/process","type":"shipments.invented","subject":"a","data":{"more":1},"extension":true}`,
		`not json`, `{}`, `[]`,
		`{"specversion":"1.0","id":"2","source":"/shipments/process","type":"shipments.completed","subject":"a","data":"text"}`,
	} {
		_, err = b.JS.Publish(t.Context(), "shipments.invented.a", []byte(text))
		require.NoError(t, err)
	}
	id := b.cancelled(t, "z")
	defer b.start(t)()
	require.Equal(t, []entry{{id, "z", "put the goods back"}}, b.entries(t))
	consumer, err := b.JS.Consumer(t.Context(), events.StreamEvents, durable)
	require.NoError(t, err)
	require.Zero(t, consumer.CachedInfo().NumRedelivered, "nothing comes again")
}

// TestConsumerTriesAgain fails to write the journal once.
func TestConsumerTriesAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.cancelled(t, "z")
	j, err := open(b.name)
	require.NoError(t, err)
	require.NoError(t, j.file.Close()) // Nothing can be written.
	m := &message{data: b.Messages(t, events.StreamEvents, "shipments.cancelled.z")[0].Data}
	require.Error(t, handle(m, j))
	require.Equal(t, []string{"nak"}, m.done, "it comes again")
	j, err = open(b.name)
	require.NoError(t, err)
	require.NoError(t, handle(m, j))
	require.NoError(t, handle(m, j))
	require.Equal(t, []string{"nak", "ack", "ack"}, m.done)
	text, err := os.ReadFile(b.name)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), id))
	require.NoError(t, j.file.Close())
}

// message notes what is done with it.
type message struct {
	jetstream.Msg

	data []byte
	done []string
}

func (m *message) Data() []byte { return m.data }

func (m *message) NakWithDelay(time.Duration) error {
	m.done = append(m.done, "nak")
	return nil
}

func (m *message) DoubleAck(context.Context) error {
	m.done = append(m.done, "ack")
	return nil
}
