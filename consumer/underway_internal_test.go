package consumer

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

// following is a count that follows a server through a connection of its own.
func following(t *testing.T, s *eventstest.Server) (*underWay, *nats.Conn) {
	t.Helper()
	nc, err := nats.Connect(s.ClientURL(), nats.ReconnectWait(10*time.Millisecond))
	require.NoError(t, err)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	u := &underWay{}
	var done sync.WaitGroup
	done.Go(func() {
		if err := u.follow(ctx, js); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		done.Wait()
		nc.Close()
	})
	return u, nc
}

func happened(t *testing.T, s *eventstest.Server, eventType, id string) {
	t.Helper()
	_, err := s.JS.Publish(t.Context(), events.Subject(eventType, id), nil)
	require.NoError(t, err)
}

func (u *underWay) becomes(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return u.count() == n }, staleAfter/2, time.Millisecond, "%d are under way", u.count())
}

func TestUnderWayWhateverTheOrder(t *testing.T) {
	t.Parallel()
	var u underWay
	u.note("shipments.documents-generated.a")
	u.note("shipments.accepted.a")
	u.note("shipments.accepted.b")
	require.Equal(t, 1, u.count())
}

func TestUnderWayMissesNothing(t *testing.T) {
	t.Parallel()
	t.Run("what happened before it began to follow", func(t *testing.T) {
		t.Parallel()
		s := eventstest.StartProvisioned(t)
		happened(t, s, events.TypeAccepted, "a")
		happened(t, s, events.TypeAccepted, "b")
		happened(t, s, events.TypeDocumentsGenerated, "b")
		happened(t, s, events.TypeCollectionBooked, "a") // no end of the count
		u, _ := following(t, s)
		u.becomes(t, 1)
		happened(t, s, events.TypeFailed, "a")
		u.becomes(t, 0)
	})
	t.Run("what happens while it is disconnected", func(t *testing.T) {
		t.Parallel()
		s := eventstest.StartProvisioned(t)
		u, nc := following(t, s)
		happened(t, s, events.TypeAccepted, "first")
		u.becomes(t, 1)
		for i := range 500 {
			id := fmt.Sprintf("s%d", i)
			happened(t, s, events.TypeAccepted, id)
			if i%50 == 0 {
				require.NoError(t, nc.ForceReconnect())
			}
			happened(t, s, events.TypeDocumentsGenerated, id)
		}
		happened(t, s, events.TypeCancelled, "first")
		u.becomes(t, 0)
	})
	t.Run("streams that come later", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		u, _ := following(t, s)
		_, err := streams.Provision(t.Context(), s.JS, 1)
		require.NoError(t, err)
		for i := range 10 {
			happened(t, s, events.TypeAccepted, fmt.Sprint(i))
		}
		u.becomes(t, 10)
	})
}
