package hosts_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts"
)

func TestRunAPIWithoutTemporal(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	r := run(t, load(t, s), "api")
	r.ready(t)
	differences, err := streams.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Empty(t, differences)

	// With Temporal and every worker down, shipments are taken, listed and shown.
	ask := func(method, path, accept string) (status int, body string) {
		request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, nil)
		require.NoError(t, err)
		request.Header.Set("Accept", accept)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	status, _ := ask(http.MethodPost, "/1abc", "")
	require.Equal(t, http.StatusAccepted, status)
	for what, request := range map[string]struct{ path, accept, has string }{
		"status":            {"/1abc", "", `"waitsFor": "consumer"`},
		"list":              {"/shipments?status=Pending", "", `"shipmentId":"1abc"`},
		"timeline":          {"/shipments/1abc/events", "", `"type":"shipments.created"`},
		"rejections":        {"/rejections", "", `"rejections":[]`},
		"page of all":       {"/", "text/html", `href="/1abc"`},
		"processes":         {"/", "text/html", `<th scope="row">api</th>`},
		"page of one":       {"/1abc", "text/html", "It waits for the consumer to start its process."},
		"page of rejection": {"/rejections", "text/html", "Nothing that is selected was rejected."},
	} {
		require.Eventually(t, func() bool {
			status, body := ask(http.MethodGet, request.path, request.accept)
			return status == http.StatusOK && strings.Contains(body, request.has)
		}, 30*time.Second, 20*time.Millisecond, what)
	}
	r.stop()
	require.NoError(t, r.end(t))
}

// about is what /readyz has besides its checks.
type about struct {
	Version           string            `json:"version"`
	Hosts             []string          `json:"hosts"`
	SimulatedCarriers []string          `json:"simulatedCarriers"`
	Checks            map[string]string `json:"checks"`
	Warnings          []string          `json:"warnings"`
}

func (r *running) about(t *testing.T) (a about) {
	t.Helper()
	_, body := r.ask(t, "/readyz")
	require.NoError(t, json.Unmarshal([]byte(body), &a))
	return a
}

func TestRunIsNamedWhereItConnects(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	r := run(t, load(t, s), "api", "carrier")
	version := hosts.ReadVersion().Version
	require.NotEmpty(t, version)
	l := r.first(t, "Starting")
	require.Equal(t, version, l.Version)
	require.Equal(t, []string{"api", "carrier"}, l.Hosts)
	require.Eventually(t, func() bool {
		connections, err := s.Connz(&natsserver.ConnzOptions{})
		require.NoError(t, err)
		for _, c := range connections.Conns {
			if c.Name == "shipments/"+version+" api,carrier" {
				return true
			}
		}
		return false
	}, 10*time.Second, 10*time.Millisecond)
	a := r.about(t)
	require.Equal(t, version, a.Version)
	require.Equal(t, []string{"api", "carrier"}, a.Hosts)
	require.Contains(t, a.Checks, "api")
	require.Eventually(t, func() bool { return strings.Contains(r.about(t).Checks["carrier"], "waiting for Temporal") }, 10*time.Second, 10*time.Millisecond)
}

func TestRunSimulatedCarriers(t *testing.T) {
	s := eventstest.Start(t)
	const simulated = "Carriers are simulated: nothing is really manifested or collected"
	names := []string{"Albion Parcels", "Continental Freight"}
	for name, c := range map[string]struct {
		hosts       []string
		composition string
		want        []string
	}{
		"by the carrier host":                    {[]string{"carrier"}, "all", names},
		"by a worker that calls carriers inline": {[]string{"orchestrator", "api"}, "none", names},
		"not by a host that calls none":          {[]string{"orchestrator", "api"}, "all", nil},
	} {
		t.Run(name, func(t *testing.T) {
			config := load(t, s)
			config.ChildWorkflows = c.composition
			require.NoError(t, config.Validate())
			r := run(t, config, c.hosts...)
			require.Eventually(t, func() bool { code, _ := r.ask(t, "/healthz"); return code == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
			require.Equal(t, c.want, r.about(t).SimulatedCarriers)
			lines := r.lines(t, simulated)
			if c.want == nil {
				require.Empty(t, lines)
				return
			}
			require.Len(t, lines, 1)
			require.Equal(t, "warn", lines[0].Level)
			require.Equal(t, c.want, lines[0].Carriers)
		})
	}
	t.Run("not by carriers over HTTP", func(t *testing.T) {
		t.Setenv("SHIPMENTS_CARRIERS", carrierTable(t, oneCarrier))
		t.Setenv("TOKEN_OF_ONE", "x")
		r := run(t, load(t, s), "carrier")
		r.first(t, "Starting")
		require.Empty(t, r.lines(t, simulated))
	})
}

func TestRunVariablesWithoutEffect(t *testing.T) {
	s := eventstest.Start(t)
	for name, c := range map[string]struct {
		environment map[string]string
		hosts       []string
		variable    string // with a warning; none for ""
		says        string
	}{
		"a misspelt name":                      {map[string]string{"SHIPMENTS_COLECTION_DELAY": "1s"}, []string{"api"}, "SHIPMENTS_COLECTION_DELAY", "did you mean SHIPMENTS_COLLECTION_DELAY?"},
		"a collection delay without emulation": {map[string]string{"SHIPMENTS_COLLECTION_DELAY": "1s", "SHIPMENTS_CARRIERS": carrierTable(t, oneCarrier), "SHIPMENTS_EMULATION": "false"}, []string{"api"}, "SHIPMENTS_COLLECTION_DELAY", "SHIPMENTS_EMULATION is off"},
		"a collection delay with emulation":    {map[string]string{"SHIPMENTS_COLLECTION_DELAY": "1s"}, []string{"api"}, "", ""},
		"a server name without TLS":            {map[string]string{"TEMPORAL_TLS_SERVER_NAME": "x"}, []string{"api"}, "TEMPORAL_TLS_SERVER_NAME", "TLS is off"},
		"a key without its certificate":        {map[string]string{"TEMPORAL_TLS_CLIENT_KEY_PATH": "/x"}, []string{"api"}, "TEMPORAL_TLS_CLIENT_KEY_PATH", "its certificate"},
		"TLS that is turned off and on":        {map[string]string{"TEMPORAL_TLS": "false", "TEMPORAL_API_KEY": "x"}, []string{"api"}, "TEMPORAL_TLS", "TEMPORAL_API_KEY turns TLS on"},
		"profiles without an admin listener":   {map[string]string{"SHIPMENTS_PPROF": "true"}, []string{"api"}, "SHIPMENTS_PPROF", "SHIPMENTS_ADMIN_ADDR"},
		"profiles with an admin listener":      {map[string]string{"SHIPMENTS_PPROF": "true", "SHIPMENTS_ADMIN_ADDR": "127.0.0.1:1"}, []string{"documents"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range c.environment {
				t.Setenv(variable, value)
			}
			config := load(t, s)
			config.Emulation = c.environment["SHIPMENTS_EMULATION"] == ""
			require.NoError(t, config.Validate())
			r := run(t, config, c.hosts...)
			r.first(t, "Serving HTTP")
			var warned []line
			for _, l := range r.lines(t, "") {
				if l.Variable != "" {
					warned = append(warned, l)
				}
			}
			if c.variable == "" {
				require.Empty(t, warned)
				return
			}
			require.Len(t, warned, 1)
			require.Equal(t, "warn", warned[0].Level)
			require.Equal(t, c.variable, warned[0].Variable)
			require.Contains(t, warned[0].Message, c.says)
		})
	}
}

// proxy forwards connections to a server, unless it is cut.
type proxy struct {
	net.Listener

	target string

	mu    sync.Mutex
	isCut bool
	open  []net.Conn
	tries int
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{Listener: listen(t), target: target}
	go func() {
		for {
			conn, err := p.Accept()
			if err != nil {
				return
			}
			p.forward(conn)
		}
	}()
	t.Cleanup(func() { p.cut(true) })
	return p
}

func (p *proxy) forward(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if p.isCut {
		_ = conn.Close()
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = conn.Close()
		return
	}
	p.open = append(p.open, conn, server)
	for _, pair := range [][2]net.Conn{{conn, server}, {server, conn}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			_, _ = pair[0].Close(), pair[1].Close()
		}()
	}
}

// cut ends all connections and lets none succeed, or lets them again.
func (p *proxy) cut(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isCut, p.tries = on, 0
	if on {
		for _, conn := range p.open {
			_ = conn.Close()
		}
		p.open = nil
	}
}

func (p *proxy) tried() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tries
}

func TestRunNATSGoesAway(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	way := startProxy(t, host(t, s))
	config := load(t, s)
	config.NATSURL = "nats://" + way.Addr().String()
	r := run(t, config, "api")
	r.ready(t)
	before := len(r.lines(t, ""))
	way.cut(true)
	l := r.first(t, "NATS is not connected")
	require.Equal(t, "warn", l.Level)
	require.NotEmpty(t, l.Since)
	require.NotEmpty(t, l.Error)
	for range 5 {
		code, _ := r.get(t, "/c1")
		require.Equal(t, http.StatusServiceUnavailable, code)
	}
	require.Eventually(t, func() bool { return strings.HasPrefix(r.about(t).Checks["api"], "JetStream does not answer reads") },
		20*time.Second, 10*time.Millisecond)
	code, _ := r.get(t, "/readyz")
	require.Equal(t, http.StatusOK, code, "it may pass by itself")
	require.Eventually(t, func() bool { return way.tried() > 3 }, 20*time.Second, 10*time.Millisecond)
	way.cut(false)
	l = r.first(t, "NATS is connected again")
	require.NotEmpty(t, l.After)
	require.Eventually(t, func() bool { code, _ := r.get(t, "/c1"); return code == http.StatusNotFound }, 10*time.Second, 10*time.Millisecond)
	var messages []string
	for _, l := range r.lines(t, "")[before:] {
		if l.Level != "debug" && !strings.HasPrefix(l.Message, "The view of") { // When the view is back is its own matter.
			messages = append(messages, l.Message)
		}
	}
	require.Equal(t, []string{
		"NATS is not connected", "JetStream does not answer; requests get 503 until it does", "NATS is connected again", "JetStream answers again",
	}, messages)
}

func TestRunTemporalGoesAway(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	listener := listen(t)
	(&temporal{}).start(t, listener)
	way := startProxy(t, listener.Addr().String())
	config := load(t, s)
	config.TemporalAddress = way.Addr().String()
	r := run(t, config, "manifestation", "documents", "collection")
	r.first(t, "A search attribute cannot be had") // Temporal answers; that is enough.
	way.cut(true)
	l := r.first(t, "Temporal does not answer")
	require.Equal(t, "warn", l.Level)
	require.NotEmpty(t, l.Since)
	require.Eventually(t, func() bool { return way.tried() > 2 }, 20*time.Second, 10*time.Millisecond)
	way.cut(false)
	require.NotEmpty(t, r.first(t, "Temporal answers again").After)
	require.Len(t, r.lines(t, "Temporal does not answer"), 1)
}

func TestEmulation(t *testing.T) {
	s := eventstest.Start(t)
	is := func(t *testing.T, want bool) {
		t.Helper()
		on, err := hosts.Emulation(t.Context(), s.JS)
		require.NoError(t, err)
		require.Equal(t, want, on)
	}
	is(t, false) // without streams
	r := run(t, load(t, s), "api")
	r.ready(t)
	is(t, false) // The API alone decides about no process.
	for _, on := range []bool{true, false, true} {
		config := load(t, s)
		config.Emulation, config.Carriers = on, carrierTable(t, oneCarrier)
		require.NoError(t, config.Validate())
		consumer := run(t, config, "consumer")
		require.Eventually(t, func() bool {
			recorded, err := hosts.Emulation(t.Context(), s.JS)
			return err == nil && recorded == on
		}, 10*time.Second, 10*time.Millisecond)
		consumer.stop()
		require.NoError(t, consumer.end(t))
	}
	_, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	is(t, true) // Provisioning keeps it.
	differences, err := streams.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Empty(t, differences)
}
