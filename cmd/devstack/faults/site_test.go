package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shipments/activities/carriers"
	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
)

// patience bounds a wait for something that has to happen.
const patience = 2 * time.Minute

// site is a system of its own: servers and hosts as processes, proxies between
// them, and the carriers' systems in the test.
type site struct {
	*testing.T

	row, fault string
	dir        string
	options    siteOptions
	nats       *server // the first of them
	cluster    []*server
	temporal   *server
	toNATS     *proxy
	toTemporal *proxy
	carriers   *carriers.Server
	js         jetstream.JetStream // past the proxy
	client     client.Client       // of the Temporal server, past the proxy
	load       *load
	env        []string
	natsBasics string // configuration that every test wants
	hosts      int    // that were started
	patience   time.Duration
}

// siteOptions are what a test wants to be different.
type siteOptions struct {
	// natsStore is the folder of JetStream; one in the test's own by default.
	natsStore string
	// natsConfig is added to the configuration of nats-server.
	natsConfig string
	// natsOptions are those of the test's own connection.
	natsOptions []nats.Option
	// temporalConfig is dynamic configuration of the Temporal server.
	temporalConfig string
	// natsServers is how many form a cluster; without one, there is a proxy
	// before the only server.
	natsServers int
	// carrier stands before the carriers' systems.
	carrier func(http.Handler) http.Handler
	// carrierFaults are what they do wrong.
	carrierFaults carriers.Chaos
	// collectionDelay is 500 ms by default.
	collectionDelay time.Duration
}

// newSite starts the servers; hosts are started by run.
func newSite(t *testing.T, row, fault string, o siteOptions) *site {
	t.Helper()
	s := &site{T: t, row: row, fault: fault, dir: t.TempDir(), options: o, patience: patience}
	t.Cleanup(s.showLogs)
	natsURL := s.startNATS()
	s.startTemporal()
	s.toTemporal = newProxy(t, s.temporal.address, false)
	if o.collectionDelay == 0 {
		o.collectionDelay = 500 * time.Millisecond
	}
	s.env = []string{
		"NATS_URL=" + natsURL, fmt.Sprintf("SHIPMENTS_STREAM_REPLICAS=%d", len(s.cluster)), "TEMPORAL_ADDRESS=" + s.toTemporal.address(),
		"SHIPMENTS_EMULATION=true", "SHIPMENTS_COLLECTION_DELAY=" + o.collectionDelay.String(), "SHIPMENTS_CHILD_WORKFLOWS=none",
		"SHIPMENTS_PUBLIC_URL=http://shipments.test", "SHIPMENTS_LOG_LEVEL=warn", "SHIPMENTS_LOG_FORMAT=json",
		"SHIPMENTS_CARRIERS=" + s.startCarriers(),
	}
	s.load = newLoad(s)
	return s
}

// startCarriers serves the carriers' systems, and returns the table of them.
func (s *site) startCarriers() string {
	s.Helper()
	s.carriers = carriers.NewServer(carriers.Simulator{Emulation: true}, "", s.options.carrierFaults)
	handler := http.Handler(s.carriers)
	if s.options.carrier != nil {
		handler = s.options.carrier(handler)
	}
	server := httptest.NewServer(handler)
	s.Cleanup(server.Close)
	return harness.CarrierTable(s, server.URL, map[string]any{"timeout": "30s"})
}

// server is a server process that can be started again on the same address
// with the same state.
type server struct {
	*harness.Process

	address string
	start   func() *harness.Process
}

func (s *server) restart() { s.Process = s.start() }

// startNATS starts the NATS server, or several, and returns the URL for the hosts.
func (s *site) startNATS() string {
	s.Helper()
	n := max(1, s.options.natsServers)
	var addresses, routes, urls []string
	for range n {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", freePort(s.T)))
		routes = append(routes, fmt.Sprintf("127.0.0.1:%d", freePort(s.T)))
		urls = append(urls, "nats://"+addresses[len(addresses)-1])
	}
	for i := range n {
		name := serverName(i)
		store := s.options.natsStore
		if store == "" {
			store = filepath.Join(s.dir, name)
		}
		// The limit lies beyond the disk, which shall be what is full.
		s.natsBasics = fmt.Sprintf("listen: %q\nserver_name: %s\njetstream { store_dir: %q, max_file_store: 10GB }\n", addresses[i], name, store)
		if n > 1 {
			s.natsBasics += fmt.Sprintf("cluster { name: faults, listen: %q, routes: [%s] }\n", routes[i], "nats://"+strings.Join(routes, ", nats://"))
		}
		config := filepath.Join(s.dir, name+".conf")
		require.NoError(s, os.WriteFile(config, []byte(s.natsBasics+s.options.natsConfig), 0o600))
		s.cluster = append(s.cluster, &server{address: addresses[i], start: func() *harness.Process {
			return harness.Start(s, harness.Options{Role: roleNATS, Args: []string{"-c", config}, Log: s.log(name)})
		}})
		s.cluster[i].restart()
	}
	s.nats = s.cluster[0]
	s.js = connect(s.T, strings.Join(urls, ","), s.options.natsOptions...)
	s.eventually("JetStream answers", func(ctx context.Context) bool {
		_, err := s.js.AccountInfo(ctx)
		return err == nil
	})
	if n > 1 {
		return strings.Join(urls, ",")
	}
	s.toNATS = newProxy(s.T, s.nats.address, true)
	return "nats://" + s.toNATS.address()
}

// serverName is what the NATS servers of a site are called.
func serverName(i int) string { return fmt.Sprintf("nats-%d", i) }

// rewriteNATSConfig writes what is added to the only nats-server's configuration.
func (s *site) rewriteNATSConfig(added string) {
	s.Helper()
	require.NoError(s, os.WriteFile(filepath.Join(s.dir, serverName(0)+".conf"), []byte(s.natsBasics+added), 0o600))
}

// connect connects the test itself, past all proxies and for as long as it takes.
func connect(t *testing.T, url string, options ...nats.Option) jetstream.JetStream {
	t.Helper()
	options = append([]nats.Option{
		nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond), nats.RetryOnFailedConnect(true), nats.IgnoreAuthErrorAbort(),
	}, options...)
	nc, err := nats.Connect(url, options...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return js
}

// startTemporal runs a dev stack without hosts for its Temporal server; its
// NATS server is not used.
func (s *site) startTemporal() {
	s.Helper()
	port := freePort(s.T)
	args := []string{
		"--hosts=none", "--data=" + filepath.Join(s.dir, "temporal"), fmt.Sprintf("--temporal-port=%d", port),
		"--nats-port=0", "--ui-port=0", "--http-addr=127.0.0.1:0",
	}
	if s.options.temporalConfig != "" {
		s.setTemporalConfig(s.options.temporalConfig)
		args = append(args, "--temporal-config="+s.temporalConfig())
	}
	s.temporal = &server{address: fmt.Sprintf("127.0.0.1:%d", port), start: func() *harness.Process {
		p := harness.Start(s, harness.Options{Role: harness.Devstack, Args: args, Log: s.log("temporal")})
		p.Addresses(s)
		return p
	}}
	s.temporal.restart()
	var err error
	s.client, err = client.NewLazyClient(client.Options{HostPort: s.temporal.address, Namespace: stack.Namespace})
	require.NoError(s, err)
	s.Cleanup(s.client.Close)
}

func (s *site) temporalConfig() string { return filepath.Join(s.dir, "temporal.yaml") }

func (s *site) setTemporalConfig(text string) {
	s.Helper()
	require.NoError(s, os.WriteFile(s.temporalConfig(), []byte(text), 0o600))
}

// host is a process of hosts, and where its HTTP API is.
type host struct {
	*harness.Process

	url string
}

// run starts hosts, all of them without names, with the environment added.
func (s *site) run(env []string, names ...string) *host {
	s.Helper()
	return s.runProgram(production(s.T), env, names...)
}

// runFailing starts hosts that die at a failpoint.
func (s *site) runFailing(failpoint string, names ...string) *host {
	s.Helper()
	return s.runProgram(withFailpoints(s.T), []string{"SHIPMENTS_FAILPOINT=" + failpoint}, names...)
}

func (s *site) runProgram(program string, env []string, names ...string) *host {
	s.Helper()
	s.hosts++
	address := fmt.Sprintf("127.0.0.1:%d", freePort(s.T))
	env = append(append(append([]string{}, s.env...), "SHIPMENTS_HTTP_ADDR="+address, "SHIPMENTS_HEALTH_ADDR="+address), env...)
	return &host{url: "http://" + address, Process: harness.Start(s, harness.Options{
		Program: program, Args: append([]string{"run"}, names...), Env: env, Log: s.log(fmt.Sprintf("hosts-%d", s.hosts)),
	})}
}

// get returns the status of a GET, or 0 without an answer.
func (h *host) get(ctx context.Context, path string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// ready waits until hosts are ready.
func (s *site) ready(h *host) {
	s.Helper()
	s.eventually("the hosts are ready", func(ctx context.Context) bool { return h.get(ctx, "/readyz") == http.StatusOK })
}

// eventually waits for a condition.
func (s *site) eventually(what string, condition func(ctx context.Context) bool) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), s.patience)
	defer cancel()
	for {
		once, done := context.WithTimeout(ctx, 5*time.Second)
		holds := condition(once)
		done()
		if holds {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			require.Fail(s, "it never came: "+what)
		}
	}
}

// outage lets an outage last: nothing is waited for but the time.
func (s *site) outage(d time.Duration) { time.Sleep(d) }

func (s *site) log(name string) *os.File {
	s.Helper()
	file, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s, err)
	s.Cleanup(func() { _ = file.Close() })
	return file
}

// showLogs shows the ends of the logs of a test that failed.
func (s *site) showLogs() {
	files, err := filepath.Glob(filepath.Join(s.dir, "*.log"))
	require.NoError(s, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(s, err)
		if s.Failed() {
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			s.Logf("the end of %s:\n%s", filepath.Base(file), strings.Join(lines[max(0, len(lines)-30):], "\n"))
		}
	}
}

// Programs are built once. Without the race detector: these tests are about
// load, and the end-to-end tests race the hosts.
var (
	building sync.Mutex
	built    = map[string]string{}
)

func production(t *testing.T) string { return program(t, "production") }
func withFailpoints(t *testing.T) string {
	return program(t, "failpoints", "-tags=failpoints")
}

func program(t *testing.T, name string, flags ...string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	if built[name] == "" {
		dir := filepath.Join(programs, name)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		built[name] = harness.Build(t, dir, flags...)
	}
	return built[name]
}

// given are the ports that freePort has found.
var given sync.Map

// freePort finds a port that keeps being free: outside the range from which
// the system takes ports for connections, and never one that it has found
// before. A server that is being restarted does not listen on its port, and the
// clients of one test would find the server of another there.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 20000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		require.NoError(t, listener.Close())
		if _, again := given.LoadOrStore(port, true); !again {
			return port
		}
	}
	require.Fail(t, "no port is free")
	return 0
}

// count counts the messages of a stream that match a subject.
func (s *site) count(ctx context.Context, name, subject string) int {
	stream, err := s.js.Stream(ctx, name)
	if err != nil {
		return 0
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil {
		return 0
	}
	n := uint64(0)
	for _, messages := range info.State.Subjects {
		n += messages
	}
	return int(n)
}
