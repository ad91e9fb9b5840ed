package workflows_test

import (
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// stageTimes is a metrics handler that keeps how long the stages took, by stage and
// result.
type stageTimes struct {
	client.MetricsHandler

	tags  map[string]string
	mu    *sync.Mutex
	times map[string][]time.Duration
}

func newStageTimes() stageTimes {
	return stageTimes{MetricsHandler: client.MetricsNopHandler, mu: new(sync.Mutex), times: map[string][]time.Duration{}}
}

func (s stageTimes) WithTags(tags map[string]string) client.MetricsHandler {
	all := maps.Clone(tags)
	for name, value := range s.tags {
		if _, set := all[name]; !set {
			all[name] = value
		}
	}
	s.tags = all
	return s
}

func (s stageTimes) Timer(name string) client.MetricsTimer {
	if name != workflows.StageDuration {
		return s.MetricsHandler.Timer(name)
	}
	return recordTime(func(d time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		key := s.tags["stage"] + " " + s.tags["result"]
		s.times[key] = append(s.times[key], d)
	})
}

type recordTime func(time.Duration)

func (r recordTime) Record(d time.Duration) { r(d) }

func TestProcessMeasuresItsStages(t *testing.T) {
	t.Parallel()
	for _, composition := range []string{"none", "all"} {
		for id, want := range map[string]map[string]int{
			emulation.NewID(emulation.International, "shipment", emulation.Succeeds):           {"manifestation ok": 1, "documents ok": 1, "collection ok": 1},
			emulation.NewID(emulation.Paperless, "shipment", emulation.Succeeds):               {"manifestation ok": 1, "documents ok": 2, "collection ok": 1},
			emulation.NewID(emulation.Domestic, "shipment", emulation.DeclinesManifestation):   {"manifestation failed": 1},
			emulation.NewID(emulation.International, "shipment", emulation.DeclinesCollection): {"manifestation ok": 1, "documents ok": 1, "collection failed": 1},
		} {
			t.Run(composition+" "+id, func(t *testing.T) {
				t.Parallel()
				b := setup(t, composition)
				seen := newStageTimes()
				b.metrics = seen
				b.newRun(t)
				b.run(t, created("e-1", sample.Shipment(id, now)))
				counts := map[string]int{}
				for key, times := range seen.times {
					counts[key] = len(times)
				}
				require.Equal(t, want, counts)
				for _, d := range seen.times["collection ok"] {
					require.GreaterOrEqual(t, d, b.settings.Rules.CollectionDelay, "the wait is included")
				}
			})
		}
	}
}
