package streams_test

import (
	"strings"
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

func TestProvisionIsIdempotentAndSafeAtOnce(t *testing.T) {
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

func TestProvisionUpdatesWhatIsSafe(t *testing.T) {
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
	require.Len(t, differences, 3)
	differences, err = streams.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Empty(t, differences)
	stream, err = s.JS.Stream(t.Context(), events.StreamEvents)
	require.NoError(t, err)
	require.Equal(t, "logistics", stream.CachedInfo().Config.Metadata["team"], "what is none of our business stays")
}

func TestProvisionWidensSubjectsAndKeepsMessages(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	stream, err := s.JS.Stream(t.Context(), events.StreamShipments)
	require.NoError(t, err)
	config := stream.CachedInfo().Config
	config.Subjects = nil
	for _, input := range events.InputTypes() { // as they were once
		config.Subjects = append(config.Subjects, input, input+".*")
	}
	_, err = s.JS.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	_, err = s.JS.Publish(t.Context(), "shipments.created.c1", []byte("x"))
	require.NoError(t, err)
	_, err = s.JS.Publish(t.Context(), "shipments.created.eu.c1", []byte("x"))
	require.ErrorIs(t, err, jetstream.ErrNoStreamResponse)

	differences, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Len(t, differences, 1)
	require.Equal(t, streams.Update, differences[0].Change)
	for _, input := range events.InputTypes() {
		_, err = s.JS.Publish(t.Context(), input+".eu.c1", []byte("x"))
		require.NoError(t, err)
	}
	require.Len(t, s.Messages(t, events.StreamShipments, ">"), 1+len(events.InputTypes()))
}

func TestProvisionNamesTheSubjectsThatAnotherStreamHas(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	_, err := s.JS.CreateStream(t.Context(), jetstream.StreamConfig{Name: "OTHERS", Subjects: []string{"shipments.created.eu.*"}})
	require.NoError(t, err)
	_, err = streams.Provision(t.Context(), s.JS, 1)
	var conflict *streams.StreamConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, "subjects", conflict.Difference.Setting)
	require.Contains(t, conflict.Difference.Advice, "nats stream ls --subject")
}

func TestProvisionChangesNothingIfDataWouldBeLost(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*jetstream.StreamConfig){
		"storage":   func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"retention": func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy },
		"subjects":  func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "orders.>") },
		"subjects, wider": func(c *jetstream.StreamConfig) {
			c.Subjects = []string{"shipments.created", "shipments.*.>"}
		},
		"subjects, longer": func(c *jetstream.StreamConfig) { c.Subjects = []string{"shipments.*"} },
	}
	for name, change := range tests {
		setting, _, _ := strings.Cut(name, ",")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := eventstest.Start(t)
			config := streams.Configs(1)[0]
			change(&config)
			_, err := s.JS.CreateStream(t.Context(), config)
			require.NoError(t, err)
			differences, err := streams.Provision(t.Context(), s.JS, 1)
			var conflict *streams.StreamConflictError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, setting, conflict.Difference.Setting)
			require.NotEmpty(t, conflict.Difference.Advice)
			require.NotEmpty(t, differences)
			_, err = s.JS.Stream(t.Context(), events.StreamEvents)
			require.ErrorIs(t, err, jetstream.ErrStreamNotFound, "nothing was changed")
		})
	}
}

func TestProvisionNeedsAServerThatCanStoreARejection(t *testing.T) {
	t.Parallel()
	s := eventstest.StartWith(t, func(o *natsserver.Options) { o.MaxPayload = 64 << 10 })
	_, err := streams.Provision(t.Context(), s.JS, 1)
	var conflict *streams.StreamConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, "max_payload", conflict.Difference.Setting)
}

func TestProvisionCreatesADeletedBucketAnew(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	require.NoError(t, s.JS.DeleteKeyValue(t.Context(), streams.ReplayBucket))
	differences, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Equal(t, []streams.Difference{{
		Object: streams.ReplayBucket, Setting: "bucket", Have: "missing", Want: "key-value", Change: streams.Create,
	}}, differences)
	bucket, err := s.JS.KeyValue(t.Context(), streams.ReplayBucket)
	require.NoError(t, err)
	_, err = bucket.PutString(t.Context(), "a", "1")
	require.NoError(t, err)
	require.NoError(t, bucket.Purge(t.Context(), "a"), "it is a bucket in all respects")
}

func TestProvisionCreatesADeletedConsumerAnew(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	require.NoError(t, s.JS.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
	differences, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Len(t, differences, 1)
	_, err = s.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(t, err)
}
