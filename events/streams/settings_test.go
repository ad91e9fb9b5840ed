package streams_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

// provisioned provisions a server whose objects differ in one setting, and checks
// what becomes of it.
func provisioned(t *testing.T, s *eventstest.Server, setting string, want streams.Change) {
	t.Helper()
	of := func(differences []streams.Difference) (found []streams.Difference) {
		for _, d := range differences {
			if d.Setting == setting {
				found = append(found, d)
			} else {
				require.NotEqual(t, streams.Conflict, d.Change, "%v", d)
			}
		}
		return found
	}
	differences, err := streams.Provision(t.Context(), s.JS, 1)
	found := of(differences)
	require.Len(t, found, 1, "%v", differences)
	require.Equal(t, want, found[0].Change)
	require.NotEmpty(t, found[0].Have)
	require.NotEmpty(t, found[0].Want)
	if want == streams.Conflict {
		var conflict *streams.StreamConflictError
		require.ErrorAs(t, err, &conflict)
		require.NotEmpty(t, conflict.Difference.Advice)
		return
	}
	require.NoError(t, err)
	left, err := streams.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	if want == streams.Keep {
		require.NotEmpty(t, found[0].Advice)
		require.Equal(t, found, left, "it is shown again")
		return
	}
	require.Empty(t, left, "it is repaired")
}

func TestProvisionComparesSettingsOfStreams(t *testing.T) {
	t.Parallel()
	other := &jetstream.StreamSource{Name: "OTHER"}
	for _, c := range []struct {
		stream  string
		setting string
		change  func(*jetstream.StreamConfig)
		want    streams.Change
	}{
		{events.StreamEvents, "max age", func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }, streams.Update},
		{events.StreamEvents, "max messages", func(c *jetstream.StreamConfig) { c.MaxMsgs = 5 }, streams.Update},
		{events.StreamEvents, "max bytes", func(c *jetstream.StreamConfig) { c.MaxBytes = 5000 }, streams.Update},
		{events.StreamEvents, "max messages per subject", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 }, streams.Update},
		{events.StreamEvents, "max message size", func(c *jetstream.StreamConfig) { c.MaxMsgSize = 100 }, streams.Update},
		{events.StreamShipments, "max consumers", func(c *jetstream.StreamConfig) { c.MaxConsumers = 3 }, streams.Update},
		{events.StreamShipments, "consumer limits", func(c *jetstream.StreamConfig) { c.ConsumerLimits.InactiveThreshold = time.Hour }, streams.Update},
		{events.StreamShipments, "discard", func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardNew }, streams.Update},
		{events.StreamShipments, "duplicate window", func(c *jetstream.StreamConfig) { c.Duplicates = time.Second }, streams.Update},
		{events.StreamShipments, "direct get", func(c *jetstream.StreamConfig) { c.AllowDirect = false }, streams.Update},
		{events.StreamShipments, "no ack", func(c *jetstream.StreamConfig) { c.NoAck = true }, streams.Update},
		{events.StreamEvents, "allow rollup", func(c *jetstream.StreamConfig) { c.AllowRollup = true }, streams.Update},
		{events.StreamShipments, "subject transform", func(c *jetstream.StreamConfig) {
			c.SubjectTransform = &jetstream.SubjectTransformConfig{Source: "shipments.created", Destination: "shipments.created.x"}
		}, streams.Update},
		{events.StreamShipments, "monitoring", func(c *jetstream.StreamConfig) { c.Metadata = nil }, streams.Update},
		{events.StreamShipments, "sealed", func(c *jetstream.StreamConfig) { c.Sealed = true }, streams.Conflict},
		{events.StreamEvents, "sources", func(c *jetstream.StreamConfig) { c.Sources = []*jetstream.StreamSource{other} }, streams.Conflict},
		{events.StreamShipments, "sources", func(c *jetstream.StreamConfig) { c.Sources = []*jetstream.StreamSource{other} }, streams.Keep},
		{events.StreamShipments, "persist mode", func(c *jetstream.StreamConfig) { c.PersistMode = jetstream.AsyncPersistMode }, streams.Conflict},
		{events.StreamShipments, "message counter", func(c *jetstream.StreamConfig) { c.AllowMsgCounter = true }, streams.Conflict},
		{events.StreamShipments, "deny delete", func(c *jetstream.StreamConfig) { c.DenyDelete = true }, streams.Keep},
		{events.StreamShipments, "deny purge", func(c *jetstream.StreamConfig) { c.DenyPurge = true }, streams.Keep},
		{events.StreamShipments, "message TTL", func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true }, streams.Keep},
		{events.StreamShipments, "message schedules", func(c *jetstream.StreamConfig) { c.AllowMsgSchedules = true }, streams.Keep},
	} {
		t.Run(c.stream+" "+c.setting, func(t *testing.T) {
			t.Parallel()
			s := eventstest.Start(t)
			for _, config := range streams.Configs(1) {
				if config.Name != c.stream {
					continue
				}
				changed := config
				c.change(&changed)
				_, err := s.JS.CreateStream(t.Context(), changed)
				if changed.Sealed { // It cannot be created so.
					_, err = s.JS.CreateStream(t.Context(), config)
					require.NoError(t, err)
					_, err = s.JS.UpdateStream(t.Context(), changed)
				}
				require.NoError(t, err)
			}
			provisioned(t, s, c.setting, c.want)
		})
	}
	t.Run("mirror", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		mirror := streams.Configs(1)[0]
		mirror.Subjects, mirror.Mirror = nil, other
		_, err := s.JS.CreateStream(t.Context(), mirror)
		require.NoError(t, err)
		provisioned(t, s, "mirror", streams.Conflict)
	})
}

func TestProvisionComparesSettingsOfTheConsumer(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour)
	for setting, c := range map[string]struct {
		change func(*jetstream.ConsumerConfig)
		want   streams.Change
	}{
		"ack wait":           {func(c *jetstream.ConsumerConfig) { c.AckWait = time.Second }, streams.Update},
		"max deliveries":     {func(c *jetstream.ConsumerConfig) { c.MaxDeliver = 3 }, streams.Update},
		"max ack pending":    {func(c *jetstream.ConsumerConfig) { c.MaxAckPending = 3 }, streams.Update},
		"filter":             {func(c *jetstream.ConsumerConfig) { c.FilterSubject = events.TypeCreated }, streams.Update},
		"headers only":       {func(c *jetstream.ConsumerConfig) { c.HeadersOnly = true }, streams.Update},
		"max batch":          {func(c *jetstream.ConsumerConfig) { c.MaxRequestBatch = 1 }, streams.Update},
		"max expires":        {func(c *jetstream.ConsumerConfig) { c.MaxRequestExpires = time.Second }, streams.Update},
		"max bytes":          {func(c *jetstream.ConsumerConfig) { c.MaxRequestMaxBytes = 10 }, streams.Update},
		"inactive threshold": {func(c *jetstream.ConsumerConfig) { c.InactiveThreshold = time.Hour }, streams.Update},
		"replicas":           {func(c *jetstream.ConsumerConfig) { c.Replicas = 1 }, streams.Update},
		"monitoring":         {func(c *jetstream.ConsumerConfig) { c.Metadata = nil }, streams.Update},
		"priority groups": {func(c *jetstream.ConsumerConfig) {
			c.PriorityPolicy, c.PriorityGroups, c.PinnedTTL = jetstream.PriorityPolicyPinned, []string{"a"}, time.Minute
		}, streams.Update},
		"ack policy":     {func(c *jetstream.ConsumerConfig) { c.AckPolicy = jetstream.AckAllPolicy }, streams.Conflict},
		"deliver policy": {func(c *jetstream.ConsumerConfig) { c.DeliverPolicy = jetstream.DeliverNewPolicy }, streams.Conflict},
		"replay policy":  {func(c *jetstream.ConsumerConfig) { c.ReplayPolicy = jetstream.ReplayOriginalPolicy }, streams.Conflict},
		"memory storage": {func(c *jetstream.ConsumerConfig) { c.MemoryStorage = true }, streams.Conflict},
		"max waiting":    {func(c *jetstream.ConsumerConfig) { c.MaxWaiting = 1 }, streams.Conflict},
		"pause":          {func(c *jetstream.ConsumerConfig) { c.PauseUntil = &later }, streams.Keep},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := eventstest.StartProvisioned(t)
			require.NoError(t, s.JS.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
			changed := streams.DurableConfig()
			c.change(&changed)
			_, err := s.JS.CreateConsumer(t.Context(), events.StreamShipments, changed)
			require.NoError(t, err)
			provisioned(t, s, setting, c.want)
		})
	}
}

func TestProvisionLeavesLimitsOfMonitoringToOperators(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	stream, err := s.JS.Stream(t.Context(), events.StreamEvents)
	require.NoError(t, err)
	config := stream.CachedInfo().Config
	require.Equal(t, "1", config.Metadata["io.nats.monitor.enabled"])
	require.Equal(t, "1000000", config.Metadata["io.nats.monitor.subjects-warn"])
	durable, err := s.JS.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(t, err)
	require.Equal(t, "1", durable.CachedInfo().Config.Metadata["io.nats.monitor.enabled"])
	require.NotEmpty(t, durable.CachedInfo().Config.Metadata["io.nats.monitor.outstanding-ack-critical"])
	config.Metadata["io.nats.monitor.subjects-warn"] = "5"
	_, err = s.JS.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	for range 2 { // What was set is not taken for a difference.
		differences, err := streams.Provision(t.Context(), s.JS, 1)
		require.NoError(t, err)
		require.Empty(t, differences)
	}
}
