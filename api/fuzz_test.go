package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/api"
	"shipments/events"
	"shipments/shipment/sample"
)

// FuzzRequests sends requests to the handler on a real JetStream.
func FuzzRequests(f *testing.F) {
	server, config := configure(f)
	require.NoError(f, documents.NewStore(server.JS).Put(f.Context(), "abc_labels", []byte("%PDF-1.4")))
	runIndex(f, &config)
	handler := api.New(config)
	document, err := os.ReadFile(filepath.Join("..", "docs", "events.md"))
	require.NoError(f, err)
	stream, err := server.JS.Stream(f.Context(), events.StreamShipments)
	require.NoError(f, err)

	for _, path := range []string{
		"/", "/" + id, "/shipments", "/shipments?status=Pending&q=x&limit=5", "/shipments?cursor=AAAA&olderThan=1h", "/shipments/" + id + "/events", "/" + id + "?wait=1ms", "/rejections?limit=3&before=9",
		"/shipments/" + id + "/cancellation", "/shipments/" + id + "/rebooking", "/rejections/1/replay", "/shipments/" + id, "/shipments/healthz", "/schemas/", "/schemas/shipments.created.json", "/openapi.json", "/asyncapi.json", "/docs", "/favicon.ico", "/healthz", "/readyz",
		"/shipment-documents/abc_labels", "/shipment-documents/..", "/a%2Fb", "/%ff", "/a.b", "/*", "*", "//a", "/a/../b", "/a//b/c", "/x?y", "http://h/x",
		"/" + strings.Repeat("x", 65), "/schemas/..%2Fevents.go", "/abc%0a", "/%zz", "/unknown",
	} {
		for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "DELETE", "CONNECT"} {
			f.Add(method, path, "", []byte(nil))
		}
	}
	for _, header := range []string{"Range: bytes=9-", "Range: bytes=1-2,3-4", "Range: x", "If-Match: x", "If-None-Match: *", "If-Range: \"x\""} {
		f.Add("GET", "/shipment-documents/abc_labels", header, []byte(nil))
	}
	data, err := json.Marshal(sample.Shipment("c1x", time.Now()))
	require.NoError(f, err)
	structured := []byte(`{"specversion":"1.0","id":"1","source":"/x","type":"shipments.created","data":` + string(data) + `}`)
	const binary = "Content-Type: application/json\r\nCe-Specversion: 1.0\r\nCe-Id: e%201\r\nCe-Source: /x\r\nCe-Type: shipments.created"
	for _, body := range [][]byte{
		data, structured, nil, []byte(" "), []byte("not json"), []byte("[]"), []byte(`""`), data[:len(data)-9], append(data[:len(data):len(data)], "{}"...),
		[]byte("\xef\xbb\xbf{}"), []byte("\xff\xfe{\x00"), []byte(`{"a":1,"a":2}`), []byte(`{"weightGrams":1e999999}`),
		bytes.Repeat([]byte("["), 200), bytes.Repeat([]byte(" "), events.MaxMessageBytes+1),
		[]byte(`{"specversion":"1.0","id":"1","source":"/x","type":"shipments.created","data_base64":"e30="}`),
	} {
		for _, header := range []string{
			"", "Content-Type: application/json", "Content-Type: application/cloudevents+json; charset=utf-8", binary,
			"Content-Type: application/cloudevents-batch+json", "Content-Type: application/cloudevents+avro", "Content-Type: text/plain", "Content-Type: ///",
			"Content-Type: application/json\r\nContent-Type: text/plain", "Content-Type: application/cloudevents+json\r\nCe-Id: 1",
			binary + "\r\nCe-Id: 2", binary + "\r\nCe-Subject: %zz", binary + "\r\nCe-Subject: \xff", binary + "\r\nCe-: x", binary + "\r\nCe-Data: x",
		} {
			f.Add("POST", "/shipments", header, body)
		}
	}

	f.Fuzz(func(t *testing.T, method, target, header string, body []byte) {
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(
			fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", method, target, header))))
		if err != nil {
			t.Skip("net/http refuses it before a handler sees it")
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		before, err := stream.Info(t.Context())
		require.NoError(t, err)

		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request.WithContext(t.Context()))

		require.Less(t, recorder.Code, http.StatusInternalServerError, recorder.Body)
		if recorder.Code >= http.StatusBadRequest {
			require.Equal(t, "application/problem+json", recorder.Header().Get("Content-Type"))
			var problem api.Problem
			require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &problem))
			require.Equal(t, recorder.Code, problem.Status)
			require.NotEmpty(t, problem.Detail)
			for _, r := range problem.Errors {
				require.Contains(t, string(document), "`"+r.Code+"`")
				require.NotEqual(t, events.CodeUndecodable, r.Code)
			}
		}
		after, err := stream.Info(t.Context())
		require.NoError(t, err)
		if recorder.Code != http.StatusAccepted {
			require.Equal(t, before.State.Msgs, after.State.Msgs, "nothing is published")
			return
		}
		var published struct {
			ShipmentID string `json:"shipmentId"`
		}
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &published))
		last, err := stream.GetLastMsgForSubject(t.Context(), events.Subject(events.TypeCreated, published.ShipmentID))
		require.NoError(t, err)
		if after.State.Msgs == before.State.Msgs {
			return // The very same event again: it is there, and was checked then.
		}
		require.Equal(t, before.State.Msgs+1, after.State.Msgs)
		require.Equal(t, after.State.LastSeq, last.Sequence)
		ev, reasons := events.Decode(last.Header, last.Data)
		require.Empty(t, reasons)
		created, reasons := events.ParseCreated(ev, last.Subject, config.Rules)
		require.Empty(t, reasons)
		require.Equal(t, published.ShipmentID, created.Data.ShipmentID)
	})
}
