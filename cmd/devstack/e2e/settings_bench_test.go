package e2e_test

import (
	"testing"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"

	"shipments/cmd/devstack/stack"
)

// BenchmarkTemporalSettings compares settings of the embedded Temporal server,
// mainly of its stores, with those of the dev stack. An iteration is an
// international shipment; all are published at once, so the number has to be fixed,
// as with -benchtime 1500x. On a busy machine cpu-ms/shipment is a better measure
// than the rate.
func BenchmarkTemporalSettings(b *testing.B) {
	main := func(conf *config.Config) *config.SQL { return conf.Persistence.DataStores["main"].SQL }
	visibility := func(conf *config.Config) *config.SQL { return conf.Persistence.DataStores["visibility"].SQL }
	onBoth := func(pragma, value string) func(*config.Config, map[dynamicconfig.Key]any) {
		return func(conf *config.Config, _ map[dynamicconfig.Key]any) {
			main(conf).ConnectAttributes[pragma] = value
			visibility(conf).ConnectAttributes[pragma] = value
		}
	}
	shards := func(n int32) func(*config.Config, map[dynamicconfig.Key]any) {
		return func(conf *config.Config, _ map[dynamicconfig.Key]any) { conf.Persistence.NumHistoryShards = n }
	}
	set := func(key dynamicconfig.Key, value any) func(*config.Config, map[dynamicconfig.Key]any) {
		return func(_ *config.Config, dynamic map[dynamicconfig.Key]any) { dynamic[key] = value }
	}
	for _, variant := range []struct {
		name      string
		ephemeral bool
		tune      func(*config.Config, map[dynamicconfig.Key]any)
	}{
		{name: "as it is"},
		{name: "ephemeral", ephemeral: true},
		{name: "ephemeral, 1 shard", ephemeral: true, tune: shards(1)},
		{name: "synchronous full", tune: onBoth("synchronous", "full")},
		{name: "synchronous off", tune: onBoth("synchronous", "off")},
		{name: "journal_mode delete", tune: onBoth("journal_mode", "delete")},
		{name: "journal_mode off", tune: onBoth("journal_mode", "off")},
		{name: "locking_mode exclusive", tune: onBoth("locking_mode", "exclusive")},
		{name: "cache of 2 MiB", tune: onBoth("cache_size", "-2048")},
		{name: "wal_autocheckpoint 1000", tune: onBoth("wal_autocheckpoint", "1000")},
		{name: "mmap_size 256 MiB", tune: onBoth("mmap_size", "268435456")},
		{name: "temp_store memory", tune: onBoth("temp_store", "memory")},
		{name: "one file", tune: func(conf *config.Config, _ map[dynamicconfig.Key]any) {
			conf.Persistence.VisibilityStore = "main"
		}},
		{name: "four connections", tune: func(conf *config.Config, _ map[dynamicconfig.Key]any) {
			main(conf).MaxConns, main(conf).MaxIdleConns = 4, 4
		}},
		{name: "1 shard", tune: shards(1)},
		{name: "16 shards", tune: shards(16)},
		{name: "4 partitions", tune: func(_ *config.Config, dynamic map[dynamicconfig.Key]any) {
			dynamic[dynamicconfig.MatchingNumTaskqueueReadPartitions.Key()] = 4
			dynamic[dynamicconfig.MatchingNumTaskqueueWritePartitions.Key()] = 4
		}},
		{name: "search attributes read anew each time", tune: set(dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(), true)},
		{name: "external payloads counted", tune: set(dynamicconfig.ExternalPayloadsEnabled.Key(), true)},
		{name: "raw history between services", tune: func(_ *config.Config, dynamic map[dynamicconfig.Key]any) {
			dynamic[dynamicconfig.SendRawHistoryBetweenInternalServices.Key()] = true
			dynamic[dynamicconfig.SendRawHistoryBytesToMatchingService.Key()] = true
		}},
		{name: "no transition history", tune: set(dynamicconfig.EnableTransitionHistory.Key(), false)},
		{name: "no health signals", tune: func(_ *config.Config, dynamic map[dynamicconfig.Key]any) {
			dynamic[dynamicconfig.PersistenceHealthSignalMetricsEnabled.Key()] = false
			dynamic[dynamicconfig.PersistenceHealthSignalAggregationEnabled.Key()] = false
			dynamic[dynamicconfig.HistoryHealthSignalMetricsEnabled.Key()] = false
		}},
		{name: "as it is, again"},
	} {
		b.Run(variant.name, func(b *testing.B) {
			options := stack.Options{TuneTemporal: variant.tune}
			if !variant.ephemeral {
				options.Dir = b.TempDir()
			}
			s := startWith(b, "none", collectionDelay, options)
			b.ResetTimer()
			measured := s.pipeline(b, 0, b.N)
			b.ReportMetric(measured.rate(), "shipments/s")
			b.ReportMetric(measured.cpuMs(), "cpu-ms/shipment")
			b.ReportMetric(measured.each, "transitions/shipment")
			b.ReportMetric(0, "ns/op")
		})
	}
}
