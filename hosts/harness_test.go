package hosts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"shipments/events/eventstest"
	"shipments/hosts"
)

// load makes a configuration that emulates against a server of the test's.
func load(t *testing.T, s *eventstest.Server) hosts.Config {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	config.NATSURL, config.TemporalAddress, config.Emulation = s.ClientURL(), "127.0.0.1:1", true
	require.NoError(t, config.Validate())
	return config
}

// journal takes log lines. It is safe for concurrent use.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

// line is what a test looks for in a log line.
type line struct {
	Level, Message, Variable, Found, Remedy, Since, After, Version, Error string
	Hosts, Carriers                                                       []string
}

// lines are the lines with a message, so far; all of them for "".
func (j *journal) lines(t *testing.T, message string) []line {
	t.Helper()
	j.mu.Lock()
	decoder := json.NewDecoder(bytes.NewReader(bytes.Clone(j.text.Bytes())))
	j.mu.Unlock()
	var found []line
	for {
		var l line
		err := decoder.Decode(&l) //nolint:musttag // its members are matched whatever their case
		if err == io.EOF {
			return found
		}
		require.NoError(t, err)
		if message == "" || l.Message == message {
			found = append(found, l)
		}
	}
}

// first waits for a line with a message, and returns it.
func (j *journal) first(t *testing.T, message string) line {
	t.Helper()
	require.Eventually(t, func() bool { return len(j.lines(t, message)) > 0 }, 20*time.Second, 10*time.Millisecond, "no line says %q", message)
	return j.lines(t, message)[0]
}

// running are hosts that run.
type running struct {
	journal

	url   string // of the API
	admin string
	ended chan error
	stop  context.CancelFunc
}

// run runs hosts until the test ends.
func run(t *testing.T, config hosts.Config, names ...string) *running {
	t.Helper()
	named, err := hosts.Named(names...)
	require.NoError(t, err)
	listeners := hosts.Listeners{HTTP: listen(t), Admin: listen(t)}
	r := &running{url: "http://" + listeners.HTTP.Addr().String(), admin: "http://" + listeners.Admin.Addr().String(), ended: make(chan error, 1)}
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() {
		r.ended <- hosts.RunOn(ctx, listeners, config, named, zerolog.New(&r.journal))
		close(r.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-r.ended
	})
	return r
}

// end waits for the hosts to end and returns their error.
func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the hosts did not end")
		return nil
	}
}

// get gets a path's status and body from the API; the status is 0 if nothing
// answers.
func (r *running) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	return get(t, r.url+path)
}

// ask gets a path from the admin listener.
func (r *running) ask(t *testing.T, path string) (status int, body string) {
	t.Helper()
	return get(t, r.admin+path)
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func (r *running) ready(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, _ := r.ask(t, "/readyz")
		return status == http.StatusOK
	}, 10*time.Second, 20*time.Millisecond, "the hosts are not ready")
}

// certificate is a certificate for 127.0.0.1, and a file with its CA.
func certificate(t *testing.T) (server *httptest.Server, ca string) {
	t.Helper()
	server = httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(ca, block, 0o600))
	return server, ca
}

// temporal is a gRPC server with as much of Temporal's API as a start needs.
type temporal struct {
	workflowservice.UnimplementedWorkflowServiceServer
	operatorservice.UnimplementedOperatorServiceServer

	describe func() error
}

func (*temporal) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (s *temporal) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	if s.describe != nil {
		if err := s.describe(); err != nil {
			return nil, err
		}
	}
	return &workflowservice.DescribeNamespaceResponse{}, nil
}

// start serves on a listener until the returned function is called, or the test
// ends.
func (s *temporal) start(t *testing.T, listener net.Listener, options ...grpc.ServerOption) (stop func()) {
	t.Helper()
	return serve(t, s, listener, options...)
}

// api is the part of Temporal's API that the hosts use.
type api interface {
	workflowservice.WorkflowServiceServer
	operatorservice.OperatorServiceServer
}

func serve(t *testing.T, s api, listener net.Listener, options ...grpc.ServerOption) (stop func()) {
	t.Helper()
	server := grpc.NewServer(options...)
	workflowservice.RegisterWorkflowServiceServer(server, s)
	operatorservice.RegisterOperatorServiceServer(server, s)
	go func() { _ = server.Serve(listener) }() // It ends with an error when the test stops it.
	t.Cleanup(server.Stop)
	return server.Stop
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}
