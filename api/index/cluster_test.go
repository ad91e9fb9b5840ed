package index_test

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/eventstest/ports"
	"shipments/events/streams"
)

// startCluster starts three servers with streams of three replicas.
func startCluster(t *testing.T) []*eventstest.Server {
	t.Helper()
	var routes []*url.URL
	var held []*ports.Port
	for range 3 {
		port, err := ports.Hold()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, port.Release()) })
		routes = append(routes, &url.URL{Scheme: "nats", Host: port.Address()})
		held = append(held, port)
	}
	servers := make([]*eventstest.Server, 3)
	var starting sync.WaitGroup
	for i := range servers {
		starting.Go(func() {
			servers[i] = eventstest.StartWith(t, func(o *natsserver.Options) {
				o.ServerName = fmt.Sprintf("n%d", i)
				o.Cluster = natsserver.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: held[i].Number()}
				o.Routes = routes
			})
		})
	}
	starting.Wait()
	retried(t, func(ctx context.Context) error {
		_, err := streams.Provision(ctx, servers[0].JS, 3)
		return err
	})
	return servers
}

func TestIndexSurvivesAChangeOfLeaders(t *testing.T) {
	t.Parallel()
	servers := startCluster(t)
	p := newStories(servers[0].JS)
	var want []string
	for n := range 14 {
		want = append(want, p.story(t, n))
	}
	js := connect(t, servers[1].ClientURL())
	x := run(t, js, 0)
	requireFullRead(t, servers[0].JS, x, want)
	first := 1000
	for _, stream := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections} {
		retried(t, func(ctx context.Context) error {
			_, err := servers[0].JS.Conn().RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN."+stream, nil)
			return err
		})
		for n := range 7 {
			want = append(want, p.story(t, first+n))
		}
		first += 7
	}
	requireFullRead(t, servers[0].JS, x, want)
	t.Run("a server dies", func(t *testing.T) {
		servers[2].Shutdown()
		for n := range 14 {
			want = append(want, p.story(t, 9000+n))
		}
		requireFullRead(t, servers[0].JS, x, want)
	})
}
