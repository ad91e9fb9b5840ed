package streams_test

import (
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

func TestProvisioningIsIdempotentAndSafeAtOnce(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	var all sync.WaitGroup
	for range 7 {
		all.Go(func() {
			if _, err := streams.Provision(t.Context(), s.JS, 1); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	differences, err := streams.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Empty(t, differences)
}

func TestProvisioningUpdatesWhatIsSafe(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	stream, err := s.JS.Stream(t.Context(), events.StreamEvents)
	require.NoError(t, err)
	config := stream.CachedInfo().Config
	config.MaxAge = time.Hour
	config.Subjects = config.Subjects[:3]
	config.Metadata = map[string]string{"team": "logistics"}
	_, err = s.JS.UpdateStream(t.Context(), config)
	require.NoError(t, err)

	differences, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Len(t, differences, 2)
	differences, err = streams.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Empty(t, differences)
	stream, err = s.JS.Stream(t.Context(), events.StreamEvents)
	require.NoError(t, err)
	require.Equal(t, "logistics", stream.CachedInfo().Config.Metadata["team"], "what is none of our business stays")
}

func TestProvisioningRefusesWhatWouldLoseData(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*jetstream.StreamConfig){
		"storage":   func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"retention": func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy },
		"subjects":  func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "orders.>") },
	}
	for setting, change := range tests {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := eventstest.Start(t)
			config := streams.Configs(1)[0]
			change(&config)
			_, err := s.JS.CreateStream(t.Context(), config)
			require.NoError(t, err)
			differences, err := streams.Provision(t.Context(), s.JS, 1)
			var refused *streams.RefusedError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, setting, refused.Difference.Setting)
			require.NotEmpty(t, refused.Difference.Advice)
			require.NotEmpty(t, differences)
			_, err = s.JS.Stream(t.Context(), events.StreamEvents)
			require.ErrorIs(t, err, jetstream.ErrStreamNotFound, "nothing was changed")
		})
	}
}

func TestAServerThatCouldNotStoreARejectionIsRefused(t *testing.T) {
	t.Parallel()
	s := eventstest.StartWith(t, func(o *natsserver.Options) { o.MaxPayload = 64 << 10 })
	_, err := streams.Provision(t.Context(), s.JS, 1)
	var refused *streams.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "max_payload", refused.Difference.Setting)
}

func TestADeletedConsumerIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	require.NoError(t, s.JS.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
	differences, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Len(t, differences, 1)
	_, err = s.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(t, err)
}
