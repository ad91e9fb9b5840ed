package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
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

// patience is how long a test waits by default for what has to happen.
const patience = 2 * time.Minute

// site is one test's system: servers and hosts as processes, proxies between
// them, and the carriers' systems inside the test.
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
	natsBasics string // the part of the configuration that all tests share
	hosts      int    // how many processes of hosts were started
	patience   time.Duration

	mu      sync.Mutex
	running []*harness.Process
}

// siteOptions are what differs from test to test.
type siteOptions struct {
	// natsStore is the folder of JetStream; one in the test's own by default.
	natsStore string
	// natsConfig is added to the configuration of nats-server.
	natsConfig string
	// natsOptions are those of the test's own connection.
	natsOptions []nats.Option
	// temporalConfig is dynamic configuration of the Temporal server.
	temporalConfig string
	// natsServers is how many servers form a cluster. By default there is one
	// server, behind a proxy.
	natsServers int
	// secrets, if it is set, has all connections use TLS with certificates of clients.
	secrets *secrets
	// carrier wraps the carriers' systems.
	carrier func(http.Handler) http.Handler
	// carrierFaults are the faults that these inject.
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

// server is a server process. It can be started again, on the same address and
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
		addresses = append(addresses, harness.Port(s).Address())
		routes = append(routes, harness.Port(s).Address())
		urls = append(urls, "nats://"+addresses[len(addresses)-1])
	}
	for i := range n {
		name := serverName(i)
		store := s.options.natsStore
		if store == "" {
			store = filepath.Join(s.dir, name)
		}
		// The limit is larger than the disk of the test that fills it.
		s.natsBasics = fmt.Sprintf("listen: %q\nserver_name: %s\njetstream { store_dir: %q, max_file_store: 10GB }\n", addresses[i], name, store)
		if n > 1 {
			s.natsBasics += fmt.Sprintf("cluster { name: faults, listen: %q, routes: [%s] }\n", routes[i], "nats://"+strings.Join(routes, ", nats://"))
		}
		config := filepath.Join(s.dir, name+".conf")
		require.NoError(s, os.WriteFile(config, []byte(s.natsBasics+s.options.natsConfig), 0o600))
		s.cluster = append(s.cluster, &server{address: addresses[i], start: func() *harness.Process {
			return s.start(name, harness.Options{Role: roleNATS, Args: []string{"-c", config}})
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
	s.toNATS = newProxy(s.T, s.nats.address, s.options.secrets == nil)
	return "nats://" + s.toNATS.address()
}

// serverName is what the NATS servers of a site are called.
func serverName(i int) string { return fmt.Sprintf("nats-%d", i) }

// rewriteNATSConfig replaces what a test has added to the configuration of the
// only nats-server.
func (s *site) rewriteNATSConfig(added string) {
	s.Helper()
	require.NoError(s, os.WriteFile(filepath.Join(s.dir, serverName(0)+".conf"), []byte(s.natsBasics+added), 0o600))
}

// connect connects the test itself to the servers, without a proxy. The
// connection is made when a server answers, and again when it was lost.
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

// startTemporal runs a dev stack without hosts, of which the Temporal server is
// used.
func (s *site) startTemporal() {
	s.Helper()
	port := harness.Port(s)
	args := []string{
		"--hosts=none", "--data=" + filepath.Join(s.dir, "temporal"), fmt.Sprintf("--temporal-port=%d", port.Number()),
		"--nats-port=0", "--ui-port=0",
	}
	if s.options.temporalConfig != "" {
		s.setTemporalConfig(s.options.temporalConfig)
		args = append(args, "--temporal-config="+s.temporalConfig())
	}
	role := harness.Devstack
	options := client.Options{HostPort: port.Address(), Namespace: stack.Namespace}
	if secrets := s.options.secrets; secrets != nil {
		role = roleTemporal
		args = []string{filepath.Join(s.dir, "temporal"), strconv.Itoa(port.Number()), secrets.temporal.Cert, secrets.temporal.Key, secrets.temporal.CA}
		options.ConnectionOptions.TLS = secrets.clientTLS(s, secrets.test)
	}
	s.temporal = &server{address: port.Address(), start: func() *harness.Process {
		p := s.start("temporal", harness.Options{Role: role, Args: args})
		p.Addresses(s)
		return p
	}}
	s.temporal.restart()
	var err error
	s.client, err = client.NewLazyClient(options)
	require.NoError(s, err)
	s.Cleanup(s.client.Close)
}

func (s *site) temporalConfig() string { return filepath.Join(s.dir, "temporal.yaml") }

func (s *site) setTemporalConfig(text string) {
	s.Helper()
	require.NoError(s, os.WriteFile(s.temporalConfig(), []byte(text), 0o600))
}
