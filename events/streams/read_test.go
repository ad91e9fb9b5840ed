package streams_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

// numbered starts a server whose stream of rejections has n messages, on two
// subjects in turns, each with its sequence as its body.
func numbered(t *testing.T, n int) *eventstest.Server {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	for i := range n {
		_, err := s.JS.Publish(t.Context(), []string{"shipments.rejected.a", "shipments.rejected.b"}[i%2], []byte(strconv.Itoa(i+1)))
		require.NoError(t, err)
	}
	return s
}

func TestWalk(t *testing.T) {
	t.Parallel()
	s := numbered(t, 11)
	fifth := s.Messages(t, events.StreamRejections, ">")[4].Time
	for name, test := range map[string]struct {
		in   streams.Range
		stop string // the body after which it is stopped
		want []string
	}{
		"everything, in one batch":         {in: streams.Range{}, want: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}},
		"a subject, in batches":            {in: streams.Range{Subject: "shipments.rejected.a", Batch: 2}, want: []string{"1", "3", "5", "7", "9", "11"}},
		"batches that end with the stream": {in: streams.Range{Subject: "shipments.rejected.a", Batch: 3}, want: []string{"1", "3", "5", "7", "9", "11"}},
		"from a sequence":                  {in: streams.Range{Subject: "shipments.rejected.*", From: 9}, want: []string{"9", "10", "11"}},
		"from beyond the end":              {in: streams.Range{From: 12}},
		"since a time":                     {in: streams.Range{Subject: "shipments.rejected.b", Since: fifth}, want: []string{"6", "8", "10"}},
		"from a sequence rather than time": {in: streams.Range{From: 10, Since: fifth}, want: []string{"10", "11"}},
		"no such subject":                  {in: streams.Range{Subject: "shipments.rejected.c"}},
		"stopped":                          {in: streams.Range{Batch: 2}, stop: "3", want: []string{"1", "2", "3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.in.Stream = events.StreamRejections
			var got []string
			require.NoError(t, streams.Walk(t.Context(), s.JS, test.in, func(msg *jetstream.RawStreamMsg) bool {
				got = append(got, string(msg.Data))
				return string(msg.Data) != test.stop
			}))
			require.Equal(t, test.want, got)
		})
	}
	t.Run("no such stream", func(t *testing.T) {
		t.Parallel()
		err := streams.Walk(t.Context(), s.JS, streams.Range{Stream: "OTHER"}, func(*jetstream.RawStreamMsg) bool { return true })
		require.ErrorContains(t, err, "read stream OTHER")
	})
}

func TestLast(t *testing.T) {
	t.Parallel()
	s := numbered(t, 5)
	for name, test := range map[string]struct {
		subjects []string
		want     map[string]string
	}{
		"both subjects, and one without messages": {
			[]string{"shipments.rejected.a", "shipments.rejected.b", "shipments.rejected.c"},
			map[string]string{"shipments.rejected.a": "5", "shipments.rejected.b": "4"},
		},
		"without messages": {[]string{"shipments.rejected.c"}, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := streams.Last(t.Context(), s.JS, events.StreamRejections, test.subjects...)
			require.NoError(t, err)
			got := map[string]string{}
			for subject, msg := range found {
				got[subject] = string(msg.Data)
			}
			require.Equal(t, test.want, got)
		})
	}
	t.Run("no such stream", func(t *testing.T) {
		t.Parallel()
		_, err := streams.Last(t.Context(), s.JS, "OTHER", "x")
		require.ErrorContains(t, err, "read stream OTHER")
	})
}

func TestLastOfOne(t *testing.T) {
	t.Parallel()
	s := numbered(t, 5)
	for name, last := range map[string]func(context.Context, jetstream.JetStream, string, string) (*jetstream.RawStreamMsg, error){
		"direct": streams.LastDirect, "from the leader": streams.LastFromLeader,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for subject, want := range map[string]uint64{"shipments.rejected.a": 5, "shipments.rejected.b": 4} {
				msg, err := last(t.Context(), s.JS, events.StreamRejections, subject)
				require.NoError(t, err)
				require.Equal(t, want, msg.Sequence)
				require.Equal(t, fmt.Sprint(want), string(msg.Data))
				require.Equal(t, subject, msg.Subject)
			}
			msg, err := last(t.Context(), s.JS, events.StreamRejections, "shipments.rejected.c")
			require.NoError(t, err)
			require.Nil(t, msg)
			_, err = last(t.Context(), s.JS, "OTHER", "x")
			require.ErrorContains(t, err, "read stream OTHER")
		})
	}
}
