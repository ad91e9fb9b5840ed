package stack_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/events/streams"
	"shipments/hosts"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m.Run, nil)) }

// options are those of a stack on free ports, with its state in a folder that
// does not exist yet, and with all hosts.
func options(t *testing.T) stack.Options {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	config.Emulation, config.PublicURL = true, ""
	return stack.Options{
		Dir: filepath.Join(t.TempDir(), "data"), HTTPAddr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0", Config: config, Hosts: hosts.All(), Log: zerolog.Nop(),
	}
}

// taken listens on a port until the test ends.
func taken(t *testing.T) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

func TestStartChecksEverythingFirst(t *testing.T) {
	port := taken(t)
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
	inUse := "listen tcp " + address + ": bind: address already in use: stop what uses it, or choose another with "
	for _, c := range []struct {
		name  string
		spoil func(*stack.Options)
		want  []string
	}{
		{"HTTP port taken", func(o *stack.Options) { o.HTTPAddr = address }, []string{"HTTP API: " + inUse + "--http-addr"}},
		{"NATS port taken", func(o *stack.Options) { o.NATSPort = port }, []string{"NATS: " + inUse + "--nats-port"}},
		{"Temporal port taken", func(o *stack.Options) { o.TemporalPort = port }, []string{"Temporal: " + inUse + "--temporal-port"}},
		{"UI port taken", func(o *stack.Options) { o.UIPort = port }, []string{"Temporal UI: " + inUse + "--ui-port"}},
		{"admin port taken", func(o *stack.Options) { o.Hosts, o.AdminAddr = o.Hosts[:1], address }, []string{"admin listener: " + inUse + "--admin-addr"}},
		{"no such port", func(o *stack.Options) { o.NATSPort = 70000 }, []string{"NATS: ", "invalid port: choose another with --nats-port"}},
		{"several faults", func(o *stack.Options) {
			o.HTTPAddr, o.TemporalPort, o.Config.ChildWorkflows = address, port, "everything"
		}, []string{"--http-addr", "--temporal-port", "SHIPMENTS_CHILD_WORKFLOWS"}},
		{"carrier's token missing", func(o *stack.Options) {
			o.Config.Carriers = harness.CarrierTable(t, "http://127.0.0.1:1", map[string]any{"tokenVariable": "STACK_TEST_TOKEN"})
		}, []string{"host carrier: STACK_TEST_TOKEN is not set"}},
		{"no file of --temporal-config", func(o *stack.Options) { o.TemporalConfig = "nonexistent.yaml" }, []string{"--temporal-config: stat nonexistent.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(t)
			c.spoil(&o)
			_, err := stack.Start(t.Context(), o)
			require.Error(t, err)
			for _, text := range c.want {
				require.ErrorContains(t, err, text)
			}
			require.NoDirExists(t, o.Dir, "nothing was started")
		})
	}
}

func TestStartReturnsTheErrorOfWhatDidNotStart(t *testing.T) {
	t.Run("a host", func(t *testing.T) {
		o := options(t)
		o.Hosts = nil
		servers, err := stack.Start(t.Context(), o)
		require.NoError(t, err)
		nc, err := nats.Connect(servers.NATSURL)
		require.NoError(t, err)
		js, err := jetstream.New(nc)
		require.NoError(t, err)
		conflicting := streams.Configs(1)[0]
		conflicting.Subjects = append(conflicting.Subjects, "orders.>")
		_, err = js.CreateStream(t.Context(), conflicting)
		require.NoError(t, err)
		nc.Close()
		require.NoError(t, servers.Stop())

		o.Hosts = hosts.All()
		_, err = stack.Start(t.Context(), o)
		require.ErrorContains(t, err, "streams that cannot be used as they are")
	})
	t.Run("NATS", func(t *testing.T) {
		o := options(t)
		require.NoError(t, os.Mkdir(o.Dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "nats"), nil, 0o600))
		_, err := stack.Start(t.Context(), o)
		require.ErrorContains(t, err, "start the NATS server: Can't start JetStream")
	})
	t.Run("the folder of the state is in use", func(t *testing.T) {
		o := options(t)
		o.Hosts, o.NoUI = nil, true
		first, err := stack.Start(t.Context(), o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, first.Stop()) })
		_, err = stack.Start(t.Context(), o)
		require.ErrorContains(t, err, "another dev stack uses "+o.Dir)
	})
}
