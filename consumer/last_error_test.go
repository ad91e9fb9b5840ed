package consumer_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"shipments/consumer"
	"shipments/events"
	"shipments/events/streams"
	"shipments/workflows"
)

// failing waits until the consumer's last error contains a text; "" waits until it
// works.
func (b *bundle) failing(t *testing.T, text string) consumer.LastError {
	t.Helper()
	var lastError consumer.LastError
	require.Eventually(t, func() bool {
		lastError = b.consumer.LastError()
		return (text == "") == (lastError.Why == "") && strings.Contains(lastError.Why, text)
	}, time.Minute, 5*time.Millisecond, "it is %q", lastError.Why)
	return lastError
}

func TestLastErrorBeforeAPullIsAnswered(t *testing.T) {
	t.Parallel()
	c := consumer.New(consumer.Config{}, consumer.Dependencies{Log: zerolog.Nop()})
	require.Equal(t, consumer.LastError{Why: "no pull from JetStream has been answered yet"}, c.LastError())
	setup(t, &fakeTemporal{}).failing(t, "") // without any message
}

func TestLastErrorWithPullsThatAreRefused(t *testing.T) {
	t.Parallel()
	var provision atomic.Bool
	b := setupWith(t, &fakeTemporal{}, func(d *consumer.Dependencies) {
		repair := d.ProvisionStreams
		d.ProvisionStreams = func(ctx context.Context) error {
			if provision.Load() {
				return repair(ctx)
			}
			return nil
		}
	})
	b.failing(t, "")
	began := time.Now()
	config := streams.DurableConfig()
	config.MaxRequestExpires = 100 * time.Millisecond // shorter than any of its pulls
	_, err := b.JS.UpdateConsumer(t.Context(), events.StreamShipments, config)
	require.NoError(t, err)
	for i := range 4 { // They end the pull that is open.
		b.publish(t, fmt.Sprintf("e-%d", i), fmt.Sprintf("c%d", i))
	}
	lastError := b.failing(t, "pulling from JetStream fails: pull: status 409 Exceeded MaxRequestExpires of 100ms")
	require.WithinRange(t, lastError.Since, began, time.Now())
	_, err = b.JS.UpdateConsumer(t.Context(), events.StreamShipments, streams.DurableConfig())
	require.NoError(t, err)
	b.failing(t, "")

	require.NoError(t, b.JS.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
	b.failing(t, "look up consumer "+streams.ConsumerName+": "+jetstream.ErrConsumerNotFound.Error())
	provision.Store(true)
	b.failing(t, "")
}

func TestLastErrorOfMessagesThatAreHeld(t *testing.T) {
	t.Parallel()
	var answer atomic.Pointer[error]
	is := func(err error) { answer.Store(&err) }
	is(serviceerror.NewUnavailable("nobody there"))
	b := setup(t, &fakeTemporal{start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
		return *answer.Load()
	}})
	b.failing(t, "")
	b.publish(t, "e-1", "c1")
	b.failing(t, "pulling pauses, because Temporal is unavailable: signal-with-start shipment.c1: nobody there")
	is(serviceerror.NewPermissionDenied("not in this namespace", ""))
	b.failing(t, "messages are held and none is settled: signal-with-start shipment.c1: not in this namespace")
	is(nil)
	b.failing(t, "")
	b.settled(t)
}

func TestConsumerStartsWithoutSearchAttributesWhereThereAreNone(t *testing.T) {
	t.Parallel()
	var searchable atomic.Bool
	sizes := make(chan int, 2)
	b := setupWith(t, &fakeTemporal{start: func(_ workflows.CreatedSignal, o client.StartWorkflowOptions, _ workflows.ProcessInput) error {
		sizes <- o.TypedSearchAttributes.Size()
		return nil
	}}, func(d *consumer.Dependencies) { d.Searchable = searchable.Load })
	b.publish(t, "e-1", "c1")
	require.Zero(t, <-sizes)
	searchable.Store(true)
	b.publish(t, "e-2", "c2")
	require.Equal(t, 1, <-sizes)
}

func TestConsumerLetsProcessesMarkTheirOutcomeWhereTheyCan(t *testing.T) {
	t.Parallel()
	var marks atomic.Bool
	got := make(chan bool, 2)
	b := setupWith(t, &fakeTemporal{start: func(_ workflows.CreatedSignal, _ client.StartWorkflowOptions, in workflows.ProcessInput) error {
		got <- in.Settings.MarksOutcome
		return nil
	}}, func(d *consumer.Dependencies) { d.MarksOutcome = marks.Load })
	b.publish(t, "e-1", "c1")
	require.False(t, <-got)
	marks.Store(true)
	b.publish(t, "e-2", "c2")
	require.True(t, <-got)
}
