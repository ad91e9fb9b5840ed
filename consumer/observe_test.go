package consumer_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"shipments/consumer"
	"shipments/events"
	"shipments/shipment"
	"shipments/workflows"
)

func TestConsumerReportsWhatItSettles(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	settled := map[string]consumer.Settlement{}
	b := setupWith(t, &fakeTemporal{}, func(d *consumer.Dependencies) {
		d.Settled = func(_ context.Context, s consumer.Settlement) {
			mu.Lock()
			defer mu.Unlock()
			settled[s.Result] = s
		}
	})
	b.publish(t, "e-1", "c1")
	_, err := b.JS.Publish(t.Context(), events.TypeCreated, []byte("not json"))
	require.NoError(t, err)
	b.settled(t)
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(settled) == 2
	}, time.Minute, time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	accepted := settled[consumer.ResultAccepted]
	require.Equal(t, events.TypeCreated, accepted.Type)
	require.Empty(t, accepted.Reasons)
	require.False(t, accepted.Redelivered)
	require.Less(t, accepted.Age, time.Minute)
	rejected := settled[consumer.ResultRejected]
	require.Equal(t, []shipment.Reason{{Code: events.CodeInvalidJSON, Message: rejected.Reasons[0].Message}}, rejected.Reasons)
	require.Equal(t, consumer.State{}, b.consumer.State(), "nothing is left")
}

func TestConsumerStateWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{start: func(workflows.CreatedSignal, client.StartWorkflowOptions, workflows.ProcessInput) error {
		return serviceerror.NewUnavailable("nobody there")
	}})
	before := time.Now()
	b.publish(t, "e-1", "c1")
	require.Eventually(t, func() bool { return b.consumer.State().TemporalAway }, time.Minute, time.Millisecond)
	s := b.consumer.State()
	require.WithinDuration(t, before, s.Oldest, time.Minute)
	require.False(t, s.Oldest.IsZero())
	require.False(t, s.JetStreamAway)
}
