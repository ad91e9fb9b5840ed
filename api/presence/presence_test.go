package presence_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/api/presence"
	"shipments/events/eventstest"
)

func process(name string, hosts ...string) presence.Process {
	return presence.Process{Name: name, Version: "v1", Hosts: hosts, Started: time.Now().UTC().Truncate(time.Second), Ready: true}
}

func names(o *presence.Others) (all []string) {
	for _, h := range o.List() {
		all = append(all, h.Name)
	}
	return all
}

func connect(t *testing.T, s *eventstest.Server) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.ClientURL())
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

func follow(t *testing.T, nc *nats.Conn) *presence.Others {
	t.Helper()
	o, err := presence.Follow(nc)
	require.NoError(t, err)
	t.Cleanup(o.Close)
	require.NoError(t, nc.Flush())
	return o
}

func TestPresence(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	o := follow(t, connect(t, s))
	ctx, stop := context.WithCancel(t.Context())
	var telling sync.WaitGroup
	first, second := process("1@a", "orchestrator", "documents"), process("2@b", "consumer")
	second.Ready, second.Why = false, "consumer: Temporal does not answer"
	for _, p := range []presence.Process{first, second} {
		nc := connect(t, s)
		telling.Go(func() { presence.Tell(ctx, nc, func() presence.Process { return p }) })
	}
	require.Eventually(t, func() bool { return len(o.List()) == 2 }, 10*time.Second, time.Millisecond)
	all := o.List()
	require.Equal(t, second, all[0].Process, "they are in the order of their hosts")
	require.Equal(t, first, all[1].Process)
	require.False(t, all[0].Lost())
	stop()
	telling.Wait()
	require.Eventually(t, func() bool { return len(o.List()) == 0 }, 10*time.Second, time.Millisecond, "they say that they stop")
}

func TestPresenceIgnoresWhatIsNone(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	nc := connect(t, s)
	o := follow(t, nc)
	for subject, text := range map[string]string{
		presence.Subject("api"):          `{`,
		presence.Subject("consumer"):     `{"name": "1@a", "hosts": []}`,
		presence.Subject("carrier"):      `{"name": "2@a", "hosts": ["api"]}`, // a host that it is not
		presence.Subject("documents"):    `{"hosts": ["documents"]}`,
		presence.Subject("collection"):   `{"name": "3@a", "hosts": ["collection"], "why": "` + string(make([]byte, 10_000)) + `"}`,
		presence.Subject("orchestrator"): `{"name": "4@a", "hosts": ["orchestrator"]}`,
	} {
		require.NoError(t, nc.Publish(subject, []byte(text)))
	}
	require.Eventually(t, func() bool { return len(o.List()) > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, nc.Flush())
	require.Equal(t, []string{"4@a"}, names(o))
}

// Time passes at once here.
func TestPresenceOfALostProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := presence.Heard{Process: process("1@a", "api"), At: time.Now()}
		time.Sleep(15 * time.Second)
		require.False(t, h.Lost())
		time.Sleep(time.Millisecond)
		require.True(t, h.Lost())
	})
}
