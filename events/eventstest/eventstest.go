package eventstest

import (
	"context"
	"testing"
	"time"

	"shipments/events/streams"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// Server is a NATS server of its own for one test.
type Server struct {
	*natsserver.Server

	JS jetstream.JetStream
}

// Start starts a server on a free port, with its state in the test's temporary
// folder and no streams. It is stopped when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartWith(t, func(*natsserver.Options) {})
}

// StartWith starts a server whose options the test changes.
func StartWith(t testing.TB, change func(*natsserver.Options)) *Server {
	t.Helper()
	options := &natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
	}
	change(options)
	s, err := natsserver.NewServer(options)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(10*time.Second), "the NATS server did not start")
	nc, err := nats.Connect(s.ClientURL(), nats.MaxReconnects(-1))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return &Server{Server: s, JS: js}
}

// StartProvisioned starts a server with the streams and the durable consumer.
func StartProvisioned(t testing.TB) *Server {
	t.Helper()
	s := Start(t)
	_, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	return s
}

// Messages reads all messages of a stream that match a subject.
func (s *Server) Messages(t *testing.T, stream, subject string) []*jetstream.RawStreamMsg {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	handle, err := s.JS.Stream(ctx, stream)
	require.NoError(t, err)
	var found []*jetstream.RawStreamMsg
	for next := uint64(1); ; {
		msg, err := handle.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if err != nil {
			require.ErrorIs(t, err, jetstream.ErrMsgNotFound)
			return found
		}
		found = append(found, msg)
		next = msg.Sequence + 1
	}
}

// Rejections reads all stored rejections.
func (s *Server) Rejections(t *testing.T) []streams.StoredRejection {
	t.Helper()
	return Rejections(t, s.JS)
}

// Rejections reads all stored rejections of any server.
func Rejections(t *testing.T, js jetstream.JetStream) []streams.StoredRejection {
	t.Helper()
	var found []streams.StoredRejection
	require.NoError(t, streams.Rejections(t.Context(), js, "", time.Unix(0, 0), func(r streams.StoredRejection) bool {
		found = append(found, r)
		return true
	}))
	return found
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
