package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

// outcome stores an outcome event.
func outcome(t *testing.T, s *eventstest.Server, id, eventType string, data any) {
	t.Helper()
	_, err := streams.NewPublisher(s.JS, "http://x").PublishOnce(t.Context(), events.Outcome{
		Lineage: events.Lineage{ShipmentID: id, RunID: "r", CausationID: "1", CorrelationID: "1"}, Type: eventType, Sequence: 1, Time: time.Now(), Data: data,
	})
	require.NoError(t, err)
}

// madeUp counts the inputs that tell makes up.
var madeUp atomic.Uint64

// tell stores three events of two streams, in turns.
func tell(t *testing.T, s *eventstest.Server, id string) {
	t.Helper()
	outcome(t, s, id, events.TypeAccepted, events.Accepted{ShipmentID: id})
	require.NoError(t, streams.NewPublisher(s.JS, "http://x").Reject(t.Context(), events.Rejection{
		ShipmentID: id, Reasons: []shipment.Reason{{Code: events.CodeConflict, Message: "other\x1b[31m content"}},
		Input: events.Input{Stream: events.StreamShipments, StreamSequence: madeUp.Add(1), Subject: "shipments.created." + id, Data: []byte("x")},
	}))
	outcome(t, s, id, events.TypeCancelled, events.Cancelled{ShipmentID: id, Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{Reason: "changed my mind"}})
}

// watch runs watch until it has printed a text, or ends.
func watch(t *testing.T, until string, args ...string) (out, errs string) {
	t.Helper()
	return beginWatch(t, until, args...).result(t)
}

// watchRun is a watch that runs.
type watchRun struct {
	ended      chan error
	out        *untilSeen
	complaints bytes.Buffer
}

func beginWatch(t *testing.T, until string, args ...string) *watchRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	w := &watchRun{ended: make(chan error, 1), out: &untilSeen{what: until, done: cancel}}
	root := newRoot()
	root.SetOut(w.out)
	root.SetErr(&w.complaints)
	root.SetArgs(append([]string{"watch"}, args...))
	go func() { w.ended <- root.ExecuteContext(ctx) }()
	return w
}

func (w *watchRun) result(t *testing.T) (out, errs string) {
	t.Helper()
	require.NoError(t, <-w.ended)
	require.True(t, w.out.seen || w.out.what == "")
	return w.out.text.String(), w.complaints.String()
}

func types(text string) (found []string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 3 {
			found = append(found, strings.TrimPrefix(fields[2], "shipments.")+" "+fields[3])
		}
	}
	return found
}

func TestWatch(t *testing.T) {
	s := setup(t)
	tell(t, s, "c3")
	tell(t, s, "c44")
	story := []string{"accepted c3", "rejected c3", "cancelled c3"}
	both := append(story[:3:3], "accepted c44", "rejected c44", "cancelled c44")
	last := s.Messages(t, events.StreamEvents, "shipments.cancelled.c44")[0].Time
	later := last.Add(time.Millisecond).UTC().Format(time.RFC3339Nano)
	for name, test := range map[string]struct {
		args  []string
		until string
		want  []string
	}{
		"one shipment, from its beginning": {[]string{"c3"}, "cancelled", story},
		"since a time":                     {[]string{"--since", "1h"}, "c44  changed", both},
		"until a time, where it ends":      {[]string{"--until", later}, "", both},
		"some types":                       {[]string{"--until", later, "--type", "rejected,shipments.accepted"}, "", []string{"accepted c3", "rejected c3", "accepted c44", "rejected c44"}},
		"until before anything":            {[]string{"--until", "2020-01-01"}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs := watch(t, test.until, test.args...)
			require.Equal(t, test.want, types(out), out)
			require.Empty(t, errs)
			require.NotContains(t, out, "\x1b")
		})
	}
	t.Run("what is said", func(t *testing.T) {
		out, _ := watch(t, "", "--until", later)
		require.Contains(t, out, time.Now().Format(time.DateOnly))
		require.Contains(t, out, "changed my mind")
		require.Contains(t, out, `"conflict: other\x1b[31m content"`)
	})
	t.Run("as JSON", func(t *testing.T) {
		out, _ := watch(t, "", "--until", later, "--json", "--type", "cancelled")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		require.Len(t, lines, 2)
		var line watched
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &line))
		require.Equal(t, events.TypeCancelled, line.Event.Type())
		require.Equal(t, events.StreamEvents, line.Stream)
		require.EqualValues(t, 2, line.Sequence)
	})
	t.Run("an unknown id, and what comes", func(t *testing.T) {
		w := beginWatch(t, "cancelled", "later")
		tell(t, s, "later")
		out, _ := w.result(t)
		require.Equal(t, []string{"accepted later", "rejected later", "cancelled later"}, types(out))
		_, errs := watch(t, "", "nobody", "--until", later)
		require.Contains(t, errs, "No shipment with id nobody is known.")
	})
	t.Run("live, in the order of time", func(t *testing.T) {
		w := beginWatch(t, "9  changed")
		for n := 0; len(w.ended) == 0; n++ { // It may begin after some.
			tell(t, s, fmt.Sprintf("live-%d", n))
		}
		out, _ := w.result(t)
		got := types(out)
		require.NotEmpty(t, got)
		for i, line := range got {
			if kind, id, _ := strings.Cut(line, " "); kind == "rejected" && i > 0 {
				require.Equal(t, "accepted "+id, got[i-1])
			}
		}
	})
	for wrong, message := range map[string]string{"--since=x": "since: use a time", "--type=x": "--type: \"x\" is not one: use accepted"} {
		_, err := shipments(t, "watch", wrong)
		require.ErrorContains(t, err, message)
	}
}

// A stream with much to show does not wait for each message until the other one, which
// is at its end, may have an older one.
func TestWatchShowsMuchOfOneStreamAlone(t *testing.T) {
	s := setup(t)
	const many = 3000 // more than a batch, and than a connection holds for a subscription
	for i := range many {
		_, err := s.JS.PublishAsync(events.Subject(events.TypeCancelled, fmt.Sprintf("s%d", i)), []byte("{}"))
		require.NoError(t, err)
	}
	<-s.JS.PublishAsyncComplete()
	outcome(t, s, "last", events.TypeAccepted, events.Accepted{ShipmentID: "last"})
	began := time.Now()
	out, _ := watch(t, "last", "--since", "1h")
	require.Equal(t, many+1, strings.Count(out, "\n"))
	require.Less(t, time.Since(began), 15*time.Second, "with %v for each it takes minutes", holdBack)
}
