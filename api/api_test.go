package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/api"
	"shipments/api/contract/contracttest"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

const id = "15916b8a5d11456f9934ed91c2bd82c0"

type bundle struct {
	*eventstest.Server

	url string
}

func setup(t *testing.T, change ...func(*api.Config)) *bundle {
	t.Helper()
	s, config := configure(t)
	for _, c := range change {
		c(&config)
	}
	server := httptest.NewServer(contracttest.Watch(t, api.New(config)))
	t.Cleanup(server.Close)
	return &bundle{Server: s, url: server.URL}
}

// configure makes an API's configuration on a server of its own.
func configure(t testing.TB) (*eventstest.Server, api.Config) {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	require.NoError(t, documents.Provision(t.Context(), s.JS, 1))
	return s, api.Config{
		JetStream: s.JS,
		Publisher: streams.NewPublisher(s.JS, "http://api.test"),
		Documents: documents.NewStore(s.JS),
		Rules:     shipment.Rules{Emulation: true, Carriers: sample.Carriers()},
		Readiness: func() api.Readiness { return api.Readiness{Ready: true} },
		Log:       zerolog.Nop(),
	}
}

type answer struct {
	*http.Response

	body    string
	problem api.Problem
}

func (b *bundle) do(t *testing.T, method, path, contentType, body string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	a := answer{Response: response, body: string(text)}
	if response.StatusCode >= 400 {
		require.Equal(t, "application/problem+json", response.Header.Get("Content-Type"), a.body)
		require.NoError(t, json.Unmarshal(text, &a.problem))
		require.Equal(t, response.StatusCode, a.problem.Status)
		require.NotEmpty(t, a.problem.Detail)
	}
	return a
}

func TestAPIPublishesASampleAndFindsItAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/"+id, "", "").StatusCode)

	posted := b.do(t, http.MethodPost, "/"+id, "", "")
	require.Equal(t, http.StatusAccepted, posted.StatusCode)
	require.Equal(t, "/"+id, posted.Header.Get("Location"))
	require.JSONEq(t, `{"shipmentId":"`+id+`","workflowId":"shipment.`+id+`"}`, posted.body)

	for _, path := range []string{"/" + id, "/shipments/" + id} {
		got := b.do(t, http.MethodGet, path, "", "")
		require.Equal(t, http.StatusOK, got.StatusCode)
		var result shipment.Result
		require.NoError(t, json.Unmarshal([]byte(got.body), &result))
		require.Equal(t, shipment.Pending, result.Status)
		require.Equal(t, shipment.WaitConsumer, result.Progress.WaitsFor)
		require.WithinDuration(t, time.Now(), result.Progress.Since, 30*time.Second)
	}
	stored := b.Messages(t, events.StreamShipments, "shipments.created."+id)
	require.Len(t, stored, 1)
	ev, reasons := events.Decode(stored[0].Header, stored[0].Data)
	require.Empty(t, reasons)
	_, reasons = events.ParseCreated(ev, stored[0].Subject, shipment.Rules{Emulation: true, Carriers: sample.Carriers()})
	require.Empty(t, reasons)
}

func TestAPITakesDataAndCloudEventsInBothModes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	data := func(id string) string {
		text, err := json.Marshal(sample.Shipment(id, now))
		require.NoError(t, err)
		return string(text)
	}
	ev, err := events.NewCreated("e-7", "/team/orders", now, sample.Shipment("c2x", now))
	require.NoError(t, err)
	ev.SetExtension("correlationid", "order-7")
	structured, err := json.Marshal(ev)
	require.NoError(t, err)

	ev.SetID("e-9")
	require.NoError(t, ev.SetData(event.ApplicationJSON, sample.Shipment("c4x", now)))
	asJSON, err := json.Marshal(ev)
	require.NoError(t, err)

	for id, answer := range map[string]answer{
		"c4x": b.do(t, http.MethodPost, "/shipments", "application/json", string(asJSON)),
		"c1x": b.do(t, http.MethodPost, "/shipments", "application/json", data("c1x")),
		"c2x": b.do(t, http.MethodPost, "/shipments", "application/cloudevents+json; charset=utf-8", string(structured)),
		"c3x": b.do(t, http.MethodPost, "/shipments", "application/json", data("c3x"),
			"Ce-Specversion", "1.0", "Ce-Id", "e-8", "Ce-Source", "/team/orders", "Ce-Type", "shipments.created"),
	} {
		require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.body)
		require.Equal(t, "/shipments/"+id, answer.Header.Get("Location"))
		require.Len(t, b.Messages(t, events.StreamShipments, "shipments.created."+id), 1)
	}
	var stored event.Event
	require.NoError(t, json.Unmarshal(b.Messages(t, events.StreamShipments, "shipments.created.c2x")[0].Data, &stored))
	require.Equal(t, "e-7", stored.ID())
	require.Equal(t, "order-7", stored.Extensions()["correlationid"])
	require.NoError(t, json.Unmarshal(b.Messages(t, events.StreamShipments, "shipments.created.c4x")[0].Data, &stored))
	require.Equal(t, "e-9", stored.ID())
}

func TestAPITakesEventsInEveryForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, form := range eventstest.Forms(t) {
		t.Run(form.Name, func(t *testing.T) {
			t.Parallel()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/shipments", bytes.NewReader(form.Body))
			require.NoError(t, err)
			request.Header = form.Header
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			if form.Code == "" {
				require.Equal(t, http.StatusAccepted, response.StatusCode)
				stored := b.Messages(t, events.StreamShipments, events.Subject(events.TypeCreated, form.ShipmentID))
				require.Len(t, stored, 1)
				ev, reasons := events.Decode(stored[0].Header, stored[0].Data)
				require.Empty(t, reasons)
				_, reasons = events.ParseCreated(ev, stored[0].Subject, shipment.Rules{Emulation: true, Carriers: sample.Carriers()})
				require.Empty(t, reasons, "the consumer takes it too")
				return
			}
			var p api.Problem
			require.NoError(t, json.NewDecoder(response.Body).Decode(&p))
			require.Equal(t, form.HTTPStatus, response.StatusCode)
			require.Equal(t, form.Code, p.Errors[0].Code)
		})
	}
}

func TestAPIAnswersABadRequestWithAProblem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sample, err := json.Marshal(sample.Shipment("c1x", time.Now()))
	require.NoError(t, err)
	tests := map[string]struct {
		method, path, contentType, body string
		status                          int
		code                            string
	}{
		"id too long":           {"POST", "/" + strings.Repeat("x", 65), "", "", 400, ""},
		"id with a dot":         {"POST", "/a.b", "", "", 400, ""},
		"id escaped":            {"GET", "/a%2Fb", "", "", 400, ""},
		"id with a wildcard":    {"GET", "/shipments/*", "", "", 400, ""},
		"path unknown":          {"GET", "/a/b/c", "", "", 404, ""},
		"schema unknown":        {"GET", "/schemas/x.json", "", "", 404, ""},
		"schema path escape":    {"GET", "/schemas/..%2Fevents.go", "", "", 404, ""},
		"method":                {"DELETE", "/" + id, "", "", 405, ""},
		"path not clean":        {"PUT", "/a//b", "", "", 404, ""},
		"id not UTF-8":          {"GET", "/%ff", "", "", 400, ""},
		"id with a line break":  {"GET", "/abc%0a", "", "", 400, ""},
		"id of another route":   {"POST", "/healthz", "", "", 405, ""},
		"id empty":              {"GET", "/shipments/", "", "", 404, ""},
		"method on shipments":   {"DELETE", "/shipments", "", "", 405, ""},
		"method unknown":        {"BREW", "/" + id, "", "", 405, ""},
		"method on a document":  {"DELETE", "/shipment-documents/abc_labels", "", "", 405, ""},
		"method on health":      {"POST", "/healthz", "", "", 405, ""},
		"another charset":       {"POST", "/shipments", "application/json; charset=latin1", "{}", 415, events.CodeUnsupportedContentType},
		"byte order mark":       {"POST", "/shipments", "application/json", "\xef\xbb\xbf" + string(sample), 400, events.CodeByteOrderMark},
		"member twice":          {"POST", "/shipments", "application/json", `{"a":1,"a":1}`, 400, events.CodeDuplicateMember},
		"media type missing":    {"POST", "/shipments", "", "{}", 415, ""},
		"media type":            {"POST", "/shipments", "text/plain", "{}", 415, ""},
		"media type malformed":  {"POST", "/shipments", "///", "{}", 415, ""},
		"body empty":            {"POST", "/shipments", "application/json", "", 400, events.CodeMissingData},
		"body no JSON":          {"POST", "/shipments", "application/json", "{", 400, events.CodeInvalidJSON},
		"body trailing":         {"POST", "/shipments", "application/json", string(sample) + "x", 400, events.CodeTrailingData},
		"body too large":        {"POST", "/shipments", "application/json", strings.Repeat(" ", events.MaxMessageBytes+1), 413, ""},
		"no CloudEvent":         {"POST", "/shipments", "application/cloudevents+json", `{"id":"1"}`, 400, events.CodeMissingAttribute},
		"batch":                 {"POST", "/shipments", "application/cloudevents-batch+json", `[]`, 400, events.CodeBatch},
		"CloudEvent as JSON":    {"POST", "/shipments", "application/json", `{"specversion":"0.3"}`, 400, events.CodeUnsupportedSpecVersion},
		"against the schema":    {"POST", "/shipments", "application/json", "{}", 422, events.CodeSchemaViolation},
		"against a domain rule": {"POST", "/shipments", "application/json", strings.Replace(string(sample), "Europe/Berlin", "Europe/Atlantis", 1), 422, shipment.CodeUnknownTimeZone},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, test.method, test.path, test.contentType, test.body)
			require.Equal(t, test.status, got.StatusCode, got.body)
			if test.code != "" {
				require.Equal(t, test.code, got.problem.Errors[0].Code)
			}
			if test.status == http.StatusMethodNotAllowed {
				require.NotEmpty(t, got.Header.Get("Allow"))
			}
		})
	}
	require.Empty(t, b.Messages(t, events.StreamShipments, "shipments.created.>"), "nothing of it was published")
}

func TestAPITakesNoEncodedBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	data, err := json.Marshal(sample.Shipment("c1x", time.Now()))
	require.NoError(t, err)
	for encoding, status := range map[string]int{
		"gzip": http.StatusUnsupportedMediaType, "identity, br": http.StatusUnsupportedMediaType, "deflate": http.StatusUnsupportedMediaType,
		"Identity": http.StatusAccepted, "": http.StatusAccepted,
	} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, http.MethodPost, "/shipments", "application/json", string(data), "Content-Encoding", encoding)
			require.Equal(t, status, got.StatusCode, got.body)
			if status != http.StatusAccepted {
				require.Equal(t, "identity", got.Header.Get("Accept-Encoding"))
				require.Contains(t, got.problem.Detail, encoding)
			}
		})
	}
}

func TestAPILocationHasThePathOfThePublicURL(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(sample.Shipment("c1x", time.Now()))
	require.NoError(t, err)
	for publicURL, path := range map[string]string{
		"": "", "http://api.test": "", "http://api.test/": "", "https://api.test/logistics": "/logistics", "https://api.test/a/b%20c/": "/a/b%20c",
	} {
		t.Run(publicURL, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *api.Config) { c.PublicURL = publicURL })
			require.Equal(t, path+"/"+id, b.do(t, http.MethodPost, "/"+id, "", "").Header.Get("Location"))
			require.Equal(t, path+"/shipments/c1x", b.do(t, http.MethodPost, "/shipments", "application/json", string(data)).Header.Get("Location"))
		})
	}
}

func TestAPIAnswersAConflictAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shipmentOf := func(weight int) string {
		s := sample.Shipment("c1x", time.Now())
		s.Packages[0].WeightGrams = weight
		data, err := json.Marshal(s)
		require.NoError(t, err)
		return string(data)
	}
	post := func(body string) answer { return b.do(t, http.MethodPost, "/shipments", "application/json", body) }
	first := post(shipmentOf(1000))
	require.Equal(t, http.StatusAccepted, first.StatusCode, first.body)
	var reply map[string]string
	require.NoError(t, json.Unmarshal([]byte(first.body), &reply))
	require.NoError(t, uuid.Validate(reply["eventId"]))
	require.Equal(t, "c1x", reply["shipmentId"])
	require.Equal(t, "shipment.c1x", reply["workflowId"])

	require.Equal(t, http.StatusAccepted, post(shipmentOf(1000)).StatusCode, "the same content")
	other := post(shipmentOf(2000))
	require.Equal(t, http.StatusConflict, other.StatusCode)
	require.Equal(t, events.CodeConflict, other.problem.Errors[0].Code)
	require.Contains(t, other.problem.Errors[0].Message, reply["eventId"])
	require.Len(t, b.Messages(t, events.StreamShipments, ">"), 2, "the conflicting one is not published")

	ev, err := events.NewCreated("e-7", "/team/orders", time.Now(), sample.Shipment("c2x", time.Now()))
	require.NoError(t, err)
	structured, err := json.Marshal(ev)
	require.NoError(t, err)
	require.Contains(t, b.do(t, http.MethodPost, "/shipments", events.ContentType, string(structured)).body, `"eventId": "e-7"`)
}

func TestAPIPublishesSamplesOnlyWhileEmulating(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Rules.Emulation = false })
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodPost, "/"+id, "", "").StatusCode)
}

func TestAPIWithoutJetStreamAnswersRetryAfter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Shutdown()
	b.WaitForShutdown()
	sample, err := json.Marshal(sample.Shipment(id, time.Now()))
	require.NoError(t, err)
	for _, route := range []string{"GET /" + id, "GET /shipments/" + id, "GET /shipment-documents/" + id + "_labels", "POST /" + id, "POST /shipments"} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(route, " ")
			got := b.do(t, method, path, "application/json", string(sample))
			require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
			require.NotEmpty(t, got.Header.Get("Retry-After"))
		})
	}
}

func TestAPIReadinessHasNoDetails(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) {
		c.Readiness = func() api.Readiness { return api.Readiness{Why: "Temporal does not answer"} }
	})
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/healthz", "", "").StatusCode)
	got := b.do(t, http.MethodGet, "/readyz", "", "")
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.NotContains(t, got.body, "Temporal")
	require.Equal(t, http.StatusOK, setup(t).do(t, http.MethodGet, "/readyz", "", "").StatusCode)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/debug/pprof/", "", "").StatusCode)
}

func TestAPIServesDocumentsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	store := documents.NewStore(b.JS)
	content := []byte("%PDF-1.4 " + strings.Repeat("x", 200_000))
	require.NoError(t, store.Put(t.Context(), "abc_labels", content))

	got := b.do(t, http.MethodGet, "/shipment-documents/abc_labels", "", "")
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, string(content), got.body)
	require.Equal(t, "application/pdf", got.Header.Get("Content-Type"))
	require.Equal(t, `inline; filename="abc_labels.pdf"`, got.Header.Get("Content-Disposition"))
	etag := got.Header.Get("ETag")
	require.NotEmpty(t, etag)

	require.Equal(t, http.StatusNotModified, b.do(t, http.MethodGet, "/shipment-documents/abc_labels", "", "", "If-None-Match", etag).StatusCode)
	part := b.do(t, http.MethodGet, "/shipment-documents/abc_labels", "", "", "Range", "bytes=0-3")
	require.Equal(t, http.StatusPartialContent, part.StatusCode)
	require.Equal(t, "%PDF", part.body)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodHead, "/shipment-documents/abc_labels", "", "").StatusCode)

	for name, status := range map[string]int{"Range": http.StatusRequestedRangeNotSatisfiable, "If-Match": http.StatusPreconditionFailed} {
		refused := b.do(t, http.MethodGet, "/shipment-documents/abc_labels", "", "", name, "bytes=999999-")
		require.Equal(t, status, refused.StatusCode)
		require.Empty(t, refused.Header.Get("Content-Disposition"))
	}

	for _, name := range []string{"abc_receipt", "x", "a%2Fb_labels", strings.Repeat("x", 200)} {
		require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/shipment-documents/"+name, "", "").StatusCode, name)
	}

	bucket, err := b.JS.ObjectStore(t.Context(), documents.Bucket)
	require.NoError(t, err)
	info, err := bucket.GetInfo(t.Context(), "abc_labels")
	require.NoError(t, err)
	stream, err := b.JS.Stream(t.Context(), "OBJ_"+documents.Bucket)
	require.NoError(t, err)
	chunk, err := stream.GetLastMsgForSubject(t.Context(), "$O."+documents.Bucket+".C."+info.NUID)
	require.NoError(t, err)
	require.NoError(t, stream.DeleteMsg(t.Context(), chunk.Sequence))
	require.Equal(t, http.StatusInternalServerError, b.do(t, http.MethodGet, "/shipment-documents/abc_labels", "", "").StatusCode)
}

func TestAPIServesSchemasAtTheirDataschema(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, eventType := range events.Types() {
		got := b.do(t, http.MethodGet, strings.TrimPrefix(events.SchemaURL("http://api.test", eventType), "http://api.test"), "", "")
		require.Equal(t, http.StatusOK, got.StatusCode)
		require.Contains(t, got.body, `"title": "`+eventType+`"`)
	}
	require.Contains(t, b.do(t, http.MethodGet, "/schemas/", "", "").body, "definitions.json")
}
