package faults_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/events/streams"
)

var (
	minutes   = flag.Float64("minutes", 0.5, "how long the soak injects faults")
	chaosSeed = flag.Uint64("seed", 1, "seed of the soak's schedule")
)

// soak is a site with two processes of all hosts. A fault hits one of them at a
// time.
type soak struct {
	*site

	hosts [2]*host
}

// chaos are the faults of a soak. Each has a beginning, a longest duration and an
// end.
var chaos = []struct {
	row, name string
	longest   time.Duration
	begin     func(*soak, int)
	end       func(*soak, int)
}{
	{"1, 3, 11", "hosts killed", 5 * time.Second, func(s *soak, n int) { s.hosts[n].Kill() }, (*soak).restartHost},
	{"5", "hosts stopped", time.Second, func(s *soak, n int) { _ = s.hosts[n].Terminate(syscall.SIGTERM) }, (*soak).restartHost},
	{"6", "hosts paused", 40 * time.Second, func(s *soak, n int) { s.hosts[n].Pause() }, func(s *soak, n int) { s.hosts[n].Resume() }},
	{"2", "acks lost", 20 * time.Second, func(s *soak, _ int) {
		s.toNATS.lose(func(f frame) bool { return strings.HasPrefix(f.subject, "$JS.ACK.") })
	}, healNATS},
	{"4", "PubAcks lost", 10 * time.Second, func(s *soak, _ int) {
		s.toNATS.lose(func(f frame) bool {
			return strings.HasSuffix(f.verb, "MSG") && strings.Contains(string(f.payload), `"stream":"SHIPMENT`)
		})
	}, healNATS},
	{"7", "nats-server killed", 5 * time.Second, func(s *soak, _ int) { s.nats.Kill() }, func(s *soak, _ int) { s.nats.restart() }},
	{"7", "nats-server paused", 30 * time.Second, func(s *soak, _ int) { s.nats.Pause() }, func(s *soak, _ int) { s.nats.Resume() }},
	{"7", "connections to NATS cut", 10 * time.Second, func(s *soak, _ int) { s.toNATS.cut() }, healNATS},
	{"7", "connections to NATS stall", 20 * time.Second, func(s *soak, _ int) { s.toNATS.stall() }, healNATS},
	{"8", "Temporal killed", 10 * time.Second, func(s *soak, _ int) { s.temporal.Kill() }, func(s *soak, _ int) { s.temporal.restart() }},
	{"8", "Temporal paused", 30 * time.Second, func(s *soak, _ int) { s.temporal.Pause() }, func(s *soak, _ int) { s.temporal.Resume() }},
	{"8", "connections to Temporal stall", 20 * time.Second, func(s *soak, _ int) { s.toTemporal.stall() }, healTemporal},
	{"8", "connections to Temporal cut", 10 * time.Second, func(s *soak, _ int) { s.toTemporal.cut() }, healTemporal},
	{"9", "Temporal's replies lost", 10 * time.Second, func(s *soak, _ int) { s.toTemporal.loseReplies() }, healTemporal},
	{"15", "durable consumer deleted", time.Second, func(s *soak, _ int) {
		_ = s.js.DeleteConsumer(s.Context(), events.StreamShipments, streams.ConsumerName) // It may be unavailable because of an earlier fault.
	}, func(*soak, int) {}},
}

func healNATS(s *soak, _ int)     { s.toNATS.heal() }
func healTemporal(s *soak, _ int) { s.toTemporal.heal() }

func (s *soak) restartHost(n int) { s.hosts[n] = s.run(nil) }

// injection is one entry of a soak's schedule.
type injection struct {
	after time.Duration // since the end of the one before
	fault int           // index into chaos
	host  int
	lasts time.Duration
}

// schedule makes the schedule of a seed.
func schedule(seed uint64, length time.Duration) []injection {
	random := rand.New(rand.NewPCG(seed, 0))
	var list []injection
	for total := time.Duration(0); total < length; {
		i := injection{
			after: 2*time.Second + time.Duration(random.Int64N(int64(8*time.Second))), fault: random.IntN(len(chaos)), host: random.IntN(2),
		}
		// Short ones are more likely.
		share := random.Float64()
		i.lasts = time.Second + time.Duration(share*share*float64(chaos[i.fault].longest))
		list = append(list, i)
		total += i.after + i.lasts
	}
	return list
}

func TestChaos(t *testing.T) {
	t.Parallel()
	plan := schedule(*chaosSeed, time.Duration(*minutes*float64(time.Minute)))
	t.Logf("seed %d: %d faults; repeat the schedule with -seed %d -minutes %v", *chaosSeed, len(plan), *chaosSeed, *minutes)
	s := &soak{site: newSite(t, "soak", fmt.Sprintf("%d random faults in %v minutes, seed %d", len(plan), *minutes, *chaosSeed), siteOptions{
		carrierFaults: carriers.Chaos{Latency: 10 * time.Millisecond, Errors: 0.03, Throttled: 0.03, RetryAfter: time.Second, Dropped: 0.03, Seed: *chaosSeed},
	})}
	s.patience = 10 * time.Minute
	for n := range s.hosts {
		s.restartHost(n)
		s.ready(s.hosts[n])
	}
	stop := s.load.flow(rate, s.load.mixed)
	counts, times := make([]int, len(chaos)), make([]time.Duration, len(chaos))
	for _, i := range plan {
		s.outage(i.after)
		fault := chaos[i.fault]
		began := time.Now()
		fault.begin(s, i.host)
		s.outage(i.lasts)
		fault.end(s, i.host)
		counts[i.fault]++
		times[i.fault] += time.Since(began)
		t.Logf("%s %s for %s; %d shipments have ended", began.Format(time.TimeOnly), fault.name, time.Since(began).Round(100*time.Millisecond), s.endedNow())
	}
	healed := time.Now()
	stop()
	s.finish(healed, 1)

	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nROW\tFAULT\tTIMES\tALTOGETHER")
	for i, fault := range chaos {
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\n", fault.row, fault.name, counts[i], times[i].Round(100*time.Millisecond))
	}
	_ = out.Flush() // To standard output, whose errors are not handled.
}

// endedNow counts the shipments that have ended; it returns 0 while NATS is
// unavailable.
func (s *soak) endedNow() int {
	ctx, cancel := context.WithTimeout(s.Context(), 2*time.Second)
	defer cancel()
	return s.ended(ctx)
}
