package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"shipments/hosts"
)

// shown are the values that config show prints, by variable.
func shown(t *testing.T) map[string]hosts.Value {
	t.Helper()
	out, err := shipments(t, "config", "show", "--json")
	require.NoError(t, err)
	var report configReport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	values := map[string]hosts.Value{}
	for _, v := range report.Values {
		require.NotContains(t, values, v.Variable)
		values[v.Variable] = v
	}
	return values
}

func TestConfigShowHasTheSourceOfEveryValue(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return file
	}
	write("nats/context/ship.json", `{"url": "nats://ctx.example:4222", "user": "u", "password": "p4ss-of-context"}`)
	t.Setenv("XDG_CONFIG_HOME", folder)
	t.Setenv("NATS_CONTEXT", "ship")
	t.Setenv("TEMPORAL_CONFIG_FILE", write("temporal.toml", "[profile.prod]\naddress = \"temporal.example:7233\"\napi_key = \"k3y-of-profile\"\n"))
	t.Setenv("TEMPORAL_PROFILE", "prod")
	t.Setenv("TEMPORAL_GRPC_META_X_TOKEN", "m3ta")
	t.Setenv("SHIPMENTS_UI", "read")
	t.Setenv("TOKEN_ONE_FILE", write("token", "t0ken\n"))
	t.Setenv("SHIPMENTS_CARRIERS", write("carriers.yaml", "carriers:\n"+
		"  - {id: one, name: One, services: [x], booking: {daysBefore: 1, opens: \"18:00\", cutOff: \"12:00\"}, protocol: http, url: \"http://carrier.example\", tokenVariable: TOKEN_ONE}\n"))
	values := shown(t)
	for variable, want := range map[string]hosts.Value{
		"NATS_URL":                   {Value: "nats://ctx.example:4222", Source: "NATS_CONTEXT ship"},
		"NATS_USER":                  {Value: "u", Source: "NATS_CONTEXT ship"},
		"NATS_PASSWORD":              {Value: masked, Source: "NATS_CONTEXT ship", Secret: true},
		"NATS_CONTEXT":               {Value: "ship", Source: "environment"},
		"TEMPORAL_ADDRESS":           {Value: "temporal.example:7233", Source: "TEMPORAL_PROFILE prod"},
		"TEMPORAL_API_KEY":           {Value: masked, Source: "TEMPORAL_PROFILE prod", Secret: true},
		"TEMPORAL_NAMESPACE":         {Value: "default", Source: "default"},
		"TEMPORAL_GRPC_META_X_TOKEN": {Value: masked, Source: "environment", Secret: true},
		"SHIPMENTS_UI":               {Value: "read", Source: "environment"},
		"SHIPMENTS_REBOOKING_TIME":   {Value: "24h0m0s", Source: "default"},
		"SHIPMENTS_PUBLIC_URL":       {Value: "http://127.0.0.1:43210", Source: "derived"},
		"TOKEN_ONE":                  {Value: masked, Source: "file " + filepath.Join(folder, "token"), Secret: true},
	} {
		got := values[variable]
		require.Equal(t, want.Value, got.Value, variable)
		require.Equal(t, want.Source, got.Source, variable)
		require.Equal(t, want.Secret, got.Secret, variable)
	}
	require.Contains(t, values["NATS_URL"].Risk, "without TLS")
	require.Contains(t, values["SHIPMENTS_CARRIERS"].Risk, "carrier One is called without TLS")
	require.Contains(t, values["SHIPMENTS_PAYLOAD_KEYS"].Risk, "names and addresses")
}

const masked = "********"

func TestConfigShowMasksPasswordsInURLs(t *testing.T) {
	for url, want := range map[string]string{
		"nats://u:s3cr3t@h:4222":                    "nats://u:" + masked + "@h:4222",
		"nats://s3cr3t@h:4222":                      "nats://" + masked + "@h:4222",
		"nats://a:s3cr3t@h:4222, nats://b:s3cr3t@i": "nats://a:" + masked + "@h:4222,nats://b:" + masked + "@i",
		"u:s3cr3t@h:4222,nats://plain:4222":         "u:" + masked + "@h:4222,nats://plain:4222",
		"nats://u:s3cr3t%40x@h:4222,tls://x:s3@y:1": "nats://u:" + masked + "@h:4222,tls://x:" + masked + "@y:1",
	} {
		t.Setenv("NATS_URL", url)
		v := shown(t)["NATS_URL"]
		require.Equal(t, want, v.Value)
		require.Contains(t, v.Risk, "password")
	}
}

func TestConfigCheck(t *testing.T) {
	t.Setenv("SHIPMENTS_EMULATION", "true")
	out, err := shipments(t, "config", "check")
	require.NoError(t, err)
	require.Contains(t, out, "The configuration is valid.")
	require.Contains(t, out, "risk     SHIPMENTS_EMULATION: ")
	for name, test := range map[string]struct {
		variables []string
		want      []string
	}{
		"several values": {
			[]string{"SHIPMENTS_UI", "sometimes", "SHIPMENTS_STREAM_REPLICAS", "9"},
			[]string{`wrong    SHIPMENTS_UI: "sometimes" is not off`, "wrong    SHIPMENTS_STREAM_REPLICAS: 9"},
		},
		"a value of another type": {[]string{"SHIPMENTS_CARRIER_DEADLINE", "soon"}, []string{`SHIPMENTS_CARRIER_DEADLINE: "soon" is not a duration`}},
		"no carriers":             {[]string{"SHIPMENTS_EMULATION", "false"}, []string{"wrong    SHIPMENTS_CARRIERS is not set"}},
		"an exposed API":          {[]string{"SHIPMENTS_HTTP_ADDR", "0.0.0.0:80"}, []string{"wrong    SHIPMENTS_HTTP_ADDR: 0.0.0.0:80 can be reached"}},
		"a password and its file": {[]string{"NATS_USER", "u", "NATS_PASSWORD", "p", "NATS_PASSWORD_FILE", os.DevNull},
			[]string{"NATS_PASSWORD, NATS_PASSWORD_FILE"}},
		"a key and its file": {[]string{"TEMPORAL_API_KEY", "p", "TEMPORAL_API_KEY_FILE", os.DevNull},
			[]string{"TEMPORAL_API_KEY, TEMPORAL_API_KEY_FILE"}},
		"a misspelt variable, also": {[]string{"SHIPMENTS_UIS", "off", "SHIPMENTS_UI", "x"}, []string{"warning  SHIPMENTS_UIS is unknown",
			"did you mean SHIPMENTS_UI?"}},
	} {
		t.Run(name, func(t *testing.T) {
			for i := 0; i < len(test.variables); i += 2 {
				t.Setenv(test.variables[i], test.variables[i+1])
			}
			out, err := shipments(t, "config", "check")
			require.ErrorIs(t, err, exitCodeError(1))
			for _, want := range test.want {
				require.Contains(t, out, want)
			}
			require.Contains(t, out, "The configuration is not valid.")
			_, err = shipments(t, "config", "show")
			require.NoError(t, err, "it shows what is there")
		})
	}
	_, err = shipments(t, "config", "check", "nobody")
	require.ErrorContains(t, err, "is not a host")
}

// What is printed, logged or returned never has a secret, also where servers refuse it.
func TestSecretsAreNeverShown(t *testing.T) {
	server, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoLog: true, NoSigs: true, Username: "somebody", Password: "else",
	})
	require.NoError(t, err)
	server.Start()
	t.Cleanup(func() { server.Shutdown(); server.WaitForShutdown() })
	carrier := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnauthorized) }))
	t.Cleanup(carrier.Close)
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	table := file("carriers.yaml", "carriers:\n"+fmt.Sprintf(
		"  - {id: one, name: One, services: [x], booking: {daysBefore: 1, opens: \"18:00\", cutOff: \"12:00\"}, protocol: http, url: %q, tokenVariable: CARRIER_ONE}\n", carrier.URL))
	secretFile := file("secret", "s3cr3t-of-a-file\n")
	for name, variables := range map[string][]string{
		"in the environment": {
			"NATS_URL", server.ClientURL(), "NATS_USER", "u", "NATS_PASSWORD", "s3cr3t-nats", "TEMPORAL_API_KEY", "s3cr3t-temporal",
			"TEMPORAL_GRPC_META_AUTHORIZATION", "s3cr3t-meta", "CARRIER_ONE", "s3cr3t-carrier",
		},
		"in files": {
			"NATS_URL", server.ClientURL(), "NATS_USER", "u", "NATS_PASSWORD_FILE", secretFile, "TEMPORAL_API_KEY_FILE", secretFile, "CARRIER_ONE_FILE", secretFile,
		},
		"in URLs": {
			"NATS_URL", strings.Replace(server.ClientURL(), "nats://", "nats://u:s3cr3t-url@", 1), "CARRIER_ONE", "s3cr3t-carrier",
			"TEMPORAL_TLS_CLIENT_KEY_DATA", "s3cr3t-key", "TEMPORAL_TLS_CLIENT_CERT_DATA", "s3cr3t-cert",
		},
		"a token": {"NATS_URL", server.ClientURL(), "NATS_USER", "s3cr3t-token", "CARRIER_ONE", "s3cr3t-carrier"},
		"both": {"NATS_URL", server.ClientURL(), "NATS_USER", "u", "NATS_PASSWORD", "s3cr3t", "NATS_PASSWORD_FILE", secretFile, "CARRIER_ONE",
			"s3cr3t", "CARRIER_ONE_FILE", secretFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SHIPMENTS_CARRIERS", table)
			t.Setenv("SHIPMENTS_LOG_LEVEL", "trace")
			t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
			for i := 0; i < len(variables); i += 2 {
				t.Setenv(variables[i], variables[i+1])
			}
			for _, args := range [][]string{
				{"config", "show"}, {"config", "show", "--json", "--all"}, {"config", "check"}, {"config", "check", "--json"},
				{"doctor", "--timeout", "2s"}, {"why", "abc"}, {"status", "abc"}, {"run", "carrier"}, {"run", "--help"},
			} {
				if args[0] == "run" && len(args) > 1 && args[1] == "carrier" && name != "both" {
					continue // It would wait for the servers.
				}
				printed := everything(t, args...)
				require.NotContains(t, printed, "s3cr3t", args)
				require.NotEmpty(t, printed, args)
			}
		})
	}
}

// everything is all that a command prints, on both outputs and as its error.
func everything(t *testing.T, args ...string) string {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	before := os.Stderr
	os.Stderr = write // The logger's.
	printed := make(chan string)
	go func() {
		var text bytes.Buffer
		_, _ = text.ReadFrom(read)
		printed <- text.String()
	}()
	var out bytes.Buffer
	code := execute(t.Context(), args, &out, &out)
	os.Stderr = before
	require.NoError(t, write.Close())
	return fmt.Sprintf("%s%s%d", out.String(), <-printed, code)
}
