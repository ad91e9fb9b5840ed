package contracttest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/api/contract/contracttest"
)

// failures keeps what a test is failed for.
type failures struct {
	testing.TB

	mu   sync.Mutex
	text []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, fmt.Sprintf(format, args...))
}

// TestWatchFindsWhatIsNotDocumented has an API that replies what openapi.yaml does not have.
func TestWatchFindsWhatIsNotDocumented(t *testing.T) {
	t.Parallel()
	const (
		object  = "application/json"
		pending = `{"shipmentId":"a","status":"Pending"}`
	)
	for name, test := range map[string]struct {
		request, contentType, body string
		header                     [2]string
		status                     int
		replyType, reply           string
		want                       string // empty: nothing is wrong
	}{
		"documented":            {request: "GET /shipments/a", status: 200, replyType: object, reply: pending},
		"a route":               {request: "GET /more/of/it", status: 200, replyType: object, reply: `{}`, want: "the route is not in openapi.yaml"},
		"no route":              {request: "GET /more/of/it", status: 404, replyType: object, reply: `{}`},
		"a status":              {request: "GET /shipments/a", status: 418, replyType: object, reply: `{}`, want: "no reply 418 of GET /shipments/{shipmentId}"},
		"a header":              {request: "GET /shipments/a", header: [2]string{"X-More", "1"}, status: 200, replyType: object, reply: pending, want: "no header X-More"},
		"a content type":        {request: "GET /shipments/a", status: 200, replyType: "text/plain", reply: pending, want: "no content type text/plain"},
		"no JSON":               {request: "GET /shipments/a", status: 200, replyType: object, reply: `{`, want: "not JSON"},
		"a member":              {request: "GET /shipments/a", status: 200, replyType: object, reply: `{"shipmentId":"a","status":"Pending","more":1}`, want: "no member /more"},
		"a member of a member":  {request: "GET /shipments", status: 200, replyType: object, reply: `{"shipments":[{"shipmentId":"a","status":"Pending","openedAt":"2026-11-27T08:00:00Z","changedAt":"2026-11-27T08:00:00Z","more":1}],"total":{"count":1,"exact":true}}`, want: "no member /shipments/*/more"},
		"a missing member":      {request: "GET /shipments/a", status: 200, replyType: object, reply: `{"shipmentId":"a"}`, want: "missing property 'status'"},
		"a value":               {request: "GET /shipments/a", status: 200, replyType: object, reply: `{"shipmentId":"a","status":"Lost"}`, want: "/status"},
		"a code":                {request: "GET /shipments/a", status: 200, replyType: object, reply: `{"shipmentId":"a","status":"Rejected","reasons":[{"code":"invented","message":"m"}]}`, want: "/reasons/0/code"},
		"a body without one":    {request: "GET /shipments", header: [2]string{"ETag", "x"}, status: 304, replyType: object, reply: `{}`, want: "has a body"},
		"a parameter":           {request: "GET /shipments?more=1", status: 200, replyType: object, reply: `{"shipments":[],"total":{"count":0,"exact":true}}`, want: "no parameter more"},
		"a parameter's value":   {request: "GET /shipments?limit=501", status: 200, replyType: object, reply: `{"shipments":[],"total":{"count":0,"exact":true}}`, want: "parameter limit=501"},
		"a refused parameter":   {request: "GET /shipments?more=1", status: 400, replyType: "application/problem+json", reply: `{"type":"about:blank","title":"t","status":400}`},
		"a body":                {request: "POST /shipments/a/cancellation", contentType: object, body: `{"reason":"r","more":1}`, status: 202, replyType: object, reply: `{"shipmentId":"a","eventId":"e"}`, want: "'more'"},
		"no body":               {request: "POST /shipments/a/cancellation", status: 202, replyType: object, reply: `{"shipmentId":"a","eventId":"e"}`, want: "demands a body"},
		"a body's content type": {request: "POST /shipments/a/cancellation", contentType: "text/plain", body: `{}`, status: 202, replyType: object, reply: `{"shipmentId":"a","eventId":"e"}`, want: "no content type text/plain of the body"},
		"a streamed event":      {request: "GET /shipments/a/events", status: 200, replyType: "text/event-stream", reply: "event: story\ndata: {\"more\":1}\n\n", want: "missing properties"},
		"another event":         {request: "GET /shipments/a/events", status: 200, replyType: "text/event-stream", reply: "event: news\ndata: {}\n\n", want: `no event "news"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := &failures{TB: t}
			handler := contracttest.Watch(found, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				buffer := make([]byte, 1<<10)
				for _, err := r.Body.Read(buffer); err == nil; _, err = r.Body.Read(buffer) { //nolint:revive // it reads to the end
				}
				if test.header[0] != "" {
					w.Header().Set(test.header[0], test.header[1])
				}
				w.Header().Set("Content-Type", test.replyType)
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.reply))
			}))
			method, path, _ := strings.Cut(test.request, " ")
			request := httptest.NewRequest(method, path, strings.NewReader(test.body))
			request.Header.Set("Content-Type", test.contentType)
			handler.ServeHTTP(httptest.NewRecorder(), request)
			if test.want == "" {
				require.Empty(t, found.text)
				return
			}
			require.Contains(t, strings.Join(found.text, "\n"), test.want)
		})
	}
}

func TestUnseenNamesWhatNoTestHasSeen(t *testing.T) {
	t.Parallel()
	require.Contains(t, contracttest.Unseen(), "GET /openapi.json → 304", "no test here asks for it")
	require.Contains(t, contracttest.Unseen(), "GET /rejections query reason")
}

func TestMessageFindsWhatIsNotDocumented(t *testing.T) {
	t.Parallel()
	own := map[string][]string{"Content-Type": {"application/cloudevents+json"}, "Nats-Msg-Id": {"0f8fad5b-d9cb-469f-a165-70867728950e"}}
	const voided = `{"specversion":"1.0","id":"0f8fad5b-d9cb-469f-a165-70867728950e","source":"/shipments/process","type":"shipments.cancelled","subject":"a",` +
		`"time":"2026-11-27T08:00:00Z","datacontenttype":"application/json","dataschema":"http://a/b","correlationid":"1","causationid":"1","sequence":"00000002",` +
		`"data":{"shipmentId":"a","status":"Cancelled","cancellation":{"reason":"r"}}}`
	replaced := func(old, now string) string {
		require.Contains(t, voided, old)
		return strings.Replace(voided, old, now, 1)
	}
	for name, test := range map[string]struct {
		subject string
		header  map[string][]string
		data    string
		want    string
	}{
		"documented":              {"shipments.cancelled.a", own, voided, ""},
		"another subject":         {"shipments.lost.a", own, voided, "no channel for the subject shipments.lost.a"},
		"an id too few":           {"shipments.cancelled", own, voided, "no channel"},
		"a header":                {"shipments.cancelled.a", map[string][]string{"Content-Type": own["Content-Type"], "Nats-Msg-Id": own["Nats-Msg-Id"], "X-More": {"1"}}, voided, "no member /X-More"},
		"a missing header":        {"shipments.cancelled.a", map[string][]string{"Content-Type": own["Content-Type"]}, voided, "Nats-Msg-Id"},
		"an attribute":            {"shipments.cancelled.a", own, replaced(`"subject"`, `"more":"1","subject"`), "no member /more"},
		"a missing attribute":     {"shipments.cancelled.a", own, replaced(`"sequence":"00000002",`, ``), "sequence"},
		"a member of the data":    {"shipments.cancelled.a", own, replaced(`"reason":"r"`, `"reason":"r","more":1`), "no member /data/cancellation/more"},
		"another type":            {"shipments.cancelled.a", own, replaced("shipments.cancelled", "shipments.failed"), "/type"},
		"no JSON":                 {"shipments.cancelled.a", own, "x", "payload"},
		"in binary mode":          {"shipments.cancelled.a", map[string][]string{"ce-id": {"1"}}, voided, "content mode"},
		"an input's own header":   {"shipments.cancellation-requested", map[string][]string{"X-Mine": {"1"}}, `{"specversion":"1.0","id":"1","source":"/a","type":"shipments.cancellation-requested","mine":1,"data":{"shipmentId":"a","reason":" r\t"}}`, ""},
		"an input in binary mode": {"shipments.cancellation-requested.a", map[string][]string{"Ce-Id": {"1"}, "CE-Source": {"/a"}, "ce-type": {"shipments.cancellation-requested"}, "ce-specversion": {"1.0"}}, `{"shipmentId":"a","reason":"r"}`, ""},
		"an input that is wrong":  {"shipments.cancellation-requested", nil, `{"specversion":"1.0","id":"1","source":"/a","type":"shipments.cancellation-requested","data":{"shipmentId":"a"}}`, "reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := contracttest.Message(test.subject, test.header, []byte(test.data))
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}
