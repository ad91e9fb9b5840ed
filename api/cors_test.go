package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/api/auth"
	"shipments/api/contract/contracttest"
)

const (
	listedOrigin = "https://app.example.com"
	otherOrigin  = "https://app.example.com:8443"
)

// isPageRoute reports whether a route is one that scripts of other origins may not use.
func isPageRoute(pattern string) bool {
	for _, prefix := range []string{"GET /{$}", "GET /live", "GET /assets/", "POST /actions/", "GET /session", "POST /session"} {
		if strings.HasPrefix(pattern, prefix) {
			return true
		}
	}
	return false
}

func setupCORS(t *testing.T, scopes ...auth.Scope) *bundle {
	t.Helper()
	return setup(t, func(c *api.Config) {
		c.UI = api.UIOperate
		c.Access.Origins = []string{listedOrigin}
		if scopes != nil {
			c.Access.Authenticator = authenticator(func() (auth.Principal, error) { return auth.Principal{Name: "script", Scopes: scopes}, nil })
		}
	})
}

func TestCORSIsOffByDefault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, http.MethodGet, "/shipments/1a", "", "", "Origin", listedOrigin)
	require.Equal(t, http.StatusNotFound, got.StatusCode)
	requireNoCORS(t, got)
	require.NotContains(t, got.Header.Values("Vary"), "Origin")
	got = b.do(t, http.MethodOptions, "/shipments", "", "", "Origin", listedOrigin, "Access-Control-Request-Method", "POST")
	require.Equal(t, http.StatusMethodNotAllowed, got.StatusCode)
	requireNoCORS(t, got)
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodPost, "/1a", "", "", "Origin", listedOrigin).StatusCode)
}

func requireNoCORS(t *testing.T, got answer) {
	t.Helper()
	for name := range got.Header {
		require.False(t, strings.HasPrefix(name, "Access-Control-"), name)
	}
}

// TestCORSPreflight asks for each route whether a script may use it, without a token.
func TestCORSPreflight(t *testing.T) {
	t.Parallel()
	b := setupCORS(t, auth.ScopeRead)
	for _, pattern := range contracttest.Patterns() {
		t.Run(pattern, func(t *testing.T) {
			method, path, _, _ := requestFor(pattern)
			ask := func(origin string) answer {
				return b.do(t, http.MethodOptions, path, "", "", "Origin", origin, "Access-Control-Request-Method", method,
					"Access-Control-Request-Headers", "authorization,content-type")
			}
			other := ask(otherOrigin)
			requireNoCORS(t, other)
			require.Contains(t, other.Header.Values("Vary"), "Origin")
			got := ask(listedOrigin)
			require.Contains(t, got.Header.Values("Vary"), "Origin")
			if isPageRoute(pattern) {
				requireNoCORS(t, got)
				return
			}
			require.Equal(t, http.StatusNoContent, got.StatusCode)
			require.Equal(t, listedOrigin, got.Header.Get("Access-Control-Allow-Origin"))
			require.Contains(t, strings.Split(got.Header.Get("Access-Control-Allow-Methods"), ", "), method)
			allowed := strings.Split(strings.ToLower(got.Header.Get("Access-Control-Allow-Headers")), ", ")
			require.Contains(t, allowed, "authorization")
			for _, name := range contracttest.RequestHeaders(pattern) {
				require.Contains(t, allowed, strings.ToLower(name), "openapi.yaml has this header: add it to allowedHeaders in api/auth/cors.go")
			}
			require.Equal(t, "600", got.Header.Get("Access-Control-Max-Age"))
			require.Empty(t, got.Header.Get("Access-Control-Allow-Credentials"))
			require.Contains(t, got.Header.Values("Vary"), "Access-Control-Request-Method, Access-Control-Request-Headers")
		})
	}
}

func TestCORSExposesEveryDocumentedHeader(t *testing.T) {
	t.Parallel()
	b := setupCORS(t)
	got := b.do(t, http.MethodGet, "/healthz", "", "", "Origin", listedOrigin)
	exposed := strings.Split(strings.ToLower(got.Header.Get("Access-Control-Expose-Headers")), ", ")
	unneeded := []string{"set-cookie", "accept-ranges", "accept-encoding", "x-accel-buffering"} // A script cannot read the first, and has no use for the others.
	for _, pattern := range contracttest.Patterns() {
		for _, name := range contracttest.ReplyHeaders(pattern) {
			if name = strings.ToLower(name); !slices.Contains(unneeded, name) {
				require.Contains(t, exposed, name, "openapi.yaml has this header of %s: add it to exposedHeaders in api/auth/cors.go", pattern)
			}
		}
	}
}

func TestCORSOfAListedOrigin(t *testing.T) {
	t.Parallel()
	b := setupCORS(t, auth.ScopeRead, auth.ScopeWrite)
	script := []string{"Origin", listedOrigin, "Sec-Fetch-Site", "cross-site"}
	withToken := append(slices.Clone(script), "Authorization", "Bearer x")

	posted := b.do(t, http.MethodPost, "/1a", "", "", withToken...)
	require.Equal(t, http.StatusAccepted, posted.StatusCode, posted.body)
	require.Equal(t, listedOrigin, posted.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, posted.Header.Values("Vary"), "Origin")
	require.Empty(t, posted.Header.Get("Access-Control-Allow-Credentials"))

	refused := b.do(t, http.MethodGet, "/rejections", "", "", withToken...)
	require.Equal(t, http.StatusForbidden, refused.StatusCode, "the scopes are those of the token")
	require.Equal(t, listedOrigin, refused.Header.Get("Access-Control-Allow-Origin"), "the script can read why")

	cookie := b.do(t, http.MethodPost, "/1a", "", "", append(slices.Clone(script), "Cookie", "shipments_session=x")...)
	require.Equal(t, http.StatusUnauthorized, cookie.StatusCode, "a login is not for scripts of other origins")
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "", "Cookie", "shipments_session=x").StatusCode)

	for _, path := range []string{"/session", "/session/end", "/actions/cancel"} {
		got := b.do(t, http.MethodPost, path, "application/x-www-form-urlencoded", "token=x", withToken...)
		require.Equal(t, http.StatusForbidden, got.StatusCode, path)
		requireNoCORS(t, got)
	}
}

func TestCORSOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	b := setupCORS(t)
	for _, origin := range []string{otherOrigin, "http://app.example.com", "https://evil.app.example.com", "https://app.example.com.evil", "HTTPS://APP.EXAMPLE.COM", "null", "*"} {
		t.Run(origin, func(t *testing.T) {
			got := b.do(t, http.MethodGet, "/healthz", "", "", "Origin", origin)
			require.Equal(t, http.StatusOK, got.StatusCode)
			requireNoCORS(t, got)
			require.Contains(t, got.Header.Values("Vary"), "Origin", "a cache must not give a script the reply to another")
			posted := b.do(t, http.MethodPost, "/1a", "", "", "Origin", origin)
			require.Equal(t, http.StatusForbidden, posted.StatusCode)
			requireNoCORS(t, posted)
		})
	}
}

func TestParseOrigins(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"":                         nil,
		" https://a.example.com ,": {"https://a.example.com"},
		"https://a.example.com,http://localhost:3000": {"https://a.example.com", "http://localhost:3000"},
		"https://[2001:db8::1]:8443":                  {"https://[2001:db8::1]:8443"},
	} {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			got, err := auth.ParseOrigins(list)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	for _, wrong := range []string{
		"*", "null", "https://*.example.com", "https://a.example.com/", "https://a.example.com/app", "https://A.example.com", "a.example.com", "https://a.example.com:443",
		"http://a.example.com:80", "ftp://a.example.com", "https://", "https://user@a.example.com", "https://a.example.com?x", "https://ok.example.com,*",
	} {
		t.Run(wrong, func(t *testing.T) {
			t.Parallel()
			_, err := auth.ParseOrigins(wrong)
			require.Error(t, err)
		})
	}
}
