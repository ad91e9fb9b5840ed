package index_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/api/index"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

func TestIndexIsWhatAFullReadSays(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := newStories(s.JS)
	var want []string
	for n := range 70 {
		want = append(want, p.story(t, n))
	}
	js := connect(t, s.ClientURL())
	x := run(t, js, 0)
	t.Run("after the start", func(t *testing.T) { requireFullRead(t, s.JS, x, want) })
	t.Run("live, with lost connections", func(t *testing.T) {
		for n := range 70 {
			want = append(want, p.story(t, 100+n))
			if n%20 == 10 {
				require.NoError(t, js.Conn().ForceReconnect())
			}
		}
		requireFullRead(t, s.JS, x, want)
	})
	t.Run("in the order of the inputs", func(t *testing.T) {
		got := ids(t, x, index.Query{})
		for i, id := range got {
			require.Equal(t, want[len(want)-1-i], id)
		}
	})
	t.Run("from scratch", func(t *testing.T) {
		require.Equal(t, ids(t, x, index.Query{}), ids(t, run(t, s.JS, 0), index.Query{}))
	})
	t.Run("after a purge", func(t *testing.T) {
		for _, name := range []string{events.StreamShipments, events.StreamEvents} {
			stream, err := s.JS.Stream(t.Context(), name)
			require.NoError(t, err)
			require.NoError(t, stream.Purge(t.Context()))
		}
		before := len(want)
		for n := range 7 {
			want = append(want, p.story(t, 200+n))
		}
		require.Eventually(t, func() bool { return len(ids(t, x, index.Query{})) == len(want) }, 20*time.Second, 20*time.Millisecond)
		requireStatuses(t, x, want[before:])
		// A new view has what is left: the rejections of the purged inputs, and the rest.
		left := run(t, s.JS, 0)
		requireStatuses(t, left, want[before:])
	})
}

// However many shipments are completed, a view that starts has what one has that was
// there all the time.
func TestIndexCatchesUp(t *testing.T) {
	t.Parallel()
	for name, completed := range map[string]int{"most are completed": 60, "few are completed": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := eventstest.StartProvisioned(t)
			p := newStories(s.JS)
			live := run(t, s.JS, 0)
			var all []string
			for n := range completed {
				all = append(all, p.story(t, 7*n+5))
			}
			for n := range 5 {
				all = append(all, p.story(t, 1000+n))
			}
			p.manifested(t, "s-01004")
			p.outcome(t, "s-01004", events.TypeDocumentsGenerated, events.DocumentsGenerated{ShipmentID: "s-01004"})
			_, err := p.publisher.PublishOnce(t.Context(), events.Outcome{
				Lineage: events.Lineage{ShipmentID: "s-01004", RunID: "r", CausationID: "e", CorrelationID: "e"}, Type: events.TypeCollectionDeclined, Sequence: 4,
				Occurrence: 1, Time: time.Now(), Data: events.CollectionDeclined{ShipmentID: "s-01004", CollectionDate: "2030-01-01", Faults: []shipment.Fault{*shipment.NewFault("no van", "1")}},
			})
			require.NoError(t, err)
			requireFullRead(t, s.JS, live, all)
			later := run(t, s.JS, 0)
			require.Zero(t, later.Overview().Behind)
			require.ElementsMatch(t, all, ids(t, later, index.Query{}))
			for _, id := range all {
				require.Eventually(t, func() bool {
					want, known := live.Find(id)
					got, alsoKnown := later.Find(id)
					return known && alsoKnown && reflect.DeepEqual(want, got)
				}, 10*time.Second, 10*time.Millisecond, id)
			}
			declined, _ := later.Find("s-01004")
			require.Equal(t, "no van", declined.Reason)
			require.Equal(t, shipment.StageCollection, declined.Stage)
			all = append(all, p.story(t, 2000))
			requireFullRead(t, s.JS, later, all)
		})
	}
}

// requireStatuses compares seven stories of [stories.story] with what they are.
func requireStatuses(t *testing.T, x *index.Index, seven []string) {
	t.Helper()
	byKind := map[int]shipment.Status{
		0: shipment.Pending, 1: shipment.Rejected, 2: shipment.Failed, 3: shipment.Pending,
		4: shipment.Cancelled, 5: shipment.Success, 6: shipment.Pending,
	}
	for i, id := range seven {
		n := 200 + i
		require.Eventually(t, func() bool {
			seen, known := x.Find(id)
			return known && seen.Status == byKind[n%7]
		}, 10*time.Second, 10*time.Millisecond, id)
	}
}

func TestIndexBeginsAnewWithAStream(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := newStories(s.JS)
	x := run(t, s.JS, 0)
	p.story(t, 5)
	p.story(t, 12)
	requireFullRead(t, s.JS, x, []string{"s-00005", "s-00012"})
	for _, name := range []string{events.StreamShipments, events.StreamEvents} {
		require.NoError(t, s.JS.DeleteStream(t.Context(), name))
	}
	_, err := streams.Provision(t.Context(), s.JS, 1)
	require.NoError(t, err)
	p.story(t, 19)
	require.Eventually(t, func() bool { return len(ids(t, x, index.Query{})) == 1 }, 30*time.Second, 50*time.Millisecond)
	requireFullRead(t, s.JS, x, []string{"s-00019"})
}

func TestIndexIsBounded(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := newStories(s.JS)
	x := run(t, s.JS, 10)
	require.True(t, x.CompleteSince().IsZero(), "all that there is")
	var want []string
	for n := range 25 {
		want = append(want, p.story(t, 7*n+5))
	}
	newest := want[len(want)-10:]
	require.Eventually(t, func() bool {
		seen, known := x.Find(newest[9])
		return known && seen.Status == shipment.Success
	}, 10*time.Second, 10*time.Millisecond)
	tail := run(t, s.JS, 10)
	for name, view := range map[string]*index.Index{"live": x, "from the tail": tail} {
		t.Run(name, func(t *testing.T) {
			require.ElementsMatch(t, newest, ids(t, view, index.Query{}))
			oldest, known := view.Find(newest[0])
			require.True(t, known)
			require.False(t, view.CompleteSince().After(oldest.OpenedAt))
			require.False(t, view.CompleteSince().IsZero())
			page, err := view.List(index.Query{})
			require.NoError(t, err)
			require.False(t, page.Exact)
			page, err = view.List(index.Query{Since: oldest.OpenedAt})
			require.NoError(t, err)
			require.True(t, page.Exact, "complete since then")
		})
	}
}

func TestIndexTellsRepeatsFromNewShipments(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	s.ShortenDuplicateWindow(t, events.StreamShipments)
	p := newStories(s.JS)
	p.story(t, 5)
	for n := range 10 {
		p.created(t, fmt.Sprintf("waiting-%d", n))
	}
	x := run(t, s.JS, 5)
	_, known := x.Find("s-00005")
	require.False(t, known)
	p.created(t, "s-00005", func(data *shipment.Shipment) { data.CollectionDate = "2030-01-01" }) // not the same message
	require.Eventually(t, func() bool {
		_, known := x.Find("s-00005")
		return known
	}, 10*time.Second, time.Millisecond)
	p.created(t, "new")
	require.Eventually(t, func() bool {
		_, known := x.Find("s-00005")
		return !known
	}, 20*time.Second, 50*time.Millisecond, "its ledger entry is older than the view")
	require.Never(t, func() bool {
		_, known := x.Find("new")
		return !known
	}, 3*time.Second, 100*time.Millisecond)
}

// A shipment that was published before the view begins, and accepted after that, is not
// in the view.
func TestIndexBeginsWithInputs(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := newStories(s.JS)
	var published []string
	for n := range 20 {
		published = append(published, fmt.Sprintf("s-%02d", n))
		p.created(t, published[n])
	}
	for _, id := range published { // The consumer was behind.
		p.accepted(t, id)
	}
	x := run(t, s.JS, 5)
	require.ElementsMatch(t, published[15:], ids(t, x, index.Query{}))
	for _, id := range published[15:] {
		seen, _ := x.Find(id)
		require.NotEmpty(t, seen.CarrierIDs)
		require.NotZero(t, seen.InputSequence)
		require.False(t, seen.OpenedAt.Before(x.CompleteSince()))
	}
}

func TestIndexReadsWhatOthersPublish(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	x := run(t, s.JS, 0)
	legs := `"legs":[{"carrierId":"c1"},{"carrierId":"c2"},{"carrierId":"c3"}]`
	for name, test := range map[string]struct{ subject, body, id, reference string }{
		"structured, without an id in the subject": {"shipments.created", `{"specversion":"1.0","data":{"shipmentId":"a1","reference":"order-7",` + legs + `}}`, "a1", "order-7"},
		"binary":                               {"shipments.created", `{"shipmentId":"a2","reference":"order-8",` + legs + `}`, "a2", "order-8"},
		"no JSON, with an id in the subject":   {"shipments.created.a3", `not json`, "a3", ""},
		"an id that the subject does not have": {"shipments.created.a6", `{"data":{"shipmentId":"a5"}}`, "a5", ""},
		"a reference that is too long":         {"shipments.created.a4", `{"data":{"shipmentId":"a4","reference":"` + longText + `"}}`, "a4", longText[:64]},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.JS.Publish(t.Context(), test.subject, []byte(test.body))
			require.NoError(t, err)
			require.Eventually(t, func() bool {
				seen, known := x.Find(test.id)
				return known && seen.Reference == test.reference && seen.Status == shipment.Pending
			}, 10*time.Second, 5*time.Millisecond)
		})
	}
	all := x.Follow("")
	defer all.Close()
	version := x.Version()
	_, err := s.JS.Publish(t.Context(), "shipments.created", []byte(`{"data":{"shipmentId":"a.b"}}`))
	require.NoError(t, err)
	select {
	case <-all.Wake(): // Whoever follows all hears of what has no valid id, too.
	case <-time.After(10 * time.Second):
		require.Fail(t, "no news")
	}
	require.Greater(t, x.Version(), version)
	_, err = s.JS.Publish(t.Context(), "shipments.created", []byte(`[1`))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return x.Overview().Behind == 0 }, 10*time.Second, 10*time.Millisecond)
	require.Len(t, ids(t, x, index.Query{}), 5, "what has no valid id is in no list, nor another shipment's subject")
	seen, _ := x.Find("a1")
	require.Equal(t, []string{"c1", "c2"}, seen.CarrierIDs)
}

// A shipment is described by the input that its process took.
func TestIndexDescribesWhatWasAccepted(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	s.ShortenDuplicateWindow(t, events.StreamShipments)
	p := newStories(s.JS)
	live := run(t, s.JS, 0)
	named := func(id, reference string) uint64 {
		return p.created(t, id, func(data *shipment.Shipment) { data.Reference = reference })
	}
	p.rejected(t, "corrected", events.CodeSchemaViolation, named("corrected", "wrong"))
	p.rejected(t, "corrected", events.CodeSchemaViolation, named("corrected", "wrong too"))
	named("corrected", "right")
	p.accepted(t, "corrected")
	p.rejected(t, "corrected", events.CodeConflict, named("corrected", "third"))
	named("conflict", "first")
	p.accepted(t, "conflict")
	p.rejected(t, "conflict", events.CodeConflict, named("conflict", "second"))
	first := named("at-once", "wrong")
	named("at-once", "right")
	p.rejected(t, "at-once", events.CodeSchemaViolation, first)
	p.accepted(t, "at-once")
	for name, view := range map[string]*index.Index{"live": live, "from the start": run(t, s.JS, 0)} {
		for id, want := range map[string]string{"corrected": "right", "conflict": "first", "at-once": "right"} {
			require.Eventually(t, func() bool {
				seen, known := view.Find(id)
				return known && view.Overview().Behind == 0 && seen.Reference == want && seen.Status == shipment.Pending
			}, 10*time.Second, 10*time.Millisecond, "%s, %s", name, id)
		}
		seen, _ := view.Find("at-once")
		require.Equal(t, first, seen.InputSequence)
	}
}

func TestIndexSaysWhyACollectionWasDeclined(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	p := newStories(s.JS)
	x := run(t, s.JS, 0)
	p.created(t, "a")
	p.accepted(t, "a")
	p.manifested(t, "a")
	_, err := p.publisher.PublishOnce(t.Context(), events.Outcome{
		Lineage: events.Lineage{ShipmentID: "a", RunID: "r", CausationID: "e-a", CorrelationID: "e-a"}, Type: events.TypeCollectionDeclined, Sequence: 3,
		Occurrence: 1, Time: time.Now(), Data: events.CollectionDeclined{ShipmentID: "a", CollectionDate: "2030-01-01", Faults: []shipment.Fault{*shipment.NewFault("no van", "1")}},
	})
	require.NoError(t, err)
	is := func(status shipment.Status, stage shipment.Stage, reason string) {
		t.Helper()
		require.Eventually(t, func() bool {
			seen, _ := x.Find("a")
			return seen.Status == status && seen.Stage == stage && seen.Reason == reason
		}, 30*time.Second, 5*time.Millisecond)
	}
	is(shipment.Pending, shipment.StageCollection, "no van")
	require.Equal(t, []string{"a"}, ids(t, x, index.Query{Reason: "no van"}))
	p.outcome(t, "a", events.TypeCollectionBooked, events.CollectionBooked{ShipmentID: "a", CollectionDate: "2030-01-02"})
	is(shipment.Pending, shipment.StageCollection, "")
	require.Empty(t, ids(t, x, index.Query{Reason: "no van"}))
	p.completed(t, "a")
	is(shipment.Success, "", "")
}

const longText = "0123456789012345678901234567890123456789012345678901234567890123456789"

// The rejection of a request says nothing of a shipment, whatever comes first.
func TestIndexIgnoresRejectionsOfRequests(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, "http://api.test")
	reject := func(id, code, subject string, sequence uint64) {
		t.Helper()
		require.NoError(t, publisher.Reject(t.Context(), events.Rejection{
			ShipmentID: id, Reasons: []shipment.Reason{{Code: code, Message: "m"}},
			Input: events.Input{Stream: events.StreamShipments, StreamSequence: sequence, Subject: subject, StoredAt: time.Now()},
		}))
	}
	created := func(id string) {
		t.Helper()
		_, err := s.JS.Publish(t.Context(), "shipments.created."+id, fmt.Appendf(nil, `{"data":{"shipmentId":%q}}`, id))
		require.NoError(t, err)
	}
	x := run(t, s.JS, 0)
	created("a1") // 1
	reject("a1", "conflict", "shipments.cancellation-requested", 5)
	created("a2") // 2
	reject("a2", "missing-goods", "shipments.created", 2)
	reject("a2", "unknown-shipment", "shipments.cancellation-requested", 6)
	reject("a3", "unknown-shipment", "shipments.cancellation-requested", 7)
	reject("a4", "unknown-shipment", "shipments.cancellation-requested", 8)
	created("a4") // 3
	for _, view := range []*index.Index{x, run(t, s.JS, 0)} {
		for id, want := range map[string]struct {
			status shipment.Status
			reason string
		}{
			"a1": {shipment.Pending, ""}, "a2": {shipment.Rejected, "missing-goods"}, "a3": {shipment.Rejected, "unknown-shipment"}, "a4": {shipment.Pending, ""},
		} {
			require.Eventually(t, func() bool {
				seen, known := view.Find(id)
				return known && seen.Status == want.status && seen.Reason == want.reason && view.Overview().Behind == 0
			}, 10*time.Second, 5*time.Millisecond, id)
			read, err := streams.ReadStatus(t.Context(), s.JS, id)
			require.NoError(t, err)
			require.Equal(t, want.status, read.Status, id)
		}
	}
}
