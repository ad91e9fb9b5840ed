package hosts_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts"
)

// soon bounds a start that ends at once, also on a busy machine. One that waits says so
// every 15 s, and never ends.
const soon = 12 * time.Second

// endsAtOnce runs hosts, which have to end soon because a server cannot be used.
func endsAtOnce(t *testing.T, config hosts.Config, names ...string) hosts.Finding {
	t.Helper()
	began := time.Now()
	err := run(t, config, names...).end(t)
	var unusable *hosts.UnusableError
	require.ErrorAs(t, err, &unusable)
	require.Less(t, time.Since(began), soon)
	require.NotEmpty(t, unusable.Remedy)
	return unusable.Finding
}

// waits runs hosts, which have to wait and log what for.
func waits(t *testing.T, config hosts.Config, server string, names ...string) (*running, line) {
	t.Helper()
	r := run(t, config, names...)
	l := r.first(t, "Waiting for "+server)
	require.Equal(t, "warn", l.Level)
	require.NotEmpty(t, l.Remedy)
	return r, l
}

// withTLS makes a NATS server use TLS.
func withTLS(t *testing.T, o *natsserver.Options) {
	t.Helper()
	certified, _ := certificate(t)
	o.TLS, o.TLSTimeout, o.TLSConfig = true, 5, &tls.Config{Certificates: certified.TLS.Certificates}
}

func host(t *testing.T, s *eventstest.Server) string {
	t.Helper()
	u, err := url.Parse(s.ClientURL())
	require.NoError(t, err)
	return u.Host
}

func TestStartNATSThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	t.Run("several replicas without a cluster", func(t *testing.T) {
		t.Parallel()
		config := load(t, eventstest.Start(t))
		config.StreamReplicas = 3
		f := endsAtOnce(t, config, "api")
		require.Equal(t, "SHIPMENTS_STREAM_REPLICAS", f.Variable)
		require.Contains(t, f.Found, "is not a cluster")
		require.Contains(t, f.Remedy, "SHIPMENTS_STREAM_REPLICAS=1")
	})
	t.Run("several replicas of streams that exist", func(t *testing.T) {
		t.Parallel()
		config := load(t, eventstest.StartProvisioned(t))
		config.StreamReplicas = 3
		require.Equal(t, "SHIPMENTS_STREAM_REPLICAS", endsAtOnce(t, config, "api").Variable)
	})
	t.Run("TLS here alone", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		config := load(t, s)
		config.NATSURL = "tls://me:secret@" + host(t, s)
		f := endsAtOnce(t, config, "api")
		require.Equal(t, "NATS_URL", f.Variable)
		require.Contains(t, f.Found, "does not offer TLS")
		require.NotContains(t, f.String(), "secret")
	})
	t.Run("TLS there alone, by a CA that is not known", func(t *testing.T) {
		t.Parallel()
		config := load(t, eventstest.Start(t))
		config.NATSURL = bare(t, func(o *natsserver.Options) { withTLS(t, o) })
		f := endsAtOnce(t, config, "api")
		require.Equal(t, "NATS_URL", f.Variable)
		require.Contains(t, f.Found, "cannot be trusted")
		require.Contains(t, f.Remedy, "NATS_CA")
	})
	t.Run("TLS there from the first byte", func(t *testing.T) {
		t.Parallel()
		config := load(t, eventstest.Start(t))
		config.NATSURL = bare(t, func(o *natsserver.Options) {
			withTLS(t, o)
			o.TLSHandshakeFirst = true
		})
		require.Contains(t, endsAtOnce(t, config, "api").Found, "expects TLS before anything else")
	})
	t.Run("streams that would have to be forced", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		wrong := streams.Configs(1)[0]
		wrong.Subjects = append(wrong.Subjects, "orders.>")
		_, err := s.JS.CreateStream(t.Context(), wrong)
		require.NoError(t, err)
		require.Contains(t, endsAtOnce(t, load(t, s), "api").Found, "streams that cannot be used as they are")
	})
	t.Run("each of several", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		config := load(t, s)
		config.NATSURL = "tls://" + host(t, s) + ",tls://" + host(t, eventstest.Start(t))
		f := endsAtOnce(t, config, "api")
		require.Contains(t, f.Found, "; tls://")
	})
}

// bare runs a NATS server without JetStream, which the test itself does not
// connect to, and returns its URL.
func bare(t *testing.T, change func(*natsserver.Options)) string {
	t.Helper()
	options := &natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoLog: true, NoSigs: true}
	change(options)
	s, err := natsserver.NewServer(options)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(10*time.Second))
	return "nats://" + s.Addr().String()
}

func TestStartNATSThatMayCome(t *testing.T) {
	t.Parallel()
	t.Run("the connection is refused", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		config := load(t, s)
		gone := listen(t)
		require.NoError(t, gone.Close())
		config.NATSURL = "nats://me:secret@" + gone.Addr().String()
		_, l := waits(t, config, "NATS", "api")
		require.Equal(t, "NATS_URL", l.Variable)
		require.Contains(t, l.Found, "connection refused")
		require.NotContains(t, l.Found, "secret")
	})
	t.Run("one of several can never be used, another one may come", func(t *testing.T) {
		t.Parallel()
		s := eventstest.Start(t)
		config := load(t, s)
		gone := listen(t)
		require.NoError(t, gone.Close())
		config.NATSURL = "tls://" + host(t, s) + ",tls://" + gone.Addr().String()
		_, l := waits(t, config, "NATS", "api")
		require.Contains(t, l.Found, "connection refused")
	})
	t.Run("JetStream is off", func(t *testing.T) {
		t.Parallel()
		config := load(t, eventstest.Start(t))
		config.NATSURL = bare(t, func(*natsserver.Options) {})
		_, l := waits(t, config, "NATS", "api")
		require.Contains(t, l.Found, "has JetStream off")
		require.Contains(t, l.Remedy, "--jetstream")
	})
	t.Run("the credentials are refused", func(t *testing.T) {
		t.Parallel()
		config := load(t, eventstest.Start(t))
		var refused refusal
		config.NATSURL = bare(t, func(o *natsserver.Options) { o.CustomClientAuthentication = &refused })
		r, l := waits(t, config, "NATS", "api")
		require.Equal(t, "NATS_CREDS", l.Variable)
		require.Contains(t, l.Found, "refuses the credentials")
		n := refused.Load()
		require.Eventually(t, func() bool { return refused.Load() > n+3 }, 20*time.Second, 10*time.Millisecond)
		require.Len(t, r.lines(t, ""), 4, "start, two listeners and the wait")
	})
	t.Run("it does not greet as NATS does", func(t *testing.T) {
		t.Parallel()
		silent := listen(t)
		go func() {
			var open []net.Conn // A connection that nothing refers to is closed by the garbage collector.
			defer func() {
				for _, conn := range open {
					_ = conn.Close()
				}
			}()
			for {
				conn, err := silent.Accept()
				if err != nil {
					return
				}
				open = append(open, conn)
			}
		}()
		config := load(t, eventstest.Start(t))
		config.NATSURL = "nats://" + silent.Addr().String()
		_, l := waits(t, config, "NATS", "api")
		require.Contains(t, l.Found, "does not greet as NATS does")
	})
}

// refusal refuses all clients, and counts them.
type refusal struct{ atomic.Int64 }

func (r *refusal) Check(natsserver.ClientAuthentication) bool {
	r.Add(1)
	return false
}

func TestStartTemporalThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	t.Run("TLS there alone", func(t *testing.T) {
		t.Parallel()
		certified, _ := certificate(t)
		config := load(t, s)
		listener := listen(t)
		(&temporal{}).start(t, listener, grpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])))
		config.TemporalAddress = listener.Addr().String()
		f := endsAtOnce(t, config)
		require.Equal(t, "TEMPORAL_TLS", f.Variable)
		require.Contains(t, f.Found, "speaks TLS, and TLS is off here")
	})
	t.Run("TLS here alone", func(t *testing.T) {
		t.Parallel()
		_, ca := certificate(t)
		for variable, change := range map[string]func(*hosts.Config){
			"TEMPORAL_TLS":                     func(c *hosts.Config) { c.TemporalTLS = true },
			"TEMPORAL_API_KEY":                 func(c *hosts.Config) { c.TemporalAPIKey = "key" },
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH": func(c *hosts.Config) { c.TemporalTLSCA = ca },
		} {
			t.Run(variable, func(t *testing.T) {
				t.Parallel()
				config := load(t, s)
				listener := listen(t)
				(&temporal{}).start(t, listener)
				config.TemporalAddress = listener.Addr().String()
				change(&config)
				require.NoError(t, config.Validate())
				f := endsAtOnce(t, config)
				require.Equal(t, variable, f.Variable)
				require.Contains(t, f.Found, "does not speak TLS")
			})
		}
	})
	t.Run("a certificate that cannot be trusted", func(t *testing.T) {
		t.Parallel()
		certified, ca := certificate(t)
		for variable, change := range map[string]func(*hosts.Config){
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH": func(*hosts.Config) {},
			"TEMPORAL_TLS_SERVER_NAME":         func(c *hosts.Config) { c.TemporalTLSCA, c.TemporalTLSServerName = ca, "temporal.test" },
		} {
			t.Run(variable, func(t *testing.T) {
				t.Parallel()
				config := load(t, s)
				listener := listen(t)
				(&temporal{}).start(t, listener, grpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])))
				config.TemporalAddress, config.TemporalTLS = listener.Addr().String(), true
				change(&config)
				require.NoError(t, config.Validate())
				require.Equal(t, variable, endsAtOnce(t, config).Variable)
			})
		}
	})
}

func TestStartTemporalThatMayCome(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	t.Run("the connection is refused", func(t *testing.T) {
		t.Parallel()
		r, l := waits(t, load(t, s), "Temporal")
		require.Equal(t, "TEMPORAL_ADDRESS", l.Variable)
		require.Contains(t, l.Found, "connection refused")
		code, _ := r.ask(t, "/healthz")
		require.Equal(t, http.StatusOK, code)
		code, _ = r.ask(t, "/readyz")
		require.Equal(t, http.StatusServiceUnavailable, code)
		r.stop()
		require.NoError(t, r.end(t))
	})
	for name, c := range map[string]struct {
		err                     error
		variable, found, remedy string
	}{
		"the namespace does not exist": {
			serviceerror.ToStatus(serviceerror.NewNamespaceNotFound("default")).Err(), "TEMPORAL_NAMESPACE", "has no namespace default", "temporal operator namespace create --namespace default",
		},
		"the client is refused": {status.Error(codes.Unauthenticated, "no"), "TEMPORAL_API_KEY", "refuses this client", "default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := load(t, s)
			listener := listen(t)
			var asked atomic.Int64
			(&temporal{describe: func() error {
				asked.Add(1)
				return c.err
			}}).start(t, listener)
			config.TemporalAddress = listener.Addr().String()
			r, l := waits(t, config, "Temporal")
			require.Equal(t, c.variable, l.Variable)
			require.Contains(t, l.Found, c.found)
			require.Contains(t, l.Remedy, c.remedy)
			n := asked.Load()
			require.Eventually(t, func() bool { return asked.Load() > n+3 }, 20*time.Second, 10*time.Millisecond)
			require.Len(t, r.lines(t, "Waiting for Temporal"), 1, "all hosts wait, and one line says so")
		})
	}
}

func TestStartPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken := listen(t).Addr().String()
	for variable, change := range map[string]func(*hosts.Config){
		"SHIPMENTS_HTTP_ADDR":  func(c *hosts.Config) { c.HTTPAddr = taken },
		"SHIPMENTS_ADMIN_ADDR": func(c *hosts.Config) { c.HTTPAddr, c.AdminAddr = "127.0.0.1:0", taken },
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			config := load(t, eventstest.Start(t))
			change(&config)
			named, err := hosts.Named("api")
			require.NoError(t, err)
			err = hosts.Run(t.Context(), config, named, zerolog.Nop())
			require.ErrorContains(t, err, "address already in use")
			require.ErrorContains(t, err, variable)
		})
	}
}

func TestStartClosesItsListenerWhenItFails(t *testing.T) {
	t.Parallel()
	config := load(t, eventstest.Start(t))
	config.Emulation = false
	require.NoError(t, config.Validate())
	listener := listen(t)
	require.ErrorContains(t, hosts.RunOn(context.Background(), hosts.Listeners{HTTP: listener}, config, hosts.All(), zerolog.Nop()), "SHIPMENTS_CARRIERS")
	_, err := listener.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}
