package streams_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

// stored is the input with a sequence.
func stored(t *testing.T, s *eventstest.Server, sequence uint64) events.Input {
	t.Helper()
	input, err := streams.ReadInput(t.Context(), s.JS, sequence)
	require.NoError(t, err)
	return input
}

// reject stores the rejection of the input with a sequence and reads it back.
func reject(t *testing.T, s *eventstest.Server, sequence uint64) streams.StoredRejection {
	t.Helper()
	require.NoError(t, streams.NewPublisher(s.JS, publicURL).Reject(t.Context(), events.Rejection{
		Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON, Message: "not JSON"}}, Input: stored(t, s, sequence),
	}))
	all := s.Rejections(t)
	read, err := streams.ReadRejection(t.Context(), s.JS, all[len(all)-1].Sequence)
	require.NoError(t, err)
	require.Equal(t, all[len(all)-1], read)
	return read
}

// withoutNats are the headers that are not addressed to JetStream.
func withoutNats(header map[string][]string) map[string][]string {
	var rest map[string][]string
	for name, values := range header {
		if strings.HasPrefix(name, "Nats-") {
			continue
		}
		if rest == nil {
			rest = map[string][]string{}
		}
		rest[name] = values
	}
	return rest
}

func TestReplayPublishesTheInputExactly(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	tests := map[string]struct {
		header nats.Header
		data   []byte
	}{
		"binary garbage": {nats.Header{"X-Bytes": {"a\x00\x01\x7f\xff\xc3("}, "Empty": {""}, "x-bytes": {"100% %41"}}, []byte("\x00\xff{\r\n\xc3(\x00")},
		"binary mode": {nats.Header{
			"ce-specversion": {"1.0"}, "ce-type": {"shipments.created"}, "ce-source": {"/team/%C3%B6"}, "CE-ID": {"e-1"}, "Content-Type": {"application/json"},
		}, []byte(`{"shipmentId": "abc"}`)},
		"repeated names": {nats.Header{"ce-id": {"b", "a", "", "b"}}, []byte("{}")},
		"no headers":     {nil, []byte("not json")},
		"nothing":        {nil, nil},
		"the largest":    {nats.Header{"X": {strings.Repeat("\xff", 60<<10)}}, make([]byte, 190<<10)},
		"like a status":  {nats.Header{"Status": {"503"}, "Description": {"no"}}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			original := &nats.Msg{Subject: "shipments.created.abc", Header: maps.Clone(test.header), Data: test.data}
			if test.header != nil {
				original.Header.Set(jetstream.MsgIDHeader, name)
				original.Header.Set(jetstream.ExpectedStreamHeader, events.StreamShipments)
			}
			first, err := s.JS.PublishMsg(t.Context(), original)
			require.NoError(t, err)
			rejected := reject(t, s, first.Sequence)
			ack, err := streams.NewPublisher(s.JS, publicURL).Replay(t.Context(), rejected.Rejection, "run", "")
			require.NoError(t, err)
			require.False(t, ack.Duplicate)
			require.Greater(t, ack.Sequence, first.Sequence)

			before, after := rejected.Input, stored(t, s, ack.Sequence)
			require.Equal(t, test.data, after.Data)
			require.Equal(t, before.Subject, after.Subject)
			require.Equal(t, events.EscapeHeaders(test.header), withoutNats(after.Headers))
			require.Len(t, after.Headers[jetstream.MsgIDHeader], 1)
			require.NotEqual(t, before.Headers[jetstream.MsgIDHeader], after.Headers[jetstream.MsgIDHeader])
		})
	}
}

func TestReplayMessageLeavesOutHeadersForJetStream(t *testing.T) {
	t.Parallel()
	r := rejected("abc", 7)
	r.Input.Headers = map[string][]string{"ce-id": {"e-1"}, "nats-note": {"is none"}}
	for _, name := range []string{
		"Nats-Msg-Id", "Nats-Expected-Stream", "Nats-Expected-Last-Sequence", "Nats-Expected-Last-Msg-Id", "Nats-Expected-Last-Subject-Sequence",
		"Nats-TTL", "Nats-Rollup", "Nats-Schedule", "Nats-Schedule-Target", "Nats-Batch-Id", "Nats-Batch-Commit", "Nats-Incr", "Nats-Trace-Dest", "Nats-Sequence",
	} {
		r.Input.Headers[name] = []string{"1"}
	}
	msg, err := streams.ReplayMessage(r, "run")
	require.NoError(t, err)
	require.Len(t, msg.Header, 3)
	require.Equal(t, "e-1", msg.Header.Get("ce-id"))
	require.Equal(t, "is none", msg.Header.Get("nats-note"))
	require.NotEqual(t, "1", msg.Header.Get(jetstream.MsgIDHeader))
}

func TestReplayStoresOnceInARunAndAgainInTheNext(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	again := rejected("abc", 8) // the same message, published and rejected twice
	other := rejected("abc", 9)
	other.Input.Data = []byte{0, 0xfe, '{'} // not the same, though neither is UTF-8
	for _, step := range []struct {
		rejection events.Rejection
		run       string
		sequence  uint64
		duplicate bool
	}{
		{rejected("abc", 7), "run-1", 1, false},
		{rejected("abc", 7), "run-1", 1, true},
		{again, "run-1", 1, true},
		{other, "run-1", 2, false},
		{rejected("abc", 7), "run-2", 3, false},
	} {
		step.rejection.Input.Headers = nil
		ack, err := publisher.Replay(t.Context(), step.rejection, step.run, "")
		require.NoError(t, err)
		require.Equal(t, step.sequence, ack.Sequence)
		require.Equal(t, step.duplicate, ack.Duplicate)
	}
}

func TestReplayThatIsRejectedAgainIsANewRejection(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	published, err := s.JS.Publish(t.Context(), "shipments.created.abc", []byte("not json"))
	require.NoError(t, err)
	first := reject(t, s, published.Sequence)
	ack, err := streams.NewPublisher(s.JS, publicURL).Replay(t.Context(), first.Rejection, "run", "")
	require.NoError(t, err)
	second := reject(t, s, ack.Sequence)
	require.NotEqual(t, first.EventID(), second.EventID())
	require.Equal(t, ack.Sequence, second.Input.StreamSequence)
	require.Equal(t, first.Input.Data, second.Input.Data)
	reject(t, s, ack.Sequence)
	reject(t, s, published.Sequence)
	require.Equal(t, []streams.StoredRejection{first, second}, s.Rejections(t), "each of them is stored once")
}

func TestReplayReturnsAnErrorForWhatCannotBeReplayed(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	_, err := s.JS.CreateStream(t.Context(), jetstream.StreamConfig{Name: "OTHERS", Subjects: []string{"others.>"}})
	require.NoError(t, err)
	header := func(name, value string) func(*events.Input) {
		return func(in *events.Input) { in.Headers = events.EscapeHeaders(http.Header{name: {value}}) }
	}
	tests := map[string]struct {
		change func(*events.Input)
		says   string
	}{
		"a subject that no stream takes":      {func(in *events.Input) { in.Subject = "shipments.retired" }, `does not take the subject "shipments.retired" any longer`},
		"a subject that another stream takes": {func(in *events.Input) { in.Subject = "others.1" }, `does not take the subject "others.1" any longer`},
		"an event that came by a signal": {
			func(in *events.Input) {
				*in = events.SignalledInput(events.TypeCreated, events.EventRef{Source: "/s", ID: "1"}, nil)
			}, "never was in stream SHIPMENTS",
		},
		"headers that are not escaped":    {func(in *events.Input) { in.Headers = map[string][]string{"X": {"100%"}} }, `header "X"`},
		"a name that cannot be sent":      {header("X Y", "1"), `"X Y" cannot be sent again`},
		"a name that is not ASCII":        {header("\xff", "1"), "cannot be sent again"},
		"a value that would be trimmed":   {header("ce-id", "1 "), `ce-id cannot be sent again as it was: its value "1 "`},
		"a value that would be sanitised": {header("ce-id", "1\r2"), "cannot be sent again as it was"},
		"too large with a message id":     {func(in *events.Input) { in.Data = make([]byte, events.MaxMessageBytes) }, "size exceeds maximum"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := rejected("abc", 7)
			r.Input.Headers = nil
			test.change(&r.Input)
			_, err := streams.NewPublisher(s.JS, publicURL).Replay(t.Context(), r, "run", "")
			require.ErrorContains(t, err, test.says)
		})
	}
	require.Empty(t, s.Messages(t, events.StreamShipments, ">"))
	require.Empty(t, s.Messages(t, "OTHERS", ">"))
}

func TestRejectionsSkipsAMessageThatIsNone(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, publicURL)
	require.NoError(t, publisher.Reject(t.Context(), rejected("abc", 7)))
	_, err := s.JS.Publish(t.Context(), "shipments.rejected.abc", []byte("garbage"))
	require.NoError(t, err)
	require.NoError(t, publisher.Reject(t.Context(), rejected("abc", 8)))
	var found []uint64
	err = streams.Rejections(t.Context(), s.JS, "", time.Unix(0, 0), func(r streams.StoredRejection) bool {
		found = append(found, r.Sequence)
		return true
	})
	require.ErrorContains(t, err, "rejection 2")
	require.Equal(t, []uint64{1, 3}, found)
	for _, sequence := range []uint64{0, 4} {
		_, err = streams.ReadRejection(t.Context(), s.JS, sequence)
		require.ErrorIs(t, err, streams.ErrNoRejection)
	}
}
