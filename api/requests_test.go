package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/api/auth"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

func TestAPIPublishesRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	for name, test := range map[string]struct {
		path, body, eventType string
		want                  events.Request
	}{
		"cancellation": {"cancellation", `{"reason":"no longer wanted"}`, events.TypeCancellationRequested, events.Request{Reason: "no longer wanted"}},
		"rebooking":    {"rebooking", `{"collectionDate":"2030-01-16"}`, events.TypeRebookingRequested, events.Request{CollectionDate: "2030-01-16"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.do(t, http.MethodPost, "/shipments/1a/"+test.path, "application/json", test.body)
			require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
			require.Equal(t, "/shipments/1a", got.Header.Get("Location"))
			stored := b.Messages(t, events.StreamShipments, test.eventType+".1a")
			require.Len(t, stored, 1)
			ev, reasons := events.Decode(stored[0].Header, stored[0].Data)
			require.Empty(t, reasons)
			request, reasons := events.ParseRequest(ev, stored[0].Subject)
			require.Empty(t, reasons)
			test.want.ShipmentID, test.want.Type, test.want.Source, test.want.ID = "1a", test.eventType, "/shipments/api", ev.ID()
			require.Equal(t, test.want, request)
			require.Contains(t, got.body, ev.ID())
		})
	}
	b.accepted(t, "1e")
	b.cancelled(t, "1e")
	for name, test := range map[string]struct {
		path, contentType, body string
		status                  int
	}{
		"unknown shipment":   {"/shipments/1x/cancellation", "application/json", `{"reason":"r"}`, 404},
		"ended shipment":     {"/shipments/1e/cancellation", "application/json", `{"reason":"r"}`, 409},
		"id not valid":       {"/shipments/a.b/cancellation", "application/json", `{"reason":"r"}`, 400},
		"another id":         {"/shipments/1a/cancellation", "application/json", `{"reason":"r","shipmentId":"1b"}`, 422},
		"no reason":          {"/shipments/1a/cancellation", "application/json", `{}`, 422},
		"no date":            {"/shipments/1a/rebooking", "application/json", `{"collectionDate":"tomorrow"}`, 422},
		"no JSON":            {"/shipments/1a/rebooking", "application/json", `x`, 400},
		"no object":          {"/shipments/1a/rebooking", "application/json", `null`, 400},
		"another media type": {"/shipments/1a/rebooking", "text/plain", `{}`, 415},
		"reason of spaces":   {"/shipments/1a/cancellation", "application/json", "{\"reason\":\" \u200b \"}", 422},
		"another charset":    {"/shipments/1a/cancellation", "application/json; charset=utf-16", `{"reason":"r"}`, 415},
		"not UTF-8":          {"/shipments/1a/cancellation", "application/json", "{\"reason\":\"caf\xe9\"}", 400},
		"too large":          {"/shipments/1a/rebooking", "application/json", strings.Repeat(" ", 16<<10+1), 413},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.status, b.do(t, http.MethodPost, test.path, test.contentType, test.body).StatusCode)
		})
	}
	t.Run("text is normalised first", func(t *testing.T) {
		got := b.do(t, http.MethodPost, "/shipments/1a/cancellation", "application/json", `{"reason":"`+strings.Repeat("x", 200)+` "}`)
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
	})
	t.Run("compressed", func(t *testing.T) {
		for _, request := range []string{"cancellation", "rebooking"} {
			got := b.do(t, http.MethodPost, "/shipments/1a/"+request, "application/json", `{"reason":"r"}`, "Content-Encoding", "gzip")
			require.Equal(t, http.StatusUnsupportedMediaType, got.StatusCode)
			require.Equal(t, "identity", got.Header.Get("Accept-Encoding"))
		}
	})
	t.Run("for a page of another origin", func(t *testing.T) {
		got := b.do(t, http.MethodPost, "/shipments/1a/cancellation", "application/json", `{"reason":"r"}`, "Sec-Fetch-Site", "cross-site")
		require.Equal(t, http.StatusForbidden, got.StatusCode)
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/shipments/1a", "", "", "Sec-Fetch-Site", "cross-site").StatusCode)
	})
}

func (b *bundle) rejections(t *testing.T, path string) (found []streams.StoredRejection, next string) {
	t.Helper()
	got := b.do(t, http.MethodGet, path, "", "")
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	var reply struct {
		Rejections []streams.StoredRejection `json:"rejections"`
		Next       string                    `json:"next"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &reply))
	return reply.Rejections, reply.Next
}

func TestAPIRejections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	found, _ := b.rejections(t, "/rejections")
	require.Empty(t, found)
	publisher := streams.NewPublisher(b.JS, "http://api.test")
	reject := func(id, code string, input uint64) {
		require.NoError(t, publisher.Reject(t.Context(), events.Rejection{
			ShipmentID: id, Reasons: []shipment.Reason{{Code: code, Message: "m"}},
			Input: events.Input{Stream: events.StreamShipments, StreamSequence: input, Subject: "shipments.created", Data: []byte("bytes")},
		}))
	}
	const rejections = 130
	for i := range rejections {
		id, code := "a", events.CodeConflict
		if i%10 == 0 {
			id, code = "", events.CodeInvalidJSON
		}
		reject(id, code, uint64(i+1))
	}
	for name, test := range map[string]struct {
		path string
		want int
	}{
		"all":        {"/rejections?limit=7", rejections},
		"by reason":  {"/rejections?reason=" + events.CodeInvalidJSON + "&limit=4", 13},
		"of one":     {"/rejections?shipment=a", 117},
		"of unknown": {"/rejections?shipment=unknown", 13},
		"of another": {"/rejections?shipment=b", 0},
		"since":      {"/rejections?since=1h", rejections},
		"until now":  {"/rejections?since=2100-01-01", 0},
		"before":     {"/rejections?before=11", 10},
	} {
		t.Run(name, func(t *testing.T) {
			last, count := uint64(1<<32), 0
			for path := test.path; path != ""; {
				var page []streams.StoredRejection
				page, path = b.rejections(t, path)
				for _, r := range page {
					require.Less(t, r.Sequence, last, "newest first")
					last = r.Sequence
					count++
				}
			}
			require.Equal(t, test.want, count)
		})
	}
	for _, wrong := range []string{"limit=0", "limit=101", "shipment=a.b", "since=x", "before=x", "raeson=x"} {
		require.Equal(t, http.StatusBadRequest, b.do(t, http.MethodGet, "/rejections?"+wrong, "", "").StatusCode, wrong)
	}
	t.Run("replay by somebody", func(t *testing.T) {
		file, made := tokens(t, map[string][]auth.Scope{"ada": {auth.ScopeOperate}})
		loaded, err := auth.LoadTokens(file)
		require.NoError(t, err)
		var log bytes.Buffer
		handler := api.New(api.Config{
			JetStream: b.JS, Publisher: publisher, Access: auth.Config{Authenticator: loaded}, Log: zerolog.New(&log),
			Readiness: func() api.Readiness { return api.Readiness{} },
		})
		request := httptest.NewRequest(http.MethodPost, "/rejections/2/replay", http.NoBody)
		request.Header.Set("Authorization", "Bearer "+made["ada"])
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, request)
		require.Equal(t, http.StatusAccepted, reply.Code, reply.Body)
		require.Contains(t, log.String(), `"principal":"ada","route":"POST /rejections/{sequence}/replay","path":"/rejections/2/replay"`)
		second, err := streams.ReadRejection(t.Context(), b.JS, 2)
		require.NoError(t, err)
		standings, err := streams.Standings(t.Context(), b.JS, []streams.StoredRejection{second})
		require.NoError(t, err)
		require.Equal(t, "ada", standings[0].ReplayedBy)
	})
	t.Run("replay", func(t *testing.T) {
		got := b.do(t, http.MethodPost, "/rejections/1/replay", "", "")
		require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
		stored := b.Messages(t, events.StreamShipments, "shipments.created")
		require.Len(t, stored, 2)
		require.Equal(t, "bytes", string(stored[0].Data))
		require.Equal(t, http.StatusNotFound, b.do(t, http.MethodPost, "/rejections/999/replay", "", "").StatusCode)
		require.Equal(t, http.StatusNotFound, b.do(t, http.MethodPost, "/rejections/0/replay", "", "").StatusCode)
		require.Equal(t, http.StatusBadRequest, b.do(t, http.MethodPost, "/rejections/x/replay", "", "").StatusCode)
		require.NoError(t, publisher.Reject(t.Context(), events.Rejection{
			ShipmentID: "a", Reasons: []shipment.Reason{{Code: events.CodeConflict, Message: "m"}},
			Input: events.Input{Stream: "signal:x", Subject: "shipments.created", Data: []byte("x"), StoredAt: time.Unix(0, 0)},
		}))
		require.Equal(t, http.StatusConflict, b.do(t, http.MethodPost, "/rejections/131/replay", "", "").StatusCode)
	})
}
