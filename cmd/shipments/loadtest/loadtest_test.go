package loadtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/cmd/shipments/loadtest"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

// The tests run in parallel: they mostly wait.

// system stands for the hosts: it answers shipments with the outcome events of
// their story, or with what a test makes of it.
type system struct {
	*testing.T

	server *eventstest.Server
	// outcomes tells the events that the shipment with a number in the order of
	// arrival gets; nil stands for a story that ends well.
	outcomes func(n int) []string
}

// well is the story of a shipment for which all goes well.
func well() []string {
	return []string{events.TypeAccepted, events.TypeManifested, events.TypeDocumentsGenerated, events.TypeCollectionBooked, events.TypeCompleted}
}

// start answers until the test ends.
func start(t *testing.T, outcomes func(n int) []string) *system {
	t.Helper()
	s := &system{T: t, server: eventstest.StartProvisioned(t), outcomes: outcomes}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var answering sync.WaitGroup
	t.Cleanup(func() { cancel(); answering.Wait() })
	consumer, err := s.server.JS.OrderedConsumer(ctx, events.StreamShipments, jetstream.OrderedConsumerConfig{})
	require.NoError(t, err)
	messages, err := consumer.Messages()
	require.NoError(t, err)
	answering.Go(func() {
		defer messages.Stop()
		for n := 0; ; n++ {
			msg, err := messages.Next(jetstream.NextContext(ctx))
			if err != nil {
				return
			}
			s.answer(ctx, n, events.SubjectShipment(msg.Subject()))
		}
	})
	return s
}

func (s *system) answer(ctx context.Context, n int, id string) {
	list := well()
	if s.outcomes != nil {
		list = s.outcomes(n)
	}
	for _, eventType := range list {
		if _, err := s.server.JS.Publish(ctx, events.Subject(eventType, id), []byte(`{}`)); err != nil && ctx.Err() == nil {
			s.Errorf("publish %s: %v", eventType, err)
		}
	}
}

// config is a small run.
func (s *system) config() loadtest.Config {
	return loadtest.Config{
		JS: s.server.JS, Publisher: streams.NewPublisher(s.server.JS, "http://x"),
		Workers: 3, Shipments: 20, Delay: time.Millisecond, Timeout: time.Minute, // a busy machine may pause for seconds
		Categories: []shipment.Category{shipment.Domestic, shipment.International, shipment.InternationalPaperless},
	}
}

func (s *system) run(config loadtest.Config) loadtest.Report {
	s.Helper()
	report, err := loadtest.Run(s.Context(), config)
	require.NoError(s, err)
	return report
}

func problems(r loadtest.Report) []string {
	kinds := make([]string, 0, len(r.Problems))
	for _, p := range r.Problems {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}

func text(t *testing.T, r loadtest.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteText(&b))
	return b.String()
}

func TestRunReportsACompleteRun(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	config := s.config()
	var shown strings.Builder
	config.Progress = &shown
	report := s.run(config)
	require.True(t, report.OK, text(t, report))
	require.Empty(t, report.Problems)
	require.Equal(t, 60, report.Published)
	require.Equal(t, 60, report.Completed)
	require.Zero(t, report.Lost+report.Doubled+report.Rejected+report.Failed+report.Unfinished)
	require.Positive(t, report.Throughput)
	require.InDelta(t, 3000, report.OfferedPerSecond, 1)
	for _, l := range []loadtest.Latency{report.Latencies.Accepted, report.Latencies.Manifested, report.Latencies.DocumentsGenerated, report.Latencies.CollectionBooked, report.Latencies.Completed} {
		require.EqualValues(t, 60, l.Count)
		require.Positive(t, l.P50)
		require.LessOrEqual(t, l.P50, l.P99)
		require.LessOrEqual(t, l.P99, l.Max)
	}
	require.Contains(t, text(t, report), "OK: every shipment was completed")
	require.Contains(t, shown.String(), "60/60 published, 60 accepted, 60 completed, 0 failed")

	first := map[byte]int{}
	for _, msg := range s.server.Messages(t, events.StreamShipments, "shipments.created.*") {
		id := events.SubjectShipment(msg.Subject)
		first[id[0]]++
		require.True(t, strings.HasSuffix(id, "-0"), "%s: its last character asks for trouble", id)
	}
	require.Equal(t, map[byte]int{'1': 20, '2': 20, '3': 20}, first, "the categories take turns")
}

func TestRunIgnoresAnotherRun(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	var all sync.WaitGroup
	reports := make([]loadtest.Report, 2)
	for i := range reports {
		all.Go(func() {
			report, err := loadtest.Run(t.Context(), s.config())
			if err != nil {
				t.Error(err)
			}
			reports[i] = report
		})
	}
	all.Wait()
	for _, report := range reports {
		require.True(t, report.OK, text(t, report))
		require.Equal(t, 60, report.Completed)
	}
	require.NotEqual(t, reports[0].Run, reports[1].Run)
}

func TestRunFindsProblems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		nth   []string // what the eighth shipment gets
		want  []string
		found loadtest.Report
		says  string
	}{
		"an outcome in the middle is lost": {
			nth:  []string{events.TypeAccepted, events.TypeManifested, events.TypeCollectionBooked, events.TypeCompleted},
			want: []string{"lost"}, found: loadtest.Report{Completed: 60, Lost: 1}, says: "no shipments.documents-generated",
		},
		"the end is lost": {
			nth:  well()[:4],
			want: []string{"timeout", "lost"}, found: loadtest.Report{Completed: 59, Lost: 1, Unfinished: 1}, says: "no shipments.completed",
		},
		"a shipment is lost": {
			want: []string{"timeout", "lost"}, found: loadtest.Report{Completed: 59, Lost: 1, Unfinished: 1}, says: "no shipments.accepted, shipments.manifested",
		},
		"an outcome is doubled": {
			nth:  append(well(), events.TypeManifested),
			want: []string{"doubled"}, found: loadtest.Report{Completed: 60, Doubled: 1}, says: "-0: shipments.manifested",
		},
		"a shipment ends twice": {
			nth:  append(well(), events.TypeFailed),
			want: []string{"doubled", "failed"}, found: loadtest.Report{Completed: 60, Doubled: 1, Failed: 1}, says: "shipments.completed, shipments.failed",
		},
		"a shipment is rejected": {
			nth:  []string{events.TypeRejected},
			want: []string{"rejected"}, found: loadtest.Report{Completed: 59, Rejected: 1}, says: "shipments rejected ls --shipment",
		},
		"a shipment fails": {
			nth:  []string{events.TypeAccepted, events.TypeManifested, events.TypeDocumentsGenerated, events.TypeFailed},
			want: []string{"failed"}, found: loadtest.Report{Completed: 59, Failed: 1}, says: "shipments status",
		},
		"a shipment is cancelled": {
			nth:  []string{events.TypeAccepted, events.TypeManifestationVoided, events.TypeCancelled},
			want: []string{"cancelled"}, found: loadtest.Report{Completed: 59, Cancelled: 1}, says: "shipments status",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(n int) []string {
				if n == 7 {
					return test.nth
				}
				return well()
			})
			config := s.config()
			if slices.Contains(test.want, "timeout") {
				config.Timeout = 5 * time.Second
			}
			report := s.run(config)
			require.False(t, report.OK)
			require.Equal(t, test.want, problems(report))
			got := loadtest.Report{
				Completed: report.Completed, Failed: report.Failed, Cancelled: report.Cancelled, Rejected: report.Rejected,
				Unfinished: report.Unfinished, Lost: report.Lost, Doubled: report.Doubled,
			}
			require.Equal(t, test.found, got)
			require.Contains(t, text(t, report), test.says)
			require.Contains(t, text(t, report), "NOT OK")
		})
	}
}

func TestRunThatIsInterruptedReports(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	s := start(t, func(n int) []string {
		if n == 10 {
			interrupt()
		}
		if n > 5 {
			return well()[:2]
		}
		return well()
	})
	config := s.config()
	config.Delay, config.Rate, config.Shipments = 0, 100, 10_000 // That takes minutes.
	report, err := loadtest.Run(ctx, config)
	require.NoError(t, err)
	require.Equal(t, []string{"interrupted"}, problems(report))
	require.Less(t, report.Published, config.Workers*config.Shipments)
	require.Equal(t, 6, report.Completed)
	require.Equal(t, report.Published-6, report.Unfinished)
	require.Zero(t, report.Lost, "what is under way is not lost")
}

func TestRunRepeatsPublicationsUntilAcked(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	ctx := t.Context()
	// A stream that takes no more than ten messages refuses the others, until
	// somebody makes room.
	handle, err := s.server.JS.Stream(ctx, events.StreamShipments)
	require.NoError(t, err)
	full := handle.CachedInfo().Config
	roomy := full
	full.MaxMsgs, full.Discard = 10, jetstream.DiscardNew
	_, err = s.server.JS.UpdateStream(ctx, full)
	require.NoError(t, err)
	attempts, err := s.server.JS.Conn().SubscribeSync("shipments.created.*")
	require.NoError(t, err)
	require.NoError(t, s.server.JS.Conn().Flush())
	var making sync.WaitGroup
	making.Go(func() {
		for range 60 + 1 { // One attempt more than there are shipments: one was refused and is repeated.
			if _, err := attempts.NextMsg(time.Minute); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.server.JS.UpdateStream(ctx, roomy); err != nil {
			t.Error(err)
		}
	})
	report := s.run(s.config())
	making.Wait()
	require.True(t, report.OK, text(t, report))
	require.Positive(t, report.PublishErrors)
	require.Equal(t, 60, report.Published)
	require.Contains(t, text(t, report), "attempts to publish")
	require.Len(t, s.server.Messages(t, events.StreamShipments, "shipments.created.*"), 60)
}

func TestRunFindsAWrongCollectionDelay(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	config := s.config()
	config.CollectionDelay = time.Hour
	report := s.run(config)
	require.True(t, report.OK)
	require.Zero(t, report.Latencies.Completed.Max)
	require.Positive(t, report.Latencies.DocumentsGenerated.Max)
	require.Contains(t, text(t, report), "the hosts use a shorter one")
}

func TestRunWithoutStreams(t *testing.T) {
	t.Parallel()
	s := &system{T: t, server: eventstest.Start(t)}
	_, err := loadtest.Run(t.Context(), s.config())
	require.ErrorContains(t, err, "streams apply")
}

func TestConfigWrongValues(t *testing.T) {
	t.Parallel()
	good := (&system{T: t, server: &eventstest.Server{}}).config()
	require.NoError(t, good.Validate())
	for flag, spoil := range map[string]func(*loadtest.Config){
		"--workers":          func(c *loadtest.Config) { c.Workers = 0 },
		"--shipments":        func(c *loadtest.Config) { c.Shipments = 10_000_000 },
		"--delay":            func(c *loadtest.Config) { c.Delay = -1 },
		"--rate":             func(c *loadtest.Config) { c.Rate = -1 },
		"--timeout":          func(c *loadtest.Config) { c.Timeout = 0 },
		"--collection-delay": func(c *loadtest.Config) { c.CollectionDelay = -1 },
		"--categories":       func(c *loadtest.Config) { c.Categories = []shipment.Category{"abroad"} },
	} {
		bad := good
		spoil(&bad)
		require.ErrorContains(t, bad.Validate(), flag)
		_, err := loadtest.Run(t.Context(), bad)
		require.ErrorContains(t, err, flag)
	}
}

// brokenWriter is a terminal that is gone.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestProgressBarOnATerminal(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	config := s.config()
	var shown strings.Builder
	config.Progress, config.Terminal = &shown, true
	report := s.run(config)
	require.True(t, report.OK)
	require.Contains(t, shown.String(), "\r")
	require.Contains(t, shown.String(), "[####################]")
	require.Error(t, report.WriteText(brokenWriter{}))
}
