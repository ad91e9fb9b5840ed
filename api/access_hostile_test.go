package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/api/auth"
	"shipments/events"
)

// raw sends the text of a request as it is, and returns the reply.
func raw(t *testing.T, url, text string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = conn.Write([]byte(text))
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// TestAPIAccessByTricksOfTheRequest asks for a document and for an operation in other
// ways than their routes expect: none may succeed without a token that has the scope.
func TestAPIAccessByTricksOfTheRequest(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeRead}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	b := setup(t, func(c *api.Config) {
		c.Access.Authenticator, c.UI = loaded, api.UIOperate
		require.NoError(t, c.Documents.Put(t.Context(), "abc_labels", []byte("%PDF")))
	})
	for _, line := range []string{
		"GET //shipment-documents/abc_labels", "GET /shipment-documents//abc_labels", "GET /./shipment-documents/abc_labels",
		"GET /shipments/../shipment-documents/abc_labels", "GET /healthz/../shipment-documents/abc_labels",
		"GET /assets/../shipment-documents/abc_labels", "GET /assets/%2e%2e/shipment-documents/abc_labels", "GET /assets/..%2fshipment-documents%2fabc_labels",
		"GET /schemas/..%2f..%2fshipment-documents%2fabc_labels", "GET /shipment-documents%2Fabc_labels", "GET /shipment-documents/abc%5Flabels",
		"GET /shipment-documents/abc_labels/", "GET /shipment-documents/abc_labels;x", "GET /shipment-documents/abc_labels%00", "GET /SHIPMENT-DOCUMENTS/abc_labels",
		"HEAD /shipment-documents/abc_labels", "OPTIONS /shipment-documents/abc_labels", "TRACE /shipment-documents/abc_labels", "get /shipment-documents/abc_labels",
		"GET http://localhost/shipment-documents/abc_labels", "GET *", "CONNECT /shipment-documents/abc_labels",
		"POST //shipments/abc/cancellation", "PUT /abc", "PATCH /abc", "DELETE /abc", "POST /abc/", "POST /%61bc", "POST /session/../abc", "POST /actions/%72eplay", "POST /session/../actions/replay",
	} {
		for name, header := range map[string]string{
			"nobody":                 "",
			"a reader of shipments":  "Authorization: Bearer " + made["ada"] + "\r\n",
			"two tokens":             "Authorization: Bearer " + made["ada"] + "\r\nAuthorization: Bearer x\r\n",
			"another method, nobody": "X-HTTP-Method-Override: GET\r\nX-HTTP-Method: GET\r\n_method: GET\r\n",
			"another path, nobody":   "X-Original-URL: /healthz\r\nX-Rewrite-URL: /healthz\r\nX-Forwarded-Prefix: /healthz\r\n",
			"from this host, nobody": "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\nX-Remote-User: ada\r\n",
		} {
			response := raw(t, b.url, line+" HTTP/1.1\r\nHost: localhost\r\n"+header+"Content-Length: 0\r\nConnection: close\r\n\r\n")
			require.NotEqual(t, 2, response.StatusCode/100, "%s as %s: %s", line, name, response.Status)
		}
	}
	require.Empty(t, b.Messages(t, events.StreamShipments, "shipments.>"), "nothing was published")
}

// TestAPIAccessOfPagesWithANameOfTheirOwn asks with the name of another site, as a web
// page does whose name leads to this host since a moment ago.
func TestAPIAccessOfPagesWithANameOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Access.Hosts, c.UI = append(auth.LocalHosts(), "api.test"), api.UIOperate })
	for _, r := range append(routes(), route{http.MethodPost, "/session", ""}) {
		response := raw(t, b.url, r.method+" "+r.path+" HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		require.Equal(t, http.StatusMisdirectedRequest, response.StatusCode, "%s %s", r.method, r.path)
	}
	for host, want := range map[string]int{
		"localhost": 404, "localhost:43210": 404, "127.0.0.1:43210": 404, "[::1]:43210": 404, "127.9.9.9": 404, "API.test": 404,
		"evil.test": 421, "evil.test:43210": 421, "localhost.evil.test": 421, "127.0.0.1.evil.test": 421, "10.0.0.1": 421,
	} {
		response := raw(t, b.url, "GET /abc HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		require.Equal(t, want, response.StatusCode, host)
	}
	require.Equal(t, http.StatusMisdirectedRequest, raw(t, b.url, "POST /abc HTTP/1.1\r\nHost: evil.test\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n").StatusCode)

	admin := httptest.NewServer(api.Admin(api.AdminConfig{Readiness: func() api.Readiness { return api.Readiness{Ready: true} }, Pprof: true, Hosts: auth.LocalHosts()}))
	t.Cleanup(admin.Close)
	for _, path := range []string{"/readyz", "/debug/pprof/heap"} {
		require.Equal(t, http.StatusOK, raw(t, admin.URL, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").StatusCode)
		require.Equal(t, http.StatusMisdirectedRequest, raw(t, admin.URL, "GET "+path+" HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n").StatusCode)
	}
}

// TestAPIAccessEndsStreamsOfRevokedTokens revokes a token while its stream is open.
func TestAPIAccessEndsStreamsOfRevokedTokens(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeRead}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	b := setupIndexed(t, func(c *api.Config) { c.Access.Authenticator = loaded })
	stream := raw(t, b.url, "GET /shipments/abc/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer "+made["ada"]+"\r\n\r\n")
	require.Equal(t, http.StatusOK, stream.StatusCode)
	require.NoError(t, os.WriteFile(file, []byte("tokens: []"), 0o600))
	require.Eventually(t, func() bool {
		return b.do(t, http.MethodGet, "/abc", "", "", "Authorization", "Bearer "+made["ada"]).StatusCode == http.StatusUnauthorized
	}, 30*time.Second, 50*time.Millisecond)
	b.accepted(t, "abc")
	var text strings.Builder
	for scanner := bufio.NewScanner(stream.Body); scanner.Scan(); {
		text.WriteString(scanner.Text() + "\n")
	}
	require.NotContains(t, text.String(), "abc", "the stream has ended without what came afterwards")
}

func TestAPIAccessCookieIsThisHostsAlone(t *testing.T) {
	t.Parallel()
	file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeRead}})
	loaded, err := auth.LoadTokens(file)
	require.NoError(t, err)
	b := setup(t, func(c *api.Config) {
		c.Access.Authenticator, c.Access.Secure, c.PublicURL = loaded, true, "https://api.test/shipping"
	})
	form := "then=/abc&token=" + made["ada"]
	login := raw(t, b.url, fmt.Sprintf("POST /session HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form))
	require.Equal(t, http.StatusSeeOther, login.StatusCode)
	require.Equal(t, "/shipping/abc", login.Header.Get("Location"))
	cookie := login.Header.Get("Set-Cookie")
	require.True(t, strings.HasPrefix(cookie, "__Host-shipments_session="+made["ada"]), cookie)
	for _, attribute := range []string{"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} {
		require.Contains(t, cookie, attribute)
	}
	require.NotContains(t, cookie, "Domain")
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/abc", "", "", "Cookie", "__Host-shipments_session="+made["ada"]).StatusCode)
	require.Equal(t, http.StatusUnauthorized, b.do(t, http.MethodGet, "/abc", "", "", "Cookie", "shipments_session="+made["ada"]).StatusCode,
		"a cookie that a neighbour can set is not taken")
	page := raw(t, b.url, "GET /abc HTTP/1.1\r\nHost: api.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
	require.Equal(t, http.StatusUnauthorized, page.StatusCode)
	body, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `action="/shipping/session"`, "the login leads to where users reach the API")
}
