package faults_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
)

func TestTemporalRow08Away(t *testing.T) {
	for _, c := range []struct {
		fault string
		begin func(*site)
		lasts time.Duration
		end   func(*site)
	}{
		{"Temporal killed", func(s *site) { s.temporal.Kill() }, 5 * time.Second, func(s *site) { s.temporal.restart() }},
		{"Temporal paused", func(s *site) { s.temporal.Pause() }, either(20*time.Second, time.Minute), func(s *site) { s.temporal.Resume() }},
		{"Temporal down for long", func(s *site) { s.temporal.Kill() }, either(50*time.Second, 5*time.Minute), func(s *site) { s.temporal.restart() }},
		{"connection to Temporal stalls", func(s *site) { s.toTemporal.stall() }, 20 * time.Second, func(s *site) { s.toTemporal.heal() }},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "08", c.fault, siteOptions{})
			h := s.run(nil)
			s.ready(h)
			stop := s.load.flow(rate, s.load.shipment)
			s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 10 })
			c.begin(s)
			s.outage(2 * time.Second) // Messages that Temporal had accepted are still acknowledged.
			before := s.unsettled()
			s.outage(c.lasts)
			after := s.unsettled()
			require.Equal(t, before.AckFloor.Stream, after.AckFloor.Stream, "nothing is acknowledged")
			require.LessOrEqual(t, after.NumAckPending, 128, "pulling has stopped")
			require.Zero(t, s.count(t.Context(), events.StreamRejections, "shipments.>"), "nothing is rejected")
			if c.lasts > toleranceOfReadiness {
				s.eventually("the hosts are not ready", func(ctx context.Context) bool { return h.readiness(ctx) == http.StatusServiceUnavailable })
			}
			c.end(s)
			healed := time.Now()
			stop()
			s.finish(healed, 5)
			require.Zero(t, s.count(t.Context(), events.StreamRejections, "shipments.>"), "nothing was rejected")
		})
	}
}

// toleranceOfReadiness is how long a host that cannot do its work stays ready.
const toleranceOfReadiness = 30 * time.Second

// unsettled returns the state of the durable consumer.
func (s *site) unsettled() *jetstream.ConsumerInfo {
	s.Helper()
	consumer, err := s.js.Consumer(s.Context(), events.StreamShipments, streams.ConsumerName)
	require.NoError(s, err)
	return consumer.CachedInfo()
}

func TestTemporalRow09CallAppliedAndReplyLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, "09", "Temporal's replies lost", siteOptions{})
	h := s.run(nil)
	s.ready(h)
	stop := s.load.flow(rate, s.load.mixed)
	for range 5 {
		s.toTemporal.loseReplies()
		s.outage(2 * time.Second)
		s.toTemporal.heal() // The connections are closed: the replies are lost for good.
		n := s.ended(t.Context())
		s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > n+10 })
	}
	stop()
	s.finish(time.Now(), 5)
}

func TestTemporalRow10ResourceExhausted(t *testing.T) {
	t.Parallel()
	const exhausted, plenty = "frontend.namespaceRPS:\n  - value: 2\n", "frontend.namespaceRPS:\n  - value: 10000\n"
	s := newSite(t, "10", "Temporal answers ResourceExhausted", siteOptions{temporalConfig: exhausted})
	s.run(nil)
	s.eventually("the streams are there", func(ctx context.Context) bool {
		_, err := s.js.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
		return err == nil
	})
	stop := s.load.flow(rate, s.load.shipment)
	s.outage(either(20*time.Second, time.Minute))
	stop()
	begun := s.count(t.Context(), events.StreamEvents, events.TypeAccepted+".*")
	require.Less(t, begun, len(s.load.shipments)/2, "the limit slows it down")
	require.Zero(t, s.count(t.Context(), events.StreamRejections, "shipments.>"), "nothing is rejected")
	s.setTemporalConfig(plenty)
	s.finish(time.Now(), 20)
}

func TestCarrierHostRow11KilledInACall(t *testing.T) {
	for fault, firstTry := range map[string]string{
		"worker killed in the first try of a carrier call": "true",
		"worker killed in the activity of a carrier call":  "false",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			killedInACall(t, fault, firstTry)
		})
	}
}

func killedInACall(t *testing.T, fault, firstTry string) {
	t.Helper()
	calls := make(chan struct{}, 100)
	release := make(chan struct{})
	var held atomic.Int64
	s := newSite(t, "11", fault, siteOptions{carrier: func(simulator http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			simulator.ServeHTTP(answer, r) // The effect happens …
			if r.Method == http.MethodPost && held.Add(1) <= 10 {
				calls <- struct{}{}
				<-release // … and the answer takes long.
			}
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
	}})
	s.env = append(s.env, "SHIPMENTS_CHILD_WORKFLOWS=carrier", "SHIPMENTS_CARRIER_FIRST_TRY="+firstTry)
	h := s.run(nil, "api", "consumer", "orchestrator")
	worker := s.run(nil, "carrier")
	s.ready(h)
	s.load.publish(several(10, s.load.shipment)...)
	<-calls // The worker is in the middle of a call.
	worker.Kill()
	close(release)
	healed := time.Now()
	s.run(nil, "carrier")
	s.finish(healed, 5)
}

func TestDocumentsRow17ObjectDamaged(t *testing.T) {
	t.Parallel()
	s := newSite(t, "17", "document's object damaged", siteOptions{})
	h := s.run(nil)
	s.ready(h)
	damaged, whole := succeeds("damaged"), succeeds("whole")
	s.load.publish(s.load.named(damaged), s.load.named(whole))
	s.finish(time.Now(), 2)
	document := "/shipment-documents/" + damaged + "_labels"
	require.Equal(t, http.StatusOK, h.get(t.Context(), document))
	store, err := s.js.ObjectStore(t.Context(), "shipment-documents")
	require.NoError(t, err)
	object, err := store.GetInfo(t.Context(), damaged+"_labels")
	require.NoError(t, err)
	stream, err := s.js.Stream(t.Context(), "OBJ_shipment-documents")
	require.NoError(t, err)
	require.NoError(t, stream.Purge(t.Context(), jetstream.WithPurgeSubject("$O.shipment-documents.C."+object.NUID)))
	require.GreaterOrEqual(t, h.get(t.Context(), document), 500, "never a truncated 200")
	require.Equal(t, http.StatusOK, h.get(t.Context(), "/shipment-documents/"+whole+"_labels"))
}
