package api_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/events"
)

// serve runs the API with its limits of time, shortened to what a test can wait for.
func serve(t *testing.T) (address string) {
	t.Helper()
	_, config := configure(t)
	server := api.Server(api.New(config))
	for _, limit := range []*time.Duration{&server.ReadHeaderTimeout, &server.ReadTimeout, &server.WriteTimeout, &server.IdleTimeout} {
		require.Positive(t, *limit, "every limit is set")
		require.LessOrEqual(t, *limit, time.Minute)
		*limit /= 20
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	return listener.Addr().String()
}

// dial sends the beginning of a request and leaves the rest to the test.
func dial(t *testing.T, address, beginning string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, beginning)
	require.NoError(t, err)
	return conn
}

func TestAPILimitsTheTimeOfARequest(t *testing.T) {
	t.Parallel()
	address := serve(t)
	const post = "POST /shipments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	endless := func(w io.Writer) error {
		_, err := io.Copy(w, strings.NewReader(strings.Repeat("8\r\n        \r\n", events.MaxMessageBytes)))
		return err
	}
	tests := map[string]struct {
		beginning string
		rest      func(io.Writer) error
		status    int // 0: the connection is closed without an answer
	}{
		"nothing is sent":             {"", nil, 0},
		"headers do not end":          {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", nil, 0},
		"headers are too large":       {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 64<<10), nil, http.StatusRequestHeaderFieldsTooLarge},
		"an escape is malformed":      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", nil, http.StatusBadRequest},
		"no path":                     {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", nil, http.StatusBadRequest},
		"a body stays away":           {post + "Content-Length: 100\r\n\r\n", nil, http.StatusBadRequest},
		"a body stops in the middle":  {post + "Content-Length: 100\r\n\r\n{", nil, http.StatusBadRequest},
		"a body goes on for ever":     {post + "Transfer-Encoding: chunked\r\n\r\n", endless, http.StatusRequestEntityTooLarge},
		"a body's chunk is malformed": {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", nil, http.StatusBadRequest},
		"a connection that idles":     {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", nil, http.StatusOK},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, address, test.beginning)
			if test.rest != nil {
				go func() { _ = test.rest(conn) }() // It fails when the server has had enough.
			}
			reader := bufio.NewReader(conn)
			response, err := http.ReadResponse(reader, nil)
			if test.status == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				require.Equal(t, test.status, response.StatusCode)
				_, err = io.Copy(io.Discard, response.Body)
				require.NoError(t, err)
				_, err = reader.ReadByte()
			}
			// The server has closed the connection: the test's own deadline did not pass.
			var late net.Error
			require.Error(t, err)
			if errors.As(err, &late) {
				require.False(t, late.Timeout(), err)
			}
		})
	}
}
