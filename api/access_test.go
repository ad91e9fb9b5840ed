package api_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/api/auth"
	"shipments/events"
	"shipments/hosts/keyring"
	"shipments/shipment/sample"
)

// provider is an identity provider, whose JWK set can be changed.
type provider struct {
	*httptest.Server

	// delay is how long an answer takes.
	delay time.Duration

	mu   sync.Mutex
	down bool
	keys []map[string]string
}

// setDown takes the provider down, or up again.
func (p *provider) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func startProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		time.Sleep(p.delay)
		if p.down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": p.keys})
	}))
	t.Cleanup(p.Close)
	return p
}

// add adds a key to the set and returns its private part.
func (p *provider) add(t *testing.T, id string) ed25519.PrivateKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, map[string]string{
		"kty": "OKP", "crv": "Ed25519", "kid": id, "alg": "EdDSA", "use": "sig", "x": base64.RawURLEncoding.EncodeToString(public),
	})
	return private
}

const (
	issuer   = "https://login.test"
	audience = "shipments"
)

// valid are the claims of a token that is good for all scopes.
func valid() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "ada@example.com", "exp": time.Now().Add(time.Hour).Unix(),
		"scope": "shipments:write shipments:read documents:read operate",
	}
}

func signed(t *testing.T, key any, method jwt.SigningMethod, id string, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

// jwts authenticates with a provider.
func jwts(t *testing.T, p *provider) *auth.JWTs {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	j, err := auth.NewJWTs(ctx, auth.JWTConfig{URL: p.URL, Issuer: issuer, Audience: audience, Report: func(error) {}})
	require.NoError(t, err)
	return j
}

// tokens writes a file with a token for each set of scopes, and one that has expired.
func tokens(t *testing.T, sets map[string][]auth.Scope) (file string, made map[string]string) {
	t.Helper()
	text, made := "tokens:\n", map[string]string{}
	for name, scopes := range sets {
		expires := time.Time{}
		if name == "expired" {
			expires = time.Now().Add(-time.Minute)
		}
		token, line, err := auth.NewToken(name, scopes, expires)
		require.NoError(t, err)
		text, made[name] = text+line, token
	}
	file = filepath.Join(t.TempDir(), "tokens.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file, made
}

// route is a request, and the scope that it needs.
type route struct {
	method, path string
	scope        auth.Scope
}

// routes are those of the API.
func routes() []route {
	return []route{
		{http.MethodPost, "/abc", auth.ScopeWrite},
		{http.MethodPost, "/shipments", auth.ScopeWrite},
		{http.MethodGet, "/abc", auth.ScopeRead},
		{http.MethodHead, "/abc", auth.ScopeRead},
		{http.MethodGet, "/shipments/abc", auth.ScopeRead},
		{http.MethodGet, "/shipments", auth.ScopeRead},
		{http.MethodGet, "/shipment-documents/abc_labels", auth.ScopeDocuments},
		{http.MethodPost, "/shipment-documents/abc_labels/links", auth.ScopeDocuments},
		{http.MethodGet, "/", auth.ScopeRead},
		{http.MethodGet, "/live", auth.ScopeRead},
		{http.MethodGet, "/shipments/abc/events", auth.ScopeRead},
		{http.MethodPost, "/shipments/abc/cancellation", auth.ScopeWrite},
		{http.MethodPost, "/shipments/abc/rebooking", auth.ScopeWrite},
		{http.MethodGet, "/rejections", auth.ScopeOperate},
		{http.MethodPost, "/rejections/1/replay", auth.ScopeOperate},
		{http.MethodPost, "/actions/cancel", auth.ScopeOperate},
		{http.MethodGet, "/assets/style.css", ""},
		{http.MethodGet, "/favicon.ico", ""},
		{http.MethodPost, "/session/end", ""},
		{http.MethodGet, "/healthz", ""},
		{http.MethodGet, "/readyz", ""},
		{http.MethodGet, "/schemas/", ""},
		{http.MethodGet, "/schemas/shipments.created.json", ""},
		{http.MethodGet, "/session", ""},
		{http.MethodGet, "/openapi.json", ""},
		{http.MethodGet, "/asyncapi.json", ""},
		{http.MethodGet, "/docs", ""},
		{http.MethodGet, "/favicon.ico", ""},
	}
}

// TestAPIAccessMatrix asks each route with each kind of token.
func TestAPIAccessMatrix(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	key, other := p.add(t, "one"), p.add(t, "other")
	sets := map[string][]auth.Scope{"expired": auth.Scopes(), "all": auth.Scopes()}
	for _, scope := range auth.Scopes() {
		sets[strings.ReplaceAll(string(scope), ":", "-")] = []auth.Scope{scope}
	}
	file, static := tokens(t, sets)
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	b := setup(t, func(c *api.Config) { c.Access.Authenticator, c.UI = auth.Any{loaded, jwts(t, p)}, api.UIOperate })
	asked := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	change := func(member string, value any) string {
		claims := valid()
		if value == nil {
			delete(claims, member)
		} else {
			claims[member] = value
		}
		return signed(t, key, jwt.SigningMethodEdDSA, "one", claims)
	}
	secret := []byte(p.keys[0]["x"])
	unsigned := jwt.NewWithClaims(jwt.SigningMethodNone, valid())
	unsigned.Header["kid"] = "one"
	none, err := unsigned.SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	refused := map[string]string{
		"no token":                         "",
		"an empty token":                   "Bearer ",
		"another scheme":                   "Basic " + static["all"],
		"a token that is none":             "Bearer abc",
		"a token that was made up":         "Bearer shipments_" + strings.Repeat("A", 43),
		"a token that has expired":         "Bearer " + static["expired"],
		"a JWT that has expired":           "Bearer " + change("exp", time.Now().Add(-time.Hour).Unix()),
		"a JWT that does not expire":       "Bearer " + change("exp", nil),
		"a JWT that is not good yet":       "Bearer " + change("nbf", time.Now().Add(time.Hour).Unix()),
		"a JWT for another audience":       "Bearer " + change("aud", "elsewhere"),
		"a JWT for no audience":            "Bearer " + change("aud", nil),
		"a JWT of another issuer":          "Bearer " + change("iss", "https://elsewhere.test"),
		"a JWT of nobody":                  "Bearer " + change("sub", nil),
		"a JWT of somebody unprintable":    "Bearer " + change("sub", "ada\n"),
		"a JWT without a signature":        "Bearer " + none,
		"a JWT with a shared secret":       "Bearer " + signed(t, secret, jwt.SigningMethodHS256, "one", valid()),
		"a JWT with another key's name":    "Bearer " + signed(t, other, jwt.SigningMethodEdDSA, "one", valid()),
		"a JWT with an unknown key":        "Bearer " + signed(t, key, jwt.SigningMethodEdDSA, "unknown", valid()),
		"a JWT with another algorithm":     "Bearer " + signed(t, rsaKey, jwt.SigningMethodRS256, "one", valid()),
		"a JWT whose signature was cut":    "Bearer " + strings.TrimRight(change("sub", "ada"), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
		"a JWT whose claims were replaced": "Bearer " + splice(change("sub", "ada"), change("sub", "eve")),
	}
	for _, r := range routes() {
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			t.Parallel()
			ask := func(authorization string) *http.Response {
				request, err := http.NewRequestWithContext(t.Context(), r.method, b.url+r.path, nil)
				require.NoError(t, err)
				if authorization != "" {
					request.Header.Set("Authorization", authorization)
				}
				response, err := asked.Do(request)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				return response
			}
			for kind, authorization := range refused {
				response := ask(authorization)
				if r.scope == "" {
					require.Less(t, response.StatusCode, 400, kind)
					continue
				}
				require.Equal(t, http.StatusUnauthorized, response.StatusCode, kind)
				require.Contains(t, response.Header.Get("WWW-Authenticate"), "Bearer", kind)
				require.Equal(t, "application/problem+json", response.Header.Get("Content-Type"), kind)
			}
			for name, scopes := range sets {
				if name == "expired" {
					continue
				}
				words := make([]string, len(scopes))
				for i, scope := range scopes {
					words[i] = string(scope)
				}
				for kind, token := range map[string]string{"static": static[name], "JWT": change("scope", strings.Join(words, " "))} {
					response := ask("Bearer " + token)
					if r.scope == "" || slices.Contains(scopes, r.scope) {
						require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, response.StatusCode, "%s %s", kind, name)
						continue
					}
					require.Equal(t, http.StatusForbidden, response.StatusCode, "%s %s", kind, name)
					require.Contains(t, response.Header.Get("WWW-Authenticate"), `error="insufficient_scope", scope="`+string(r.scope)+`"`)
				}
			}
		})
	}
}

// splice puts the claims of one token into another one.
func splice(token, claims string) string {
	parts, others := strings.Split(token, "."), strings.Split(claims, ".")
	return parts[0] + "." + others[1] + "." + parts[2]
}

// TestAPIAccessKnowsEveryRoute requires that the scope of each route was chosen, and that
// the matrix above asks it.
func TestAPIAccessKnowsEveryRoute(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("api.go")
	require.NoError(t, err)
	require.Contains(t, string(source), "return a.protect(mux)", "the guard stands in front of the routes")
	_, config := configure(t)
	config.UI = api.UIOperate
	patterns := map[string]bool{}
	mux := http.NewServeMux()
	for _, pattern := range api.Routes(config) {
		require.True(t, auth.Knows(pattern), "%s is not in the tables of api/auth/routes.go, so only operators may use it: choose its scope there, "+
			"and add the route to routes() above", pattern)
		patterns[pattern] = true
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	require.GreaterOrEqual(t, len(patterns), 20)
	require.False(t, auth.Knows("GET /invented"))
	for _, r := range routes() {
		_, pattern := mux.Handler(httptest.NewRequest(r.method, r.path, http.NoBody))
		require.NotEmpty(t, pattern, "%s %s is no route", r.method, r.path)
		delete(patterns, pattern)
	}
	delete(patterns, "POST /session") // The login itself, which answers 401 to a wrong token.
	require.Empty(t, patterns, "routes() above lacks a request for these, so the matrix does not ask them")
}

func TestAPIAccessByANewKeyOfTheProvider(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	p.delay = 50 * time.Millisecond
	p.setDown(true)
	j := jwts(t, p)
	b := setup(t, func(c *api.Config) { c.Access.Authenticator = j })
	key := p.add(t, "one")
	token := "Bearer " + signed(t, key, jwt.SigningMethodEdDSA, "one", valid())
	response := b.do(t, http.MethodGet, "/abc", "", "", "Authorization", token)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, "while the provider is down, from the start")
	require.NotEmpty(t, response.Header.Get("Retry-After"))
	p.setDown(false)
	require.Eventually(t, func() bool {
		return b.do(t, http.MethodGet, "/abc", "", "", "Authorization", token).StatusCode == http.StatusNotFound
	}, 30*time.Second, 100*time.Millisecond, "when the provider is back, the key is known soon")
	p.setDown(true)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/abc", "", "", "Authorization", token).StatusCode, "a key that is known stays good")
}

func TestAPIAccessWithARevokedToken(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeRead}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	b := setup(t, func(c *api.Config) { c.Access.Authenticator = loaded })
	status := func() int {
		return b.do(t, http.MethodGet, "/abc", "", "", "Authorization", "Bearer "+made["ada"]).StatusCode
	}
	require.Equal(t, http.StatusNotFound, status())
	require.NoError(t, os.WriteFile(file, []byte("tokens: ["), 0o600))
	require.Eventually(t, func() bool { status(); return loaded.Err() != nil }, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, http.StatusNotFound, status(), "a file that cannot be read changes nothing")
	require.NoError(t, os.WriteFile(file, []byte("tokens: []"), 0o600))
	require.Eventually(t, func() bool { return status() == http.StatusUnauthorized }, 10*time.Second, 50*time.Millisecond)
}

func TestAPIAccessSaysInTheEventWhoPublishedIt(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeWrite}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	var log bytes.Buffer
	b := setup(t, func(c *api.Config) { c.Access.Authenticator, c.Log = loaded, zerolog.New(&log) })
	ev, err := events.NewCreated("1", "/team", time.Now(), sample.Shipment("abc", time.Now()))
	require.NoError(t, err)
	ev.SetExtension("principal", "eve")
	body, err := json.Marshal(ev)
	require.NoError(t, err)
	posted := b.do(t, http.MethodPost, "/shipments", events.ContentType, string(body), "Authorization", "Bearer "+made["ada"])
	require.Equal(t, http.StatusAccepted, posted.StatusCode, posted.body)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/abd", "", "", "Authorization", "Bearer "+made["ada"]).StatusCode)
	for path, body := range map[string]string{"/shipments/abc/cancellation": `{"reason": "r"}`, "/shipments/abc/rebooking": `{"collectionDate": "2030-01-16"}`} {
		asked := b.do(t, http.MethodPost, path, "application/json", body, "Authorization", "Bearer "+made["ada"])
		require.Equal(t, http.StatusAccepted, asked.StatusCode, asked.body)
	}
	for _, subject := range []string{"created.abc", "created.abd", "cancellation-requested.abc", "collection-rebooking-requested.abc"} {
		stored := b.Messages(t, events.StreamShipments, "shipments."+subject)
		require.Len(t, stored, 1)
		got, reasons := events.Decode(stored[0].Header, stored[0].Data)
		require.Empty(t, reasons)
		require.Equal(t, "ada", got.Extensions()["principal"], "whatever the event said itself")
	}
	require.Contains(t, log.String(), `"principal":"ada","route":"POST /shipments"`)
	require.NotContains(t, log.String(), made["ada"])
}

func TestAPIAccessLimitsEachPrincipal(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeRead}, "bob": {auth.ScopeRead}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	b := setup(t, func(c *api.Config) { c.Access.Authenticator, c.Access.RequestsPerSecond = loaded, 0.001 })
	ask := func(name string) answer {
		return b.do(t, http.MethodGet, "/abc", "", "", "Authorization", "Bearer "+made[name])
	}
	require.Equal(t, http.StatusNotFound, ask("ada").StatusCode)
	limited := ask("ada")
	require.Equal(t, http.StatusTooManyRequests, limited.StatusCode)
	require.Equal(t, "1000", limited.Header.Get("Retry-After"))
	require.Equal(t, http.StatusNotFound, ask("bob").StatusCode)
}

func TestAPIAccessLimitsBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	response := b.do(t, http.MethodPost, "/shipments", "application/json", strings.Repeat(" ", auth.MaxBodyBytes+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}

func TestAPIAccessRefusesBrowsersThatAskForAnotherSite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, header := range map[string][]string{
		"by its fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"by its origin":         {"Origin", "https://elsewhere.test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, http.StatusForbidden, b.do(t, http.MethodPost, "/abc", "", "", header...).StatusCode)
			require.NotEqual(t, http.StatusForbidden, b.do(t, http.MethodGet, "/abc", "", "", header...).StatusCode)
		})
	}
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/abc", "", "", "Sec-Fetch-Site", "same-origin").StatusCode)
	require.Empty(t, b.Messages(t, events.StreamShipments, "shipments.created.abd"))
}

func TestAPIAccessLogsInABrowser(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeRead}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	b := setup(t, func(c *api.Config) { c.Access.Authenticator = loaded })
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, nil)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/html")
		response, err := browser.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response
	}
	first := get("/abc")
	require.Equal(t, http.StatusUnauthorized, first.StatusCode)
	require.Contains(t, first.Header.Get("Content-Type"), "text/html", "it shows the login")
	require.Contains(t, first.Header.Get("Content-Security-Policy"), "default-src 'none'")

	login := func(token, then string) *http.Response {
		response, err := browser.PostForm(b.url+"/session", url.Values{"token": {token}, "then": {then}})
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response
	}
	require.Equal(t, http.StatusUnauthorized, login("wrong", "/abc").StatusCode)
	for then, leads := range map[string]string{"/abc": "/abc", "//elsewhere.test": "/", "https://elsewhere.test": "/", `/\elsewhere.test`: "/", "/\t/elsewhere.test": "/", "/\x00/elsewhere.test": "/"} {
		response := login(made["ada"], then)
		require.Equal(t, http.StatusSeeOther, response.StatusCode)
		require.Equal(t, leads, response.Header.Get("Location"))
		cookie := response.Header.Get("Set-Cookie")
		require.Contains(t, cookie, "HttpOnly")
		require.Contains(t, cookie, "SameSite=Strict")
	}
	require.Equal(t, http.StatusNotFound, get("/abc").StatusCode, "it is logged in")
	response, err := browser.PostForm(b.url+"/session/end", nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, get("/abc").StatusCode, "it is logged out")
}

func TestAPIAccessByLinks(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeDocuments}, "bob": {auth.ScopeRead}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	keys := filepath.Join(t.TempDir(), "keys.yaml")
	oldKey, err := keyring.New("old")
	require.NoError(t, err)
	newKey, err := keyring.New("new")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(keys, []byte("keys:\n"+oldKey), 0o600))
	ring, err := keyring.Load(keys, auth.LinkPurpose)
	require.NoError(t, err)
	links := auth.NewLinks(ring)
	b := setup(t, func(c *api.Config) {
		c.Access.Authenticator, c.Access.Links, c.PublicURL = loaded, links, "https://api.test/"
		require.NoError(t, c.Documents.Put(t.Context(), "abc_labels", []byte("%PDF")))
		require.NoError(t, c.Documents.Put(t.Context(), "abd_labels", []byte("%PDF")))
	})
	const path = "/shipment-documents/abc_labels"
	ask := func(body string) answer {
		return b.do(t, http.MethodPost, path+"/links", "application/json", body, "Authorization", "Bearer "+made["ada"])
	}
	made1 := ask(`{"expiresIn": "2h"}`)
	require.Equal(t, http.StatusCreated, made1.StatusCode, made1.body)
	var link struct {
		URL     string    `json:"url"`
		Expires time.Time `json:"expires"`
	}
	require.NoError(t, json.Unmarshal([]byte(made1.body), &link))
	require.WithinDuration(t, time.Now().Add(2*time.Hour), link.Expires, time.Minute)
	target, found := strings.CutPrefix(link.URL, "https://api.test")
	require.True(t, found)

	got := b.do(t, http.MethodGet, target, "", "")
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, "%PDF", got.body)
	require.Equal(t, "no-referrer", got.Header.Get("Referrer-Policy"))
	require.Contains(t, got.Header.Get("Cache-Control"), "private")

	query := func(change func(url.Values)) string {
		u, err := url.Parse(target)
		require.NoError(t, err)
		values := u.Query()
		change(values)
		return path + "?" + values.Encode()
	}
	for name, wrong := range map[string]string{
		"to another document":        strings.Replace(target, "abc_labels", "abd_labels", 1),
		"with a later expiry":        query(func(v url.Values) { v.Set("expires", fmt.Sprint(link.Expires.Add(time.Hour).Unix())) }),
		"with an unknown key":        query(func(v url.Values) { v.Set("key", "other") }),
		"with another signature":     query(func(v url.Values) { v.Set("signature", strings.Repeat("A", 43)) }),
		"with no signature in it":    query(func(v url.Values) { v.Set("signature", "") }),
		"with two expiries":          target + "&expires=1",
		"that has expired":           path + "?" + links.Sign(path, time.Now().Add(-time.Second)),
		"that is good for too long":  path + "?" + links.Sign(path, time.Now().Add(auth.MaxLinkLife+time.Hour)),
		"with an expiry that is odd": query(func(v url.Values) { v.Set("expires", "soon") }),
	} {
		t.Run("not "+name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, http.StatusForbidden, b.do(t, http.MethodGet, wrong, "", "").StatusCode)
		})
	}
	t.Run("not for other methods", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusUnauthorized, b.do(t, http.MethodPost, strings.Replace(target, "abc_labels", "abc_labels/links", 1), "", "").StatusCode)
	})
	for _, body := range []string{`{"expiresIn": "169h"}`, `{"expiresIn": "-1h"}`, `{"expiresIn": "x"}`, `[]`} {
		require.Equal(t, http.StatusBadRequest, ask(body).StatusCode, body)
	}
	require.Equal(t, http.StatusCreated, ask("").StatusCode)
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodPost, path+"/links", "", "", "Authorization", "Bearer "+made["bob"]).StatusCode)

	require.NoError(t, os.WriteFile(keys, []byte("keys:\n"+newKey+oldKey), 0o600))
	require.Eventually(t, func() bool { return strings.Contains(links.Sign(path, time.Now()), "key=new") }, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, target, "", "").StatusCode, "what the old key signed stays good")
	require.NoError(t, os.WriteFile(keys, []byte("keys:\n"+newKey), 0o600))
	require.Eventually(t, func() bool {
		return b.do(t, http.MethodGet, target, "", "").StatusCode == http.StatusForbidden
	}, 10*time.Second, 20*time.Millisecond, "until it is removed")
}

func TestAPIAccessWithoutLinkKeysMakesNoLinks(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusNotImplemented, setup(t).do(t, http.MethodPost, "/shipment-documents/abc_labels/links", "", "").StatusCode)
}
