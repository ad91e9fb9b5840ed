package hosts_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/api/auth"
	"shipments/events/eventstest"
	"shipments/hosts"
)

// tokenFile writes a file with one token.
func tokenFile(t *testing.T, scopes ...auth.Scope) (file, token string) {
	t.Helper()
	token, line, err := auth.NewToken("ada", scopes, time.Now().Add(time.Hour))
	require.NoError(t, err)
	return write(t, "tokens.yaml", "tokens:\n"+line), token
}

func TestHTTPAccessIsNotOpenToOtherHosts(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	file, _ := tokenFile(t, auth.ScopeRead)
	named, err := hosts.Named("api")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		address string
		change  func(*hosts.Config)
		refused bool
	}{
		"all interfaces":                 {"0.0.0.0:0", func(*hosts.Config) {}, true},
		"all interfaces, without a host": {":0", func(*hosts.Config) {}, true},
		"all interfaces, by IPv6":        {"[::]:0", func(*hosts.Config) {}, true},
		"a name":                         {"api.test:0", func(*hosts.Config) {}, true},
		"another host's address":         {"192.0.2.1:0", func(*hosts.Config) {}, true},
		"loopback":                       {"127.0.0.1:0", func(*hosts.Config) {}, false},
		"loopback, by IPv6":              {"[::1]:0", func(*hosts.Config) {}, false},
		"localhost":                      {"localhost:0", func(*hosts.Config) {}, false},
		"with tokens":                    {"0.0.0.0:0", func(c *hosts.Config) { c.AuthTokens = file }, false},
		"when it is meant so":            {"0.0.0.0:0", func(c *hosts.Config) { c.Auth = "none" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := load(t, s)
			config.HTTPAddr = c.address
			c.change(&config)
			require.NoError(t, config.Validate())
			err := hosts.Check(config, named)
			if !c.refused {
				require.NoError(t, err)
				return
			}
			var wrong *hosts.ConfigError
			require.ErrorAs(t, err, &wrong)
			require.ErrorContains(t, err, "SHIPMENTS_AUTH=none")
			others, err := hosts.Named("consumer")
			require.NoError(t, err)
			require.NoError(t, hosts.Check(config, others), "it serves no API")
		})
	}
	t.Run("by a listener that is bound already", func(t *testing.T) {
		t.Parallel()
		var listen net.ListenConfig
		listener, err := listen.Listen(t.Context(), "tcp", "0.0.0.0:0")
		require.NoError(t, err)
		require.ErrorContains(t, hosts.RunOn(t.Context(), hosts.Listeners{HTTP: listener}, load(t, s), named, zerolog.Nop()), "can be reached from other hosts")
	})
}

func TestHTTPAccessByATokenOfTheConfiguration(t *testing.T) {
	t.Parallel()
	config := load(t, eventstest.Start(t))
	file, token := tokenFile(t, auth.ScopeRead)
	config.AuthTokens = file
	require.NoError(t, config.Validate())
	r := run(t, config, "api")
	r.ready(t)
	status, _ := r.get(t, "/shipments/abc")
	require.Equal(t, http.StatusUnauthorized, status)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/shipments/abc", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNotFound, response.StatusCode)
}

func TestHTTPAccessIsChecked(t *testing.T) {
	file, _ := tokenFile(t, auth.ScopeRead)
	for name, c := range map[string]struct {
		environment map[string]string
		says        string
	}{
		"a word that is not none":      {map[string]string{"SHIPMENTS_AUTH": "jwt"}, "SHIPMENTS_AUTH: "},
		"none, and tokens":             {map[string]string{"SHIPMENTS_AUTH": "none", "SHIPMENTS_AUTH_TOKENS": file}, "SHIPMENTS_AUTH: is none, and"},
		"a file of tokens that is not": {map[string]string{"SHIPMENTS_AUTH_TOKENS": "/nonexistent"}, "SHIPMENTS_AUTH_TOKENS: "},
		"link keys that are not":       {map[string]string{"SHIPMENTS_LINK_KEYS": file}, "SHIPMENTS_LINK_KEYS: "},
		"a rate that is negative":      {map[string]string{"SHIPMENTS_AUTH_RATE": "-1"}, "SHIPMENTS_AUTH_RATE: "},
		"a JWK set without TLS":        {map[string]string{"SHIPMENTS_AUTH_JWKS_URL": "http://login.test/keys", "SHIPMENTS_AUTH_ISSUER": "x", "SHIPMENTS_AUTH_AUDIENCE": "y"}, "SHIPMENTS_AUTH_JWKS_URL: is not an https URL"},
		"a JWK set without an issuer":  {map[string]string{"SHIPMENTS_AUTH_JWKS_URL": "https://login.test/keys", "SHIPMENTS_AUTH_AUDIENCE": "y"}, "SHIPMENTS_AUTH_ISSUER: is not set"},
		"a JWK set for no audience":    {map[string]string{"SHIPMENTS_AUTH_JWKS_URL": "https://login.test/keys", "SHIPMENTS_AUTH_ISSUER": "x"}, "SHIPMENTS_AUTH_AUDIENCE: is not set"},
		"an issuer without a JWK set":  {map[string]string{"SHIPMENTS_AUTH_ISSUER": "x"}, "SHIPMENTS_AUTH_JWKS_URL: is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range c.environment {
				t.Setenv(variable, value)
			}
			_, err := hosts.LoadConfig()
			require.ErrorContains(t, err, c.says)
		})
	}
}
