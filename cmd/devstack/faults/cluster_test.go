package faults_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/events"
)

func TestNATSClusterLeaderKilledWhilePublishing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "cluster", "leader of a stream killed", siteOptions{natsServers: 3})
	s.ready(s.run(nil))
	stop := s.load.flow(rate, s.load.mixed)
	for _, stream := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections} {
		n := s.ended(t.Context())
		s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > n+5 })
		leader := s.leaderOf(stream)
		leader.Kill()
		s.outage(5 * time.Second)
		leader.restart()
	}
	healed := time.Now()
	stop()
	s.finish(healed, 8)
}

func TestNATSClusterQuorumLostAndRegained(t *testing.T) {
	t.Parallel()
	s := newSite(t, "cluster", "quorum lost and regained", siteOptions{natsServers: 3})
	s.ready(s.run(nil))
	stop := s.load.flow(rate, s.load.mixed)
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 10 })
	s.cluster[1].Kill()
	s.cluster[2].Kill()
	s.outage(either(10*time.Second, time.Minute))
	s.cluster[1].restart()
	s.cluster[2].restart()
	healed := time.Now()
	stop()
	s.finish(healed, 8)
}

// leaderOf finds the server that leads a stream.
func (s *site) leaderOf(name string) *server {
	s.Helper()
	var leader *server
	s.eventually("stream "+name+" has a leader", func(ctx context.Context) bool {
		stream, err := s.js.Stream(ctx, name)
		if err != nil || stream.CachedInfo().Cluster == nil {
			return false
		}
		for i, server := range s.cluster {
			if stream.CachedInfo().Cluster.Leader == serverName(i) {
				leader = server
			}
		}
		return leader != nil
	})
	require.NotNil(s, leader)
	return leader
}
