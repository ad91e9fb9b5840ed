package faults_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
)

func TestConsumerRow01Crash(t *testing.T) {
	crashAt(t, "01", map[string]string{
		"crash before Temporal is called":               "before-temporal@5",
		"crash after Temporal accepted, before the ack": "after-temporal@5",
	})
}

func TestPublishOnceRow03CrashBeforeItIsRecorded(t *testing.T) {
	crashAt(t, "03", map[string]string{
		"crash between ledger entry and its record": "after-Claim@5",
		"crash between outcome and its record":      "after-Publish@10",
	})
}

// crashAt runs a subtest for each fault and its failpoint.
func crashAt(t *testing.T, row string, faults map[string]string) {
	t.Helper()
	for fault, failpoint := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			crash(t, row, fault, failpoint)
		})
	}
}

// crash has the hosts die at a failpoint under load, and starts them again.
func crash(t *testing.T, row, fault, failpoint string) {
	t.Helper()
	s := newSite(t, row, fault, siteOptions{})
	failing := s.runFailing(failpoint)
	s.ready(failing)
	s.load.publish(several(40, s.load.mixed)...)
	require.ErrorContains(t, failing.Wait(), "killed", "the hosts die at the failpoint")
	healed := time.Now()
	s.run(nil)
	s.finish(healed, 10)
}

func TestConsumerRow02AckLostAndTheWorkflowClosedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSite(t, "02", "ack lost, workflow closed meanwhile", siteOptions{})
	h := s.run(nil)
	s.ready(h)
	var lost atomic.Int64
	s.toNATS.lose(func(f frame) bool {
		isAck := strings.HasPrefix(f.subject, "$JS.ACK.") && strings.HasPrefix(string(f.payload), "+ACK")
		if isAck {
			lost.Add(1)
		}
		return isAck
	})
	inputs := several(10, s.load.shipment)
	s.load.publish(inputs...)
	s.eventually("all processes have closed, and the messages come again", func(ctx context.Context) bool {
		return s.ended(ctx) == len(inputs) && lost.Load() >= int64(len(inputs)) && s.unsettled().NumRedelivered >= len(inputs)
	})
	s.toNATS.heal()
	s.finish(time.Now(), 5)
	// The messages were ignored as repeats: each process ran once.
	count, err := s.processes(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, len(inputs), count)
}

// ended counts the shipments that have ended.
func (s *site) ended(ctx context.Context) int {
	n := 0
	for _, eventType := range []string{events.TypeCompleted, events.TypeFailed, events.TypeCancelled} {
		n += s.count(ctx, events.StreamEvents, eventType+".*")
	}
	return n
}

func TestHostsRow05StoppedUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t, "05", "SIGTERM under load", siteOptions{})
	h := s.run([]string{"SHIPMENTS_DRAIN_TIMEOUT=10s"})
	s.ready(h)
	stop := s.load.flow(rate, s.load.mixed)
	s.eventually("shipments are on their way", func(ctx context.Context) bool { return s.count(ctx, events.StreamEvents, "shipments.>") > 20 })
	// Messages are on their way to the hosts when these get the signal.
	s.toNATS.stall()
	s.load.publish(several(20, s.load.shipment)...)
	began := time.Now()
	h.Signal(syscall.SIGTERM)
	s.outage(500 * time.Millisecond)
	s.toNATS.heal()
	require.NoError(t, h.Wait(), "exit code 0")
	require.Less(t, time.Since(began), 15*time.Second, "it stops within its bound")
	stop()
	healed := time.Now()
	s.run(nil)
	require.Less(t, s.finish(healed, 5), streams.AckWait, "messages that were on their way to the stopped hosts are redelivered before their AckWait has passed")
}

func TestHostsRow06PausedBeyondAckWait(t *testing.T) {
	t.Parallel()
	s := newSite(t, "06", "service paused beyond AckWait", siteOptions{})
	paused := s.run(nil)
	s.ready(paused)
	other := s.run(nil)
	s.ready(other)
	stop := s.load.flow(rate, s.load.mixed)
	s.eventually("shipments are on their way", func(ctx context.Context) bool { return s.count(ctx, events.StreamEvents, "shipments.>") > 20 })
	paused.Pause()
	s.outage(streams.AckWait + 5*time.Second)
	paused.Resume()
	healed := time.Now()
	stop()
	s.finish(healed, 5)
}

func TestConsumerRow15DurableDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t, "15", "durable consumer deleted", siteOptions{})
	h := s.run(nil)
	s.ready(h)
	stop := s.load.flow(rate, s.load.mixed)
	for range 2 {
		n := s.ended(t.Context())
		s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > n+5 })
		require.NoError(t, s.js.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
	}
	stop()
	// It is deleted once more, while more messages wait than the hosts hold.
	s.temporal.Pause()
	s.load.publish(several(150, s.load.shipment)...)
	require.Positive(t, s.unsettled().NumPending, "messages wait")
	require.NoError(t, s.js.DeleteConsumer(t.Context(), events.StreamShipments, streams.ConsumerName))
	s.temporal.Resume()
	s.finish(time.Now(), 50)
}

func TestConsumerRow16HundredEventsForOneShipmentAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "16", "a hundred events for one shipment at once", siteOptions{})
	s.ready(s.run(nil))
	s.ready(s.run(nil))
	one := s.load.named(succeeds("the-same"))
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { s.load.publish(one, s.load.event(one.id, "again", 1000)) })
	}
	all.Wait()
	s.finish(time.Now(), 1)
	count, err := s.processes(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, 1, count, "one process")
}
