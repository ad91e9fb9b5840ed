package hosts_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// locked runs a NATS server with JetStream that lets in user "me" with password
// "secret", and an nkey whose seed is in the file that is returned.
func locked(t *testing.T, change func(*natsserver.Options)) (url, seedFile string) {
	t.Helper()
	key, err := nkeys.CreateUser()
	require.NoError(t, err)
	public, err := key.PublicKey()
	require.NoError(t, err)
	seed, err := key.Seed()
	require.NoError(t, err)
	seedFile = write(t, "seed.nk", string(seed))
	return bare(t, func(o *natsserver.Options) {
		o.JetStream, o.StoreDir = true, t.TempDir()
		o.Users = []*natsserver.User{{Username: "me", Password: "secret"}}
		o.Nkeys = []*natsserver.NkeyUser{{Nkey: public}}
		change(o)
	}), seedFile
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// dial loads the configuration of an environment and connects with it.
func dial(t *testing.T, environment map[string]string) error {
	t.Helper()
	for name, value := range environment {
		t.Setenv(name, value)
	}
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	nc, js, err := hosts.Dial(t.Context(), config, "test", zerolog.Nop())
	if err != nil {
		return err
	}
	defer nc.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err = js.AccountInfo(ctx)
	return err
}

func TestNATSAccessLogsIn(t *testing.T) {
	url, seed := locked(t, func(*natsserver.Options) {})
	password := write(t, "password", "secret\n")
	for name, environment := range map[string]map[string]string{
		"user and password":      {"NATS_USER": "me", "NATS_PASSWORD": "secret"},
		"a password from a file": {"NATS_USER": "me", "NATS_PASSWORD_FILE": password},
		"an nkey":                {"NATS_NKEY": seed},
		"an inbox prefix":        {"NATS_NKEY": seed, "NATS_INBOX_PREFIX": "_INBOX_shipments.api"},
	} {
		t.Run("with "+name, func(t *testing.T) {
			t.Setenv("NATS_URL", url)
			require.NoError(t, dial(t, environment))
		})
	}
	for name, environment := range map[string]map[string]string{
		"nothing":          {},
		"a wrong password": {"NATS_USER": "me", "NATS_PASSWORD": "hunter2"},
		"a token":          {"NATS_USER": "me"},
	} {
		t.Run("not with "+name, func(t *testing.T) {
			t.Setenv("NATS_URL", url)
			err := dial(t, environment)
			require.ErrorContains(t, err, "refuses the credentials")
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
	t.Run("with a token", func(t *testing.T) {
		t.Setenv("NATS_URL", bare(t, func(o *natsserver.Options) { o.JetStream, o.StoreDir, o.Authorization = true, t.TempDir(), "s3cr3t" }))
		require.NoError(t, dial(t, map[string]string{"NATS_USER": "s3cr3t"}))
	})
	t.Run("in a JetStream domain", func(t *testing.T) {
		t.Setenv("NATS_URL", bare(t, func(o *natsserver.Options) { o.JetStream, o.StoreDir, o.JetStreamDomain = true, t.TempDir(), "hub" }))
		require.NoError(t, dial(t, map[string]string{"NATS_JS_DOMAIN": "hub"}))
		config, err := hosts.LoadConfig()
		require.NoError(t, err)
		nc, js, err := hosts.Dial(t.Context(), config, "test", zerolog.Nop())
		require.NoError(t, err)
		defer nc.Close()
		_, err = streams.Provision(t.Context(), js, 1)
		require.NoError(t, err)
		ev, err := events.NewCreated("1", "/test", time.Now(), sample.Shipment("abc", time.Now()))
		require.NoError(t, err)
		_, err = streams.NewPublisher(js, "http://api.test").PublishCreated(t.Context(), ev, "abc")
		require.NoError(t, err)
		result, err := streams.ReadStatus(t.Context(), js, "abc")
		require.NoError(t, err, "by batched reads too")
		require.Equal(t, shipment.Pending, result.Status)
		require.ErrorIs(t, dial(t, map[string]string{"NATS_JS_DOMAIN": "leaf"}), jetstream.ErrJetStreamNotEnabled)
	})
}

func TestNATSAccessSpeaksTLS(t *testing.T) {
	ca, folder := eventstest.NewCA(t), t.TempDir()
	pair, err := tls.LoadX509KeyPair(ca.Issue(t, folder, "server"))
	require.NoError(t, err)
	cert, key := ca.Issue(t, folder, "client")
	mutual := func(o *natsserver.Options) {
		o.TLS, o.TLSTimeout, o.TLSVerify = true, 5, true
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
	}
	first := func(o *natsserver.Options) { mutual(o); o.TLSHandshakeFirst = true }
	login := map[string]string{"NATS_USER": "me", "NATS_PASSWORD": "secret", "NATS_CA": ca.File, "NATS_CERT": cert, "NATS_KEY": key}
	t.Run("with a client certificate", func(t *testing.T) {
		url, _ := locked(t, mutual)
		t.Setenv("NATS_URL", url)
		require.NoError(t, dial(t, login))
	})
	t.Run("before anything else", func(t *testing.T) {
		url, _ := locked(t, first)
		t.Setenv("NATS_URL", url)
		t.Setenv("NATS_TLS_FIRST", "true")
		require.NoError(t, dial(t, login))
	})
	t.Run("not without a client certificate", func(t *testing.T) {
		url, _ := locked(t, mutual)
		t.Setenv("NATS_URL", url)
		require.ErrorContains(t, dial(t, map[string]string{"NATS_USER": "me", "NATS_PASSWORD": "secret", "NATS_CA": ca.File}), "set NATS_CERT and NATS_KEY")
	})
	t.Run("with a certificate that was renewed", func(t *testing.T) {
		url, _ := locked(t, mutual)
		expired, expiredKey := eventstest.NewCA(t).Issue(t, folder, "renewed")
		t.Setenv("NATS_URL", url)
		for name, value := range login {
			t.Setenv(name, value)
		}
		t.Setenv("NATS_CERT", expired)
		t.Setenv("NATS_KEY", expiredKey)
		config, err := hosts.LoadConfig()
		require.NoError(t, err)
		_, _, err = hosts.Dial(t.Context(), config, "test", zerolog.Nop())
		require.Error(t, err, "its CA is another one")
		ca.Issue(t, folder, "renewed")
		nc, _, err := hosts.Dial(t.Context(), config, "test", zerolog.Nop())
		require.NoError(t, err, "by the same configuration")
		nc.Close()
	})
}

func TestNATSAccessIsChecked(t *testing.T) {
	ca, folder := eventstest.NewCA(t), t.TempDir()
	cert, key := ca.Issue(t, folder, "one")
	_, other := ca.Issue(t, folder, "other")
	noKey := write(t, "wrong.nk", "not a seed")
	for name, c := range map[string]struct {
		environment map[string]string
		says        string
	}{
		"two ways to log in":              {map[string]string{"NATS_USER": "me", "NATS_NKEY": noKey}, "NATS_NKEY, NATS_USER: are several ways to log in"},
		"a file that is no seed":          {map[string]string{"NATS_NKEY": noKey}, "NATS_NKEY: "},
		"a password without a user":       {map[string]string{"NATS_PASSWORD": "hunter2"}, "NATS_USER: is not set"},
		"a password and a file with one":  {map[string]string{"NATS_USER": "me", "NATS_PASSWORD": "hunter2", "NATS_PASSWORD_FILE": noKey}, "are both set"},
		"a password file that is missing": {map[string]string{"NATS_USER": "me", "NATS_PASSWORD_FILE": "/nonexistent"}, "NATS_PASSWORD_FILE: "},
		"a certificate without its key":   {map[string]string{"NATS_CERT": cert}, "NATS_CERT, NATS_KEY: "},
		"a key without its certificate":   {map[string]string{"NATS_KEY": key}, "NATS_CERT: is not set"},
		"a key of another certificate":    {map[string]string{"NATS_CERT": cert, "NATS_KEY": other}, "NATS_CERT, NATS_KEY: "},
		"a CA that is none":               {map[string]string{"NATS_CA": noKey}, "holds no PEM certificate"},
		"an inbox prefix with a wildcard": {map[string]string{"NATS_INBOX_PREFIX": "_INBOX.>"}, "NATS_INBOX_PREFIX: "},
		"a domain that is none":           {map[string]string{"NATS_JS_DOMAIN": "a.b"}, "NATS_JS_DOMAIN: "},
		"a context that is missing":       {map[string]string{"NATS_CONTEXT": "prod"}, "NATS_CONTEXT: context prod: "},
		"a context that is a path":        {map[string]string{"NATS_CONTEXT": "../prod"}, "is not the name of a context"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CONFIG_HOME", t.TempDir())
			for variable, value := range c.environment {
				t.Setenv(variable, value)
			}
			_, err := hosts.LoadConfig()
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestNATSContext(t *testing.T) {
	url, seed := locked(t, func(*natsserver.Options) {})
	context := func(t *testing.T, members map[string]any) {
		t.Helper()
		folder := t.TempDir()
		t.Setenv("XDG_CONFIG_HOME", folder)
		require.NoError(t, os.MkdirAll(filepath.Join(folder, "nats", "context"), 0o700))
		text, err := json.Marshal(members)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "nats", "context", "prod.json"), text, 0o600))
	}
	t.Setenv("PASSWORD_OF_ME", "secret")
	for name, members := range map[string]map[string]any{
		"user and password":           {"url": url, "user": "me", "password": "secret", "description": "of a test", "color_scheme": ""},
		"a password by a variable":    {"url": url, "user": "me", "password": "env://PASSWORD_OF_ME"},
		"a password by a file":        {"url": url, "user": "me", "password": "file://" + write(t, "password", "secret\n")},
		"an nkey":                     {"url": url, "nkey": seed, "inbox_prefix": "_INBOX_me"},
		"an nkey by a reference":      {"url": url, "nkey": "file://" + seed},
		"JetStream by its API prefix": {"url": url, "nkey": seed, "jetstream_api_prefix": "$JS.API"},
	} {
		t.Run("logs in with "+name, func(t *testing.T) {
			context(t, members)
			require.NoError(t, dial(t, map[string]string{"NATS_CONTEXT": "prod"}))
		})
	}
	t.Run("gives way to variables", func(t *testing.T) {
		context(t, map[string]any{"url": "nats://127.0.0.1:1", "user": "somebody", "password": "else"})
		require.NoError(t, dial(t, map[string]string{"NATS_CONTEXT": "prod", "NATS_URL": url, "NATS_NKEY": seed}))
	})
	for name, members := range map[string]map[string]any{
		"nsc is not supported":                         {"nsc": "nsc://operator/account/user"},
		"socks_proxy is not supported":                 {"socks_proxy": "socks5://x"},
		"windows_cert_store is not supported":          {"windows_cert_store": "user"},
		"password: a reference with op:// is not":      {"user": "me", "password": "op://vault/item"},
		"creds: a reference with data: is not":         {"creds": "data:abc"},
		"password: the environment has no NO_SUCH_VAR": {"user": "me", "password": "env://NO_SUCH_VAR"},
	} {
		t.Run(name, func(t *testing.T) {
			context(t, members)
			t.Setenv("NATS_CONTEXT", "prod")
			_, err := hosts.LoadConfig()
			require.ErrorContains(t, err, name)
		})
	}
}
