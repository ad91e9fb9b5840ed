package consumer

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

// settlements notes how a message's span is settled.
type settlements struct {
	noSpan

	results []string
	err     error
}

func (s *settlements) Settled(settlement Settlement, err error) {
	s.results, s.err = append(s.results, settlement.Result), err
}

// A rejection that cannot be stored is a nak: the message comes again after nakDelay,
// and not after the longer ack wait.
func TestSettleWithoutAStoredRejection(t *testing.T) {
	t.Parallel()
	js := eventstest.StartProvisioned(t).JS
	_, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: events.TypeCreated, Data: []byte("garbage")})
	require.NoError(t, err)
	p, err := newPuller(js, 1)
	require.NoError(t, err)
	t.Cleanup(p.close)
	next := func() (d delivery) {
		for d.msg == nil && t.Context().Err() == nil {
			require.NoError(t, p.pull(t.Context(), 1, func(got delivery) { d = got }))
		}
		return d
	}
	var reported []Settlement
	c := New(Config{}, Dependencies{
		JetStream: js, Publisher: streams.NewPublisher(js, "http://api.test"), Log: zerolog.Nop(),
		Settled: func(_ context.Context, s Settlement) { reported = append(reported, s) },
	})
	s := newSession(t.Context(), c)
	d, span := next(), &settlements{}
	v := s.decide(t.Context(), d)
	require.Len(t, v.reasons, 1)
	v.span = span
	stopped, cancel := context.WithCancel(t.Context())
	cancel() // So the rejection cannot be stored.
	s.settle(stopped, d, v)

	require.Equal(t, []string{ResultNak}, span.results)
	require.ErrorContains(t, span.err, "store the rejection")
	require.Len(t, reported, 1)
	require.Equal(t, ResultNak, reported[0].Result)
	require.Contains(t, c.LastError().Why+c.unsettled.cause.Error(), "store the rejection")
	asked := time.Now()
	require.Equal(t, uint64(2), next().meta.NumDelivered)
	require.Less(t, time.Since(asked), streams.AckWait/2)
}
