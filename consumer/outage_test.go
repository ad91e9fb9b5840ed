package consumer_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"shipments/events"
	"shipments/events/streams"
	"shipments/workflows"
)

func TestConsumerPullsNothingWhileTemporalIsUnavailable(t *testing.T) {
	t.Parallel()
	var isAway atomic.Bool
	var calls atomic.Int64
	isAway.Store(true)
	b := setup(t, &fakeTemporal{start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
		calls.Add(1)
		if isAway.Load() {
			return serviceerror.NewUnavailable("nobody there")
		}
		return nil
	}})
	b.publish(t, "e-1", "c1")
	require.Eventually(t, func() bool { return calls.Load() > 1 }, 10*time.Second, time.Millisecond)
	for i := range 20 {
		b.publish(t, fmt.Sprintf("e-more-%d", i), fmt.Sprintf("cmore%d", i))
	}
	n := calls.Load()
	require.Eventually(t, func() bool { return calls.Load() > n+2 }, 10*time.Second, time.Millisecond)
	durable, err := b.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(t, err)
	// The pull that was open has brought what it asked for: all slots but one.
	require.LessOrEqual(t, durable.CachedInfo().NumAckPending, 4)
	isAway.Store(false)
	b.settled(t)
	require.Empty(t, b.Rejections(t))
}

func TestConsumerRejectsAMessageBeyondTheLimitOfGRPC(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
		return serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_UNSPECIFIED, "grpc: received message larger than max (5000000 vs. 4194304)")
	}})
	b.publish(t, "e-1", "c1")
	b.settled(t)
	require.Equal(t, events.CodeUnfitForTemporal, b.Rejections(t)[0].Reasons[0].Code)
}

func TestConsumerGoesOnPastAMessageThatTemporalNeverAnswers(t *testing.T) {
	t.Parallel()
	var taken atomic.Int64
	b := setup(t, &fakeTemporal{start: func(c workflows.CreatedSignal, _ client.StartWorkflowOptions, _ workflows.ProcessInput) error {
		if c.Event.Data.ShipmentID == "cbad" {
			return serviceerror.NewUnavailable("its shard has no owner")
		}
		taken.Add(1)
		return nil
	}})
	b.publish(t, "e-bad", "cbad")
	require.Eventually(t, func() bool {
		durable, err := b.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
		return err == nil && durable.CachedInfo().NumAckPending == 1
	}, 10*time.Second, 10*time.Millisecond)
	const others = 20
	for i := range others {
		b.publish(t, fmt.Sprintf("e-%d", i), fmt.Sprintf("cgood%d", i))
	}
	require.Eventually(t, func() bool { return taken.Load() == others }, 40*time.Second, 10*time.Millisecond)
}

func TestConsumerStopsWithAllSlotsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
		return serviceerror.NewUnavailable("nobody there")
	}})
	for i := range 20 {
		b.publish(t, fmt.Sprintf("e-%d", i), fmt.Sprintf("cslot%d", i))
	}
	require.Eventually(t, func() bool {
		durable, err := b.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
		return err == nil && durable.CachedInfo().NumAckPending >= 4
	}, 10*time.Second, 10*time.Millisecond)
	began := time.Now()
	require.NoError(t, b.stop())
	require.Less(t, time.Since(began), 5*time.Second)
}
