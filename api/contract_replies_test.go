package api_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/api"
	"shipments/api/contract/contracttest"
	"shipments/events"
	"shipments/shipment/sample"
)

// patience is how long a test waits for what has to happen, tick how often it looks.
const (
	patience = 30 * time.Second
	tick     = 10 * time.Millisecond
)

// TestContractOfConditionalRequests asks again for what has an ETag.
func TestContractOfConditionalRequests(t *testing.T) {
	t.Parallel()
	b := setupPages(t, api.UIRead)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	require.NoError(t, documents.NewStore(b.JS).Put(t.Context(), "abc_labels", []byte("%PDF-1.4")))
	for _, path := range []string{"/shipments/1a/events", "/rejections", "/openapi.json", "/asyncapi.json", "/docs", "/shipment-documents/abc_labels"} {
		t.Run(path, func(t *testing.T) {
			first := b.do(t, http.MethodGet, path, "", "")
			require.Equal(t, http.StatusOK, first.StatusCode)
			tag := first.Header.Get("ETag")
			require.NotEmpty(t, tag)
			again := b.do(t, http.MethodGet, path, "", "", "If-None-Match", `"x", `+tag)
			require.Equal(t, http.StatusNotModified, again.StatusCode)
			require.Equal(t, tag, again.Header.Get("ETag"))
			require.Empty(t, again.body)
		})
	}
	path := "/shipment-documents/abc_labels"
	tag := b.do(t, http.MethodGet, path, "", "").Header.Get("ETag")
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, path, "", "", "If-Match", tag).StatusCode)
}

// TestContractOfFilters uses each parameter of the list, for programs and on the page.
func TestContractOfFilters(t *testing.T) {
	t.Parallel()
	b := setupPages(t, api.UIRead)
	cursor := ""
	for _, id := range []string{"1a", "1b"} {
		require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/"+id, "", "").StatusCode)
	}
	require.Eventually(t, func() bool {
		_, cursor, _ = strings.Cut(b.list(t, "/shipments?limit=1").Next, "cursor=")
		cursor, _, _ = strings.Cut(cursor, "&")
		return cursor != ""
	}, patience, tick)
	for _, query := range []string{
		"status=Pending,Success", "category=domestic", "carrier=c62bee763e7a4ce387dda5eb11678815", "stage=collection", "reason=conflict", "since=24h",
		"until=2026-11-27", "olderThan=15m", "q=1a", "limit=1", "limit=1&cursor=" + cursor,
	} {
		t.Run(query, func(t *testing.T) {
			require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/shipments?"+query, "", "").StatusCode)
			b.page(t, "/?"+query)
		})
	}
}

// TestContractOfWhatIsRefused asks for the replies that no other test is about.
func TestContractOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	b := setupPages(t, api.UIOperate)
	b.accepted(t, "1e")
	b.cancelled(t, "1e")
	const (
		object = "application/json"
		form   = "application/x-www-form-urlencoded"
	)
	for _, test := range []struct {
		path, contentType, body string
		status                  int
	}{
		{"/shipments/1x/rebooking", object, `{"collectionDate":"2030-01-16"}`, http.StatusNotFound},
		{"/shipments/1e/rebooking", object, `{"collectionDate":"2030-01-16"}`, http.StatusConflict},
		{"/shipments/1e/cancellation", "text/plain", `{}`, http.StatusUnsupportedMediaType},
		{"/shipments/1e/cancellation", object, strings.Repeat(" ", 16<<10+1), http.StatusRequestEntityTooLarge},
		{"/actions/cancel", form, "shipment=a.b", http.StatusBadRequest},
		{"/actions/cancel", form, "shipment=1e&reason=r", http.StatusConflict},
		{"/session", form, "%", http.StatusBadRequest},
		{"/shipment-documents/x/links", object, `{}`, http.StatusNotFound},
	} {
		t.Run(test.path, func(t *testing.T) {
			require.Equal(t, test.status, b.do(t, http.MethodPost, test.path, test.contentType, test.body).StatusCode)
		})
	}
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/shipments/1x", "", "").StatusCode)
}

func TestContractOfBinaryMode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	data, err := json.Marshal(sample.Shipment("1t", time.Now()))
	require.NoError(t, err)
	got := b.do(t, http.MethodPost, "/shipments", "application/json", string(data),
		"ce-specversion", "1.0", "ce-type", events.TypeCreated, "ce-id", "1", "ce-source", "/team/orders", "ce-time", "2026-11-27T08:00:00Z",
		"ce-correlationid", "order-1", "ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ce-tracestate", "x=y")
	require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
}

// TestContractOfTraces sends the headers of a trace, which the api host continues, to the
// routes that publish.
func TestContractOfTraces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	data, err := json.Marshal(sample.Shipment("1u", time.Now()))
	require.NoError(t, err)
	for _, test := range []struct{ path, contentType, body string }{
		{"/1t", "", ""},
		{"/shipments", "application/json", string(data)},
		{"/shipments/1t/cancellation", "application/json", `{"reason":"r"}`},
		{"/shipments/1t/rebooking", "application/json", `{"collectionDate":"2030-01-16"}`},
	} {
		got := b.do(t, http.MethodPost, test.path, test.contentType, test.body,
			"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate", "x=y")
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
	}
}

func TestContractOfThePagesStream(t *testing.T) {
	t.Parallel()
	b := setupPages(t, api.UIRead)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/live?shipment=1a", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if lines.Text() == "event: changed" {
			return
		}
	}
	t.Fatal("the stream has ended without an event")
}

// TestContractPageIsSelfContained requires that the page loads nothing but the icon, and
// that its policy lets nothing else be loaded.
func TestContractPageIsSelfContained(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.PublicURL = "https://ships.example.com/api/" })
	page := b.do(t, http.MethodGet, "/docs", "", "", "Accept", browser)
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Equal(t, "text/html; charset=utf-8", page.Header.Get("Content-Type"))
	_, rest, found := strings.Cut(page.body, "<style>")
	require.True(t, found)
	style, _, found := strings.Cut(rest, "</style>")
	require.True(t, found)
	sum := sha256.Sum256([]byte(style))
	require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'", page.Header.Get("Content-Security-Policy"))
	for _, forbidden := range []string{"<script", " style=", " src=", "javascript:", "ZgotmplZ", "url("} {
		require.NotContains(t, page.body, forbidden)
	}
	for _, link := range regexp.MustCompile(`<(?:link|a)[^>]* href="([^"#][^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		require.True(t, strings.HasPrefix(link[1], "/api/"), link[1])
	}
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		require.False(t, ids[id[1]], "%s is there twice", id[1])
		ids[id[1]] = true
	}
	for _, link := range regexp.MustCompile(` href="#([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		require.True(t, ids[link[1]], "#%s leads nowhere", link[1])
	}
	for _, pattern := range contracttest.Patterns() {
		_, path, _ := strings.Cut(pattern, " ")
		require.Contains(t, page.body, "<code>"+strings.TrimSuffix(path, "{$}")+"</code>")
	}
	for _, eventType := range events.Types() {
		require.Contains(t, page.body, "<code>"+eventType+"</code>")
	}
}

// TestSchemasAreFoundByTheirID reads each schema, and what it refers to, where its $id says.
func TestSchemasAreFoundByTheirID(t *testing.T) {
	t.Parallel()
	_, config := configure(t)
	server := httptest.NewUnstartedServer(nil)
	public := "http://" + server.Listener.Addr().String() + "/api/"
	config.PublicURL = public
	server.Config.Handler = http.StripPrefix("/api", contracttest.Watch(t, api.New(config)))
	server.Start()
	t.Cleanup(server.Close)
	for _, eventType := range events.Types() {
		t.Run(eventType, func(t *testing.T) {
			compiler := jsonschema.NewCompiler()
			compiler.UseLoader(loader(func(url string) (any, error) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
				require.NoError(t, err)
				response, err := http.DefaultClient.Do(request)
				require.NoError(t, err)
				defer response.Body.Close()
				require.Equal(t, http.StatusOK, response.StatusCode, url)
				schema, err := jsonschema.UnmarshalJSON(response.Body)
				require.NoError(t, err)
				require.Equal(t, url, schema.(map[string]any)["$id"]) //nolint:forcetypeassert // a schema is an object
				return schema, nil
			}))
			_, err := compiler.Compile(events.SchemaURL(public, eventType))
			require.NoError(t, err)
		})
	}
}

type loader func(url string) (any, error)

func (l loader) Load(url string) (any, error) { return l(url) }
