package eventstest

import (
	"errors"
	"os"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events/streams"
)

// Server is a NATS server of its own for one test.
type Server struct {
	*natsserver.Server

	JS jetstream.JetStream
}

// Start starts a server on a free port, with its state in a temporary folder and
// no streams. It is stopped when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartWith(t, func(*natsserver.Options) {})
}

// StartWith starts a server whose options the test changes.
func StartWith(t testing.TB, change func(*natsserver.Options)) *Server {
	t.Helper()
	s, stop, err := run(t.TempDir(), change)
	t.Cleanup(stop)
	require.NoError(t, err)
	return s
}

// StartProvisioned starts a server with the streams and the durable consumer.
func StartProvisioned(t testing.TB) *Server {
	t.Helper()
	s := Start(t)
	_, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	return s
}

// Run starts a server on a free port without a test, for examples. It has to be
// stopped.
func Run() (s *Server, stop func(), err error) {
	folder, err := os.MkdirTemp("", "jetstream")
	if err != nil {
		return nil, nil, err
	}
	s, stopServer, err := run(folder, func(*natsserver.Options) {})
	return s, func() { stopServer(); _ = os.RemoveAll(folder) }, err
}

// run starts a server with its state in a folder, and a client of it.
func run(folder string, change func(*natsserver.Options)) (s *Server, stop func(), err error) {
	options := &natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: folder, NoLog: true, NoSigs: true,
	}
	change(options)
	server, err := natsserver.NewServer(options)
	if err != nil {
		return nil, func() {}, err
	}
	server.Start()
	shutdown := func() { server.Shutdown(); server.WaitForShutdown() }
	if !server.ReadyForConnections(10 * time.Second) {
		return nil, shutdown, errors.New("the NATS server did not start")
	}
	nc, err := nats.Connect(server.ClientURL(), nats.MaxReconnects(-1))
	if err != nil {
		return nil, shutdown, err
	}
	js, err := jetstream.New(nc)
	return &Server{Server: server, JS: js}, func() { nc.Close(); shutdown() }, err
}

// ShortenDuplicateWindow makes JetStream forget message ids after 100 ms, as it
// does in the long run. It has to be called before the first message.
func (s *Server) ShortenDuplicateWindow(t *testing.T, stream string) {
	t.Helper()
	handle, err := s.JS.Stream(t.Context(), stream)
	require.NoError(t, err)
	config := handle.CachedInfo().Config
	config.Duplicates = 100 * time.Millisecond
	_, err = s.JS.UpdateStream(t.Context(), config)
	require.NoError(t, err)
}
