package index_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/api/index"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment"
	"shipments/shipment/sample"
)

func TestListFilters(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := newStories(s.JS)
	p.created(t, "waiting", func(data *shipment.Shipment) { data.Reference = "Order-7" })
	sequence := p.created(t, "invalid")
	p.rejected(t, "invalid", shipment.CodeUnknownCarrier, sequence)
	for _, id := range []string{"1-failed", "1-done", "1-under-way", "1-stopped"} {
		p.created(t, id)
		p.accepted(t, id)
	}
	p.failed(t, "1-failed", "No service")
	p.manifested(t, "1-under-way")
	p.manifested(t, "1-done")
	p.completed(t, "1-done")
	p.cancelled(t, "1-stopped")
	x := run(t, s.JS, 0)
	middle, known := x.Find("1-failed")
	require.True(t, known)

	first, second := sample.Carriers()[0].ID, sample.Carriers()[1].ID
	newest := []string{"1-stopped", "1-under-way", "1-done", "1-failed", "invalid", "waiting"}
	for name, test := range map[string]struct {
		query index.Query
		want  []string
	}{
		"all":                         {index.Query{}, newest},
		"pending":                     {index.Query{Statuses: []shipment.Status{shipment.Pending}}, []string{"1-under-way", "waiting"}},
		"two statuses":                {index.Query{Statuses: []shipment.Status{shipment.Failed, shipment.Rejected}}, []string{"1-failed", "invalid"}},
		"category":                    {index.Query{Category: shipment.Domestic}, newest[:4]},
		"category of none":            {index.Query{Category: shipment.International}, nil},
		"unknown category":            {index.Query{Category: "other"}, nil},
		"carrier":                     {index.Query{Carrier: second}, []string{"invalid", "waiting"}},
		"carrier of all":              {index.Query{Carrier: first}, newest},
		"carrier of none":             {index.Query{Carrier: "other"}, nil},
		"stage":                       {index.Query{Stage: shipment.StageDocuments}, []string{"1-under-way"}},
		"stage of a failure":          {index.Query{Stage: shipment.StageManifestation}, []string{"1-failed"}},
		"reason of a rejection":       {index.Query{Reason: shipment.CodeUnknownCarrier}, []string{"invalid"}},
		"reason of a failure":         {index.Query{Reason: "No service"}, []string{"1-failed"}},
		"since":                       {index.Query{Since: middle.OpenedAt}, newest[:4]},
		"until":                       {index.Query{Until: middle.OpenedAt}, newest[4:]},
		"older than an hour":          {index.Query{OlderThan: time.Hour}, nil},
		"older than a nanosecond":     {index.Query{OlderThan: 1}, []string{"1-under-way", "waiting"}},
		"id":                          {index.Query{Text: "1-done"}, []string{"1-done"}},
		"beginning of an id":          {index.Query{Text: "1-"}, newest[:4]},
		"reference in lower case":     {index.Query{Text: "order"}, []string{"waiting"}},
		"second tracking number":      {index.Query{Text: "T2-1-d"}, []string{"1-done"}},
		"middle of a tracking number": {index.Query{Text: "2-1-done"}, nil},
		"two filters":                 {index.Query{Category: shipment.Domestic, Statuses: []shipment.Status{shipment.Success}}, []string{"1-done"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, ids(t, x, test.query))
			test.query.Limit = 1
			require.Equal(t, test.want, ids(t, x, test.query), "page by page")
		})
	}
	t.Run("a shipment", func(t *testing.T) {
		got, known := x.Find("1-done")
		require.True(t, known)
		require.Equal(t, []string{"T1-1-done", "T2-1-done"}, got.TrackingNumbers)
		require.Equal(t, []string{first}, got.CarrierIDs)
		require.True(t, got.ChangedAt.After(got.OpenedAt))
	})
	t.Run("overview", func(t *testing.T) {
		o := x.Overview()
		require.Equal(t, map[shipment.Status]int{
			shipment.Pending: 2, shipment.Success: 1, shipment.Failed: 1, shipment.Cancelled: 1, shipment.Rejected: 1,
		}, o.Counts)
		require.Equal(t, 6, o.Shipments)
		require.Equal(t, "waiting", o.Oldest[0].ShipmentID)
		require.Nil(t, o.CompleteSince)
		require.True(t, o.Ready)
	})
	for _, cursor := range []string{"x", "!", "AAAA", "MS4uLg"} {
		_, err := x.List(index.Query{Cursor: cursor})
		require.ErrorIs(t, err, index.ErrCursor, cursor)
	}
}

func TestFollowing(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := newStories(s.JS)
	x := run(t, s.JS, 0)
	one, all := x.Follow("a"), x.Follow("")
	defer all.Close()
	next := func(f *index.Following) index.Event {
		select {
		case <-f.Wake():
		case <-time.After(10 * time.Second):
			t.Fatal("nothing came")
		}
		latest, _ := f.News()
		return latest
	}
	// The order of events of two streams is open: each waits for the one before.
	p.created(t, "a")
	require.Equal(t, events.TypeCreated, next(one).Type)
	p.created(t, "b")
	require.Eventually(t, func() bool { return next(all).ShipmentID == "b" }, 10*time.Second, time.Millisecond)
	p.accepted(t, "a")
	require.Equal(t, events.TypeAccepted, next(one).Type)
	require.Equal(t, "a", next(all).ShipmentID)
	one.Close()
	p.manifested(t, "a")
	require.Eventually(t, func() bool { return next(all).Type == events.TypeManifested }, 10*time.Second, time.Millisecond)
	_, count := one.News()
	require.Zero(t, count, "it is closed")
}
