package e2e_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/api/auth"
	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/hosts"
	"shipments/hosts/keyring"
	"shipments/hosts/permissions"
)

// guarded is a system in which everything that guards it is on: one NATS user for
// each host with the permissions of deploy/nats, TLS with certificates of clients on
// NATS and Temporal, tokens for the API, keys for links and for what Temporal stores.
type guarded struct {
	*system

	program   string
	dir       string // Temporal's state
	natsDir   string // JetStream's
	files     harness.Files
	env       []string // of every process
	passwords map[string]string
	tokens    map[string]string // by scope
	stop      func()

	// written is all that the processes wrote; secrets are what they were given.
	written written
	secrets map[string]string
}

// written collects what processes write.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) bytes() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.text.Bytes())
}

// newGuarded starts the servers, provisions the streams, and connects the test to
// them as an operator.
func newGuarded(t testing.TB) *guarded {
	t.Helper()
	dir := t.TempDir()
	g := &guarded{
		program: harness.Build(t, dir), dir: filepath.Join(dir, "temporal"), natsDir: filepath.Join(dir, "nats"), files: harness.NewFiles(dir, "program"),
		passwords: map[string]string{}, tokens: map[string]string{}, secrets: map[string]string{},
	}
	authority := harness.NewAuthority(t, "authority")
	g.files.Issue(t, authority)
	g.files.Trust(t, authority)
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	s, err := stack.Start(t.Context(), stack.Options{
		Dir: g.dir, NoUI: true, Config: config, Log: zerolog.Nop(),
		TemporalTLS: &stack.TLS{Cert: g.files.Cert, Key: g.files.Key, CA: g.files.CA},
	})
	require.NoError(t, err)
	g.stop = sync.OnceFunc(func() { require.NoError(t, s.Stop()) })
	t.Cleanup(g.stop)
	natsURL := g.startNATS(t)
	api := harness.Port(t).Address()
	g.env = append(g.environment(t, dir), "NATS_URL="+natsURL, "TEMPORAL_ADDRESS="+s.TemporalAddress, "SHIPMENTS_HTTP_ADDR="+api, "SHIPMENTS_PUBLIC_URL=http://"+api)
	g.run(t, "provisioner", "streams", "apply")

	pair, err := tls.LoadX509KeyPair(g.files.Cert, g.files.Key)
	require.NoError(t, err)
	trusted, err := os.ReadFile(g.files.CA)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(trusted))
	g.system = dialWith(t, natsURL, s.TemporalAddress, api, &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: pool}, g.as("operator")...)
	return g
}

// as are the options of a connection of the test itself.
func (g *guarded) as(user string) []nats.Option {
	return []nats.Option{
		nats.UserInfo(user, g.passwords[user]), nats.ClientCert(g.files.Cert, g.files.Key), nats.RootCAs(g.files.CA),
		nats.CustomInboxPrefix(inbox(user)),
	}
}

// inbox is the inbox prefix of a user of deploy/nats.
func inbox(user string) string {
	if user == "orders" {
		user = "publisher"
	}
	return "_INBOX_shipments_" + user
}

// startNATS runs deploy/nats/nats.conf with TLS added, on a free port.
func (g *guarded) startNATS(t testing.TB) (url string) {
	t.Helper()
	const example = "../../../deploy/nats/"
	for _, user := range append(permissions.Names(), "orders", "warehouse") {
		g.passwords[user] = g.secret(t, "NATS password of "+user)
		t.Setenv(strings.ToUpper(user)+"_PASSWORD", strconv.Quote(g.passwords[user])) // It may begin like a number.
	}
	text, err := os.ReadFile(example + "nats.conf")
	require.NoError(t, err)
	table, err := os.ReadFile(example + "permissions.conf")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "permissions.conf"), table, 0o600))
	file := filepath.Join(dir, "nats.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(text, "\ntls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }\n", g.files.Cert, g.files.Key, g.files.CA), 0o600))
	options, err := natsserver.ProcessConfigFile(file)
	require.NoError(t, err)
	require.Equal(t, tls.RequireAndVerifyClientCert, options.TLSConfig.ClientAuth)
	options.Host, options.Port, options.StoreDir, options.NoLog, options.NoSigs = "127.0.0.1", natsserver.RANDOM_PORT, g.natsDir, true, true
	server, err := natsserver.NewServer(options)
	require.NoError(t, err)
	server.Start()
	t.Cleanup(func() { server.Shutdown(); server.WaitForShutdown() })
	require.True(t, server.ReadyForConnections(20*time.Second))
	return server.ClientURL()
}

// secret makes something that must not be written anywhere.
func (g *guarded) secret(t testing.TB, name string) string {
	t.Helper()
	token, _, err := auth.NewToken("secret", auth.Scopes(), time.Time{}) // It is random.
	require.NoError(t, err)
	token = strings.TrimPrefix(token, "shipments_")
	g.secrets[name] = token
	return token
}

// environment writes the files with secrets, and returns the variables that name
// them.
func (g *guarded) environment(t testing.TB, dir string) []string {
	t.Helper()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	ring := func(name string) string {
		line, err := keyring.New(name)
		require.NoError(t, err)
		_, secret, found := strings.Cut(line, `secret: "`)
		require.True(t, found, line)
		g.secrets["key "+name], _, _ = strings.Cut(secret, `"`)
		return write(name+".yaml", "keys:\n"+line)
	}
	var lines strings.Builder
	for _, scope := range auth.Scopes() {
		token, line, err := auth.NewToken(strings.ReplaceAll(string(scope), ":", "-"), []auth.Scope{scope}, time.Time{})
		require.NoError(t, err)
		g.tokens[string(scope)], g.secrets["token "+string(scope)] = token, token
		lines.WriteString(line)
	}
	all, line, err := auth.NewToken("all", auth.Scopes(), time.Time{})
	require.NoError(t, err)
	g.tokens["all"], g.secrets["token all"] = all, all
	lines.WriteString(line)
	key, err := os.ReadFile(g.files.Key)
	require.NoError(t, err)
	g.secrets["private key"] = strings.Split(string(key), "\n")[1]
	return []string{
		"NATS_CERT=" + g.files.Cert, "NATS_KEY=" + g.files.Key, "NATS_CA=" + g.files.CA,
		"TEMPORAL_TLS_CLIENT_CERT_PATH=" + g.files.Cert, "TEMPORAL_TLS_CLIENT_KEY_PATH=" + g.files.Key, "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + g.files.CA,
		"SHIPMENTS_AUTH_TOKENS=" + write("tokens.yaml", "tokens:\n"+lines.String()),
		"SHIPMENTS_PAYLOAD_KEYS=" + ring("payloads"), "SHIPMENTS_LINK_KEYS=" + ring("links"), "SHIPMENTS_AUTH_RATE=0",
		"SHIPMENTS_PROVISION=check", "SHIPMENTS_EMULATION=true", "SHIPMENTS_COLLECTION_DELAY=4s", "SHIPMENTS_LOG_LEVEL=trace", "SHIPMENTS_LOG_FORMAT=json",
	}
}

// start starts a process of the program as a NATS user.
func (g *guarded) start(t testing.TB, user string, env []string, args ...string) *harness.Process {
	t.Helper()
	return harness.Start(t, g.options(user, env, args))
}

func (g *guarded) options(user string, env, args []string) harness.Options {
	return harness.Options{Program: g.program, Args: args, Log: &g.written, Env: slices.Concat(g.env, []string{
		"NATS_USER=" + user, "NATS_PASSWORD=" + g.passwords[user], "NATS_INBOX_PREFIX=" + inbox(user),
	}, env)}
}

// run runs a command as a NATS user, and returns what it printed.
func (g *guarded) run(t testing.TB, user string, args ...string) string {
	t.Helper()
	text, err := g.try(t, user, nil, args...)
	require.NoError(t, err, "%v: %s\n%s", args, text, g.written.bytes())
	return text
}

// try runs a command that may fail, and returns what it printed.
func (g *guarded) try(t testing.TB, user string, env []string, args ...string) (string, error) {
	t.Helper()
	o := g.options(user, env, args)
	o.MayEnd = true
	p := harness.Start(t, o)
	var text strings.Builder
	for line := range p.Lines() {
		text.WriteString(line + "\n")
	}
	_, _ = io.WriteString(&g.written, text.String())
	return text.String(), p.Wait()
}

// connect connects the test as another user.
func (g *guarded) connect(t testing.TB, user string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(g.natsURL, g.as(user)...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return js
}
