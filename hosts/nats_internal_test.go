package hosts

import (
	"bytes"
	"net"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// An outage has a line of its own: the error of a write to the lost connection,
// which nats.go may report before it, adds none.
func TestNATSErrorsOfALostConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	server, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, server.Close())
	for err == nil {
		_, err = conn.Write([]byte("PING\r\n"))
	}
	require.NoError(t, conn.Close())
	_, closed := conn.Write([]byte("PING\r\n"))

	var lines bytes.Buffer
	errs := &natsErrors{log: zerolog.New(&lines)}
	errs.handle(nil, nil, err)
	errs.handle(nil, nil, closed)
	require.Empty(t, lines.String())
	errs.handle(nil, nil, nats.ErrSlowConsumer)
	require.Contains(t, lines.String(), nats.ErrSlowConsumer.Error())
}
