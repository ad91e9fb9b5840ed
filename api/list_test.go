package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/api/index"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

// setupIndexed is setup with a view that is run and ready.
func setupIndexed(t *testing.T, change ...func(*api.Config)) *bundle {
	t.Helper()
	return setup(t, append([]func(*api.Config){func(c *api.Config) { runIndex(t, c) }}, change...)...)
}

// runIndex runs a view until the test ends, and waits until it is ready.
func runIndex(t testing.TB, c *api.Config) {
	t.Helper()
	c.Index = index.New(index.Config{JetStream: c.JetStream, Log: zerolog.Nop()})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Index.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	<-c.Index.Ready()
}

type list struct {
	Shipments []index.Shipment `json:"shipments"`
	Total     struct {
		Count int  `json:"count"`
		Exact bool `json:"exact"`
	} `json:"total"`
	Next string `json:"next"`
}

func (b *bundle) list(t *testing.T, path string) list {
	t.Helper()
	got := b.do(t, http.MethodGet, path, "", "")
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	var l list
	require.NoError(t, json.Unmarshal([]byte(got.body), &l))
	return l
}

func TestAPIListsShipments(t *testing.T) {
	t.Parallel()
	b := setupIndexed(t)
	for _, id := range []string{"1a", "2b", "c3"} {
		require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/"+id, "", "").StatusCode)
	}
	require.Eventually(t, func() bool { return b.list(t, "/shipments").Total.Count == 3 }, 10*time.Second, 10*time.Millisecond)
	t.Run("page by page", func(t *testing.T) {
		var seen []string
		for path := "/shipments?limit=2&status=Pending,Failure"; path != ""; {
			l := b.list(t, path)
			require.Equal(t, 3, l.Total.Count)
			require.True(t, l.Total.Exact)
			for _, s := range l.Shipments {
				require.Equal(t, shipment.Pending, s.Status)
				seen = append(seen, s.ShipmentID)
			}
			path = l.Next
		}
		require.Equal(t, []string{"c3", "2b", "1a"}, seen)
	})
	t.Run("filters", func(t *testing.T) {
		require.Len(t, b.list(t, "/shipments?q=2B").Shipments, 1)
		require.Len(t, b.list(t, "/shipments?since=1h&until=&olderThan=&category=").Shipments, 3, "an empty value selects all")
		require.Empty(t, b.list(t, "/shipments?until=2020-01-01").Shipments)
		require.Empty(t, b.list(t, "/shipments?olderThan=1h").Shipments)
		require.Len(t, b.list(t, "/shipments?since=0001-01-01&until=9999-12-31").Shipments, 3, "an open end")
		require.Empty(t, b.list(t, "/shipments?since=9999-12-31").Shipments)
		require.Empty(t, b.list(t, "/shipments?until=0001-01-01").Shipments)
		require.Len(t, b.list(t, "/shipments?stage=validation&status=Pending&status=Success").Shipments, 3)
	})
	t.Run("a tag saves the rest", func(t *testing.T) {
		first := b.do(t, http.MethodGet, "/shipments", "", "")
		tag := first.Header.Get("ETag")
		require.NotEmpty(t, tag)
		require.Equal(t, http.StatusNotModified, b.do(t, http.MethodGet, "/shipments", "", "", "If-None-Match", `"x", W/`+tag).StatusCode)
		require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/d4", "", "").StatusCode)
		require.Eventually(t, func() bool {
			return b.do(t, http.MethodGet, "/shipments", "", "", "If-None-Match", tag).StatusCode == http.StatusOK
		}, 10*time.Second, 10*time.Millisecond)
	})
	for name, test := range map[string]struct{ path, detail string }{
		"unknown parameter":  {"/shipments?stauts=Pending", `"stauts" is no parameter`},
		"unknown status":     {"/shipments?status=Done", "status: use Pending"},
		"unknown category":   {"/shipments?category=x", "category: use domestic"},
		"unknown stage":      {"/shipments?stage=x", "stage: use validation"},
		"no time":            {"/shipments?since=yesterday", "since: use a time"},
		"no duration":        {"/shipments?olderThan=1", "olderThan: use a duration"},
		"limit too large":    {"/shipments?limit=501", "limit: use a number from 1 to 500"},
		"cursor of no page":  {"/shipments?cursor=x", "cursor: no page"},
		"parameter repeated": {"/shipments?q=1&q=2", "q: given more than once"},
		"no time between":    {"/shipments?since=2026-01-02&until=2026-01-01", "until: it is not after since"},
		"not a query":        {"/shipments?limit=1;status=Failure", "the query cannot be read"},
		"two wrong ones":     {"/shipments?limit=0&stage=x", "limit: use a number from 1 to 500\nstage:"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.do(t, http.MethodGet, test.path, "", "")
			require.Equal(t, http.StatusBadRequest, got.StatusCode)
			require.Contains(t, got.problem.Detail, test.detail)
		})
	}
}

func TestAPIListsLeadToTheNextPageByThePublicURL(t *testing.T) {
	t.Parallel()
	b := setupIndexed(t, func(c *api.Config) { c.PublicURL = "https://ships.example.com/pre/fix/" })
	for _, id := range []string{"1a", "2b"} {
		require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/"+id, "", "").StatusCode)
		require.NoError(t, streams.NewPublisher(b.JS, "http://api.test").Reject(t.Context(), events.Rejection{
			ShipmentID: id, Reasons: []shipment.Reason{{Code: events.CodeConflict, Message: "m"}},
			Input: events.Input{Stream: events.StreamShipments, StreamSequence: 1, Subject: "shipments.created." + id, Data: []byte("x")},
		}))
	}
	require.Eventually(t, func() bool { return b.list(t, "/shipments").Total.Count == 2 }, 10*time.Second, 10*time.Millisecond)
	got := b.do(t, http.MethodGet, "/shipments?limit=1", "", "")
	require.Contains(t, got.body, `"next":"/pre/fix/shipments?cursor=`)
	require.True(t, strings.HasPrefix(got.Header.Get("Link"), "</pre/fix/shipments?cursor="))
	_, next := b.rejections(t, "/rejections?limit=1")
	require.True(t, strings.HasPrefix(next, "/pre/fix/rejections?before="), next)
}

func TestAPIListsNothingBeforeTheViewIsReady(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, http.MethodGet, "/shipments", "", "")
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.NotEmpty(t, got.Header.Get("Retry-After"))
}
