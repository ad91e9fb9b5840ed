package hosts_test

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"shipments/events/eventstest"
	"shipments/hosts"
)

const profileFile = `
[profile.default]
address = "default.test:7233"

[profile.prod]
address = "prod.test:7233"
namespace = "shipments"
api_key = "key-of-prod"

[profile.prod.grpc_meta]
team = "logistics"

[profile.mutual]
address = "mutual.test:7233"

[profile.mutual.tls]
server_name = "temporal.test"
disable_host_verification = true
`

func TestTemporalProfile(t *testing.T) {
	file := write(t, "temporal.toml", profileFile)
	config := func(t *testing.T, environment map[string]string) (hosts.Config, error) {
		t.Helper()
		for variable, value := range environment {
			t.Setenv(variable, value)
		}
		return hosts.LoadConfig()
	}
	t.Run("has what no variable sets", func(t *testing.T) {
		c, err := config(t, map[string]string{"TEMPORAL_CONFIG_FILE": file, "TEMPORAL_PROFILE": "prod", "TEMPORAL_NAMESPACE": "other"})
		require.NoError(t, err)
		require.Equal(t, "prod.test:7233", c.TemporalAddress)
		require.Equal(t, "other", c.TemporalNamespace)
		require.Equal(t, "key-of-prod", c.TemporalAPIKey)
	})
	t.Run("is default by default", func(t *testing.T) {
		c, err := config(t, map[string]string{"TEMPORAL_CONFIG_FILE": file})
		require.NoError(t, err)
		require.Equal(t, "default.test:7233", c.TemporalAddress)
		require.Equal(t, "default", c.TemporalNamespace)
	})
	t.Run("turns TLS on by its section", func(t *testing.T) {
		c, err := config(t, map[string]string{"TEMPORAL_CONFIG_FILE": file, "TEMPORAL_PROFILE": "mutual"})
		require.NoError(t, err)
		require.True(t, c.TemporalTLS)
		require.Equal(t, "temporal.test", c.TemporalTLSServerName)
		require.True(t, c.TemporalTLSUnverified)
	})
	t.Run("does not turn on what a variable turns off", func(t *testing.T) {
		c, err := config(t, map[string]string{"TEMPORAL_CONFIG_FILE": file, "TEMPORAL_PROFILE": "mutual", "TEMPORAL_TLS": "false"})
		require.NoError(t, err)
		require.False(t, c.TemporalTLS)
	})
	t.Run("is read of a home directory only if it is named", func(t *testing.T) {
		home := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(home, "temporalio"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(home, "temporalio", "temporal.toml"), []byte(profileFile), 0o600))
		t.Setenv("XDG_CONFIG_HOME", home)
		c, err := hosts.LoadConfig()
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:7233", c.TemporalAddress)
		c, err = config(t, map[string]string{"TEMPORAL_PROFILE": "prod"})
		require.NoError(t, err)
		require.Equal(t, "prod.test:7233", c.TemporalAddress)
	})
	for name, c := range map[string]struct {
		environment map[string]string
		says        string
	}{
		"that is not in the file":      {map[string]string{"TEMPORAL_CONFIG_FILE": file, "TEMPORAL_PROFILE": "staging"}, "staging"},
		"of a file that is missing":    {map[string]string{"TEMPORAL_CONFIG_FILE": "/nonexistent"}, "TEMPORAL_CONFIG_FILE: "},
		"with a member that is odd":    {map[string]string{"TEMPORAL_CONFIG_FILE": write(t, "odd.toml", "[profile.default]\nport = \"x\"\n")}, "port"},
		"beside a key and a key file":  {map[string]string{"TEMPORAL_API_KEY": "hunter2", "TEMPORAL_API_KEY_FILE": file}, "are both set"},
		"beside a missing key file":    {map[string]string{"TEMPORAL_API_KEY_FILE": "/nonexistent"}, "TEMPORAL_API_KEY_FILE: "},
		"beside two CAs":               {map[string]string{"TEMPORAL_TLS_SERVER_CA_CERT_PATH": file, "TEMPORAL_TLS_SERVER_CA_CERT_DATA": "x"}, "both a path and data"},
		"beside a CA that is not PEM":  {map[string]string{"TEMPORAL_TLS_SERVER_CA_CERT_DATA": "hunter2"}, "TEMPORAL_TLS_SERVER_CA_CERT_DATA: "},
		"beside a certificate's wreck": {map[string]string{"TEMPORAL_TLS_CLIENT_CERT_DATA": "hunter2"}, "TEMPORAL_TLS_CLIENT_CERT_PATH"},
	} {
		t.Run("is an error "+name, func(t *testing.T) {
			_, err := config(t, c.environment)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// calls has the authorizations of the requests that a server got.
type calls struct {
	mu   sync.Mutex
	keys []string
}

func (c *calls) note(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	header, _ := metadata.FromIncomingContext(ctx)
	c.mu.Lock()
	c.keys = append(c.keys, header.Get("authorization")...)
	c.mu.Unlock()
	return handler(ctx, request)
}

func (c *calls) has(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.keys {
		if k == key {
			return true
		}
	}
	return false
}

// TestTemporalAccessReadsFilesAgain runs a host with the certificates and the API key of
// another CA, and replaces the files while it runs.
func TestTemporalAccessReadsFilesAgain(t *testing.T) {
	t.Parallel()
	ca, other, folder := eventstest.NewCA(t), eventstest.NewCA(t), t.TempDir()
	pair, err := tls.LoadX509KeyPair(ca.Issue(t, folder, "server"))
	require.NoError(t, err)
	cert, key := other.Issue(t, folder, "client")
	apiKey := filepath.Join(folder, "api.key")
	require.NoError(t, os.WriteFile(apiKey, []byte("one\n"), 0o600))
	var got calls
	listener := listen(t)
	server := &temporal{describe: func() error { return serviceerror.NewNamespaceNotFound("default") }}
	server.start(t, listener, grpc.UnaryInterceptor(got.note), grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(), MinVersion: tls.VersionTLS12,
	})))
	config := load(t, eventstest.Start(t))
	config.TemporalAddress, config.TemporalTLSCA = listener.Addr().String(), ca.File
	config.TemporalTLSCert, config.TemporalTLSKey, config.TemporalAPIKeyFile = cert, key, apiKey
	require.NoError(t, config.Validate())
	r := run(t, config, "carrier")
	r.first(t, "Waiting for Temporal")
	require.False(t, got.has("Bearer one"))

	ca.Issue(t, folder, "client")
	require.Eventually(t, func() bool { return got.has("Bearer one") }, 30*time.Second, 20*time.Millisecond, "the renewed certificate is used")
	require.NoError(t, os.WriteFile(apiKey, []byte("two\n"), 0o600))
	require.Eventually(t, func() bool { return got.has("Bearer two") }, 30*time.Second, 20*time.Millisecond, "the renewed API key is used")
}
