package api_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/api/presence"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func (b *bundle) page(t *testing.T, path string) answer {
	t.Helper()
	got := b.do(t, http.MethodGet, path, "", "", "Accept", browser)
	require.Equal(t, "text/html; charset=utf-8", got.Header.Get("Content-Type"))
	require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	policy := got.Header.Get("Content-Security-Policy")
	require.True(t, strings.HasPrefix(policy, "default-src 'none'"), policy)
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, got.body, "style=", "the policy forbids it")
	return got
}

func setupPages(t *testing.T, ui api.UI) *bundle {
	t.Helper()
	return setupIndexed(t, func(c *api.Config) {
		c.UI = ui
		c.Rules.Carriers = sample.Carriers()
		c.About.SimulatedCarriers = []string{"Albion Parcels"}
		c.Readiness = func() api.Readiness { return api.Readiness{Ready: true, Checks: map[string]string{"consumer": "ok"}} }
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	b := setupPages(t, api.UIRead)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	b.accepted(t, "1a")
	b.outcome(t, "1a", events.TypeFailed, events.Failed{
		ShipmentID: "1a", Status: shipment.Failed, Stage: shipment.StageManifestation,
		Failure: &shipment.Failure{Faults: []shipment.Fault{*shipment.NewFault("Carrier <b>failed</b>", "1.2.3: <script>alert(1)</script>")}},
	})
	require.NoError(t, streams.NewPublisher(b.JS, "http://api.test").Reject(t.Context(), events.Rejection{
		Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON, Message: "<img src=x onerror=alert(1)>"}},
		Input:   events.Input{Stream: events.StreamShipments, StreamSequence: 9, Subject: "shipments.created", Data: []byte("<script>alert(2)</script>\x1b[31m\xff")},
	}))
	require.Eventually(t, func() bool { return strings.Contains(b.page(t, "/").body, "Carrier &lt;b&gt;failed") }, 10*time.Second, 10*time.Millisecond)
	for name, test := range map[string]struct {
		path   string
		status int
		has    []string
	}{
		"list":                 {"/?status=Failure", 200, []string{`href="/1a"`, "<b>1</b><span>Failure</span>", "1 of 1 shipments"}},
		"overview":             {"/", 200, []string{"Consumer behind by</dt><dd>1 message", "<dt>consumer</dt><dd>ok</dd>", "Albion Parcels", "Carriers are simulated"}},
		"nothing selected":     {"/?q=x", 200, []string{"No shipment is selected."}},
		"wrong filter":         {"/?limit=x", 400, []string{"limit: use a number"}},
		"shipment":             {"/1a", 200, []string{"Carrier &lt;b&gt;failed", "1.2.3: &lt;script&gt;", "shipments.accepted"}},
		"the same":             {"/shipments/1a", 200, []string{"<h3>failed</h3>"}},
		"unknown shipment":     {"/1b", 404, []string{"No shipment with this id is known."}},
		"rejections":           {"/rejections", 200, []string{"invalid-json", "&lt;script&gt;alert(2)&lt;/script&gt;\\u001b[31m\\xff"}},
		"rejections of one":    {"/rejections?shipment=1a", 200, []string{"Nothing that is selected was rejected."}},
		"rejections, misspelt": {"/rejections?raeson=x", 400, []string{"raeson: no parameter"}},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+test.path, nil)
			require.NoError(t, err)
			request.Header.Set("Accept", browser)
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			body := string(text)
			require.Equal(t, test.status, response.StatusCode)
			for _, part := range test.has {
				require.Contains(t, body, part)
			}
			require.NotContains(t, body, "<script>alert")
			require.NotContains(t, body, "<img src=x")
			require.NotContains(t, body, "/actions/", "the pages only show")
		})
	}
	t.Run("a shipment that is named like a route", func(t *testing.T) {
		for _, id := range []string{"docs", "live"} {
			_, err := b.JS.Publish(t.Context(), "shipments.created."+id, []byte("not json"))
			require.NoError(t, err)
			require.Eventually(t, func() bool { return strings.Contains(b.page(t, "/").body, `href="/shipments/`+id+`"`) }, 10*time.Second, 10*time.Millisecond)
		}
	})
	t.Run("filters stay in the form", func(t *testing.T) {
		body := b.page(t, "/?status=Failure,Rejected&until=2030-01-01&reason=x").body
		require.Contains(t, body, `<option value="Failure,Rejected" selected>Failure, Rejected</option>`)
		require.Contains(t, body, `name="until" value="2030-01-01"`)
		require.Contains(t, body, `name="reason" value="x"`)
	})
	t.Run("a repeat does not change how long it took", func(t *testing.T) {
		before := lead(b.page(t, "/1a").body)
		require.Contains(t, before, "after ")
		_, err := b.JS.Publish(t.Context(), "shipments.created.1a", []byte("again"))
		require.NoError(t, err)
		require.Equal(t, before, lead(b.page(t, "/1a").body))
	})
	t.Run("programs get JSON as before", func(t *testing.T) {
		require.Equal(t, "application/json", b.do(t, http.MethodGet, "/1a", "", "").Header.Get("Content-Type"))
		require.Equal(t, "application/json", b.do(t, http.MethodGet, "/rejections", "", "").Header.Get("Content-Type"))
	})
	t.Run("files", func(t *testing.T) {
		for path, kind := range map[string]string{"/assets/style.css": "text/css; charset=utf-8", "/assets/live.js": "text/javascript; charset=utf-8", "/favicon.ico": "image/svg+xml"} {
			got := b.do(t, http.MethodGet, path, "", "")
			require.Equal(t, http.StatusOK, got.StatusCode)
			require.Equal(t, kind, got.Header.Get("Content-Type"))
		}
		require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/assets/list.html", "", "").StatusCode)
	})
	t.Run("no action", func(t *testing.T) {
		require.Equal(t, http.StatusForbidden, b.do(t, http.MethodPost, "/actions/cancel", "application/x-www-form-urlencoded", "shipment=1a&reason=r").StatusCode)
	})
}

func TestPagesShowProcesses(t *testing.T) {
	t.Parallel()
	now := time.Now()
	heard := func(name, version string, at time.Time, ready bool, hosts ...string) presence.Heard {
		return presence.Heard{Process: presence.Process{
			Name: name, Version: version, Hosts: hosts, Started: now.Add(-2 * time.Hour), Ready: ready, Why: "consumer: Temporal <does> not answer",
		}, At: at}
	}
	b := setupIndexed(t, func(c *api.Config) {
		c.UI = api.UIRead
		c.Processes = func() []presence.Heard {
			return []presence.Heard{
				heard("1@a", "v0.1.0", now, true, "api"), heard("2@<b>", "v0.1.1", now, false, "consumer", "orchestrator"),
				heard("3@c", "v0.0.9", now.Add(-time.Minute), true, "documents"),
			}
		}
	})
	body := b.page(t, "/").body
	for _, part := range []string{
		`<th scope="row">api</th>`, `<td data-label="State">ready</td>`, "v0.1.0", "1@a", "2 h",
		`<th scope="row">consumer, orchestrator</th>`, "not ready<small>consumer: Temporal &lt;does&gt; not answer</small>", "2@&lt;b&gt;",
		`<th scope="row">documents</th>`, `class="alarm">not heard of for 1 min`,
		"The processes run different versions: v0.1.0, v0.1.1.",
	} {
		require.Contains(t, body, part)
	}
}

func TestPagesAreOff(t *testing.T) {
	t.Parallel()
	b := setupPages(t, api.UIOff)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/", "", "", "Accept", browser).StatusCode)
	require.Equal(t, "application/problem+json", b.do(t, http.MethodGet, "/1a", "", "", "Accept", browser).Header.Get("Content-Type"))
}

// lead is the line of a shipment's page that says how it stands.
func lead(page string) string {
	_, after, _ := strings.Cut(page, `<p class="lead">`)
	line, _, _ := strings.Cut(after, "</p>")
	return line
}

func TestPagesOperate(t *testing.T) {
	t.Parallel()
	b := setupPages(t, api.UIOperate)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	require.Contains(t, b.page(t, "/1a").body, `action="/actions/cancel"`)
	post := func(action string, form url.Values, header ...string) answer {
		return b.do(t, http.MethodPost, "/actions/"+action, "application/x-www-form-urlencoded", form.Encode(), append([]string{"Accept", browser}, header...)...)
	}
	form := url.Values{"shipment": {"1a"}, "reason": {"no longer wanted"}}
	require.Equal(t, http.StatusForbidden, post("cancel", form, "Sec-Fetch-Site", "cross-site").StatusCode)
	require.Equal(t, http.StatusOK, post("cancel", form, "Sec-Fetch-Site", "same-origin").StatusCode, "it leads back to the page")
	require.Len(t, b.Messages(t, events.StreamShipments, events.TypeCancellationRequested+".1a"), 1)
	require.Equal(t, http.StatusOK, post("rebook", url.Values{"shipment": {"1a"}, "collectionDate": {"2030-01-16"}}).StatusCode)
	require.Len(t, b.Messages(t, events.StreamShipments, events.TypeRebookingRequested+".1a"), 1)
	require.Equal(t, http.StatusUnprocessableEntity, post("rebook", url.Values{"shipment": {"1a"}}).StatusCode)
	require.Equal(t, http.StatusNotFound, post("replay", url.Values{"sequence": {"1"}}).StatusCode)
	require.Equal(t, http.StatusNotFound, post("other", nil).StatusCode)

	t.Run("all open rejections of a page", func(t *testing.T) {
		for n := range 2 {
			require.NoError(t, streams.NewPublisher(b.JS, "http://api.test").Reject(t.Context(), events.Rejection{
				Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON, Message: "m"}},
				Input:   events.Input{Stream: events.StreamShipments, StreamSequence: uint64(100 + n), Subject: events.TypeCreated, Data: []byte("x")},
			}))
		}
		shown := b.page(t, "/rejections").body
		require.Contains(t, shown, "Publish 2 again")
		require.Equal(t, http.StatusOK, post("replay", url.Values{"sequence": {"1", "2"}}).StatusCode)
		require.Len(t, b.Messages(t, events.StreamShipments, events.TypeCreated), 2)
		shown = b.page(t, "/rejections").body
		require.NotContains(t, shown, "again</button>", "none is open")
		require.Contains(t, shown, "replayed as SHIPMENTS sequence")
		require.Equal(t, http.StatusBadRequest, post("replay", nil).StatusCode)
		require.Equal(t, http.StatusBadRequest, post("replay", url.Values{"sequence": {"1", "x"}}).StatusCode)
		require.Equal(t, http.StatusBadRequest, post("replay", url.Values{"sequence": make([]string, 200)}).StatusCode)
	})
}
