package streams_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

// following follows a range until the test ends.
type following struct {
	messages chan streams.Followed
	ends     chan struct{}
	err      chan error
}

func follow(t *testing.T, s *eventstest.Server, r streams.Range) following {
	t.Helper()
	f := following{make(chan streams.Followed, 10_000), make(chan struct{}, 10_000), make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() {
		f.err <- streams.Follow(ctx, s.JS, r, func(msg streams.Followed) { f.messages <- msg }, func() { f.ends <- struct{}{} })
	}()
	return f
}

func (f following) next(t *testing.T) streams.Followed {
	t.Helper()
	select {
	case msg := <-f.messages:
		return msg
	case err := <-f.err:
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		require.Fail(t, "no message")
	}
	return streams.Followed{}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	s := numbered(t, 4)
	last, err := streams.LastSequence(t.Context(), s.JS, events.StreamRejections)
	require.NoError(t, err)
	require.EqualValues(t, 4, last)
	third := s.Messages(t, events.StreamRejections, ">")[2].Time
	for name, test := range map[string]struct {
		from streams.Range
		want []string // what is there; then comes what is published
	}{
		"everything":          {streams.Range{}, []string{"1", "2", "3", "4"}},
		"a subject":           {streams.Range{Subject: "shipments.rejected.a"}, []string{"1", "3"}},
		"since a time":        {streams.Range{Since: third}, []string{"3", "4"}},
		"since a later time":  {streams.Range{Since: time.Now().Add(time.Hour)}, nil},
		"new ones":            {streams.Range{From: last + 1}, nil},
		"from a sequence":     {streams.Range{From: 4}, []string{"4"}},
		"new ones of another": {streams.Range{From: last + 1, Subject: "shipments.rejected.*"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			test.from.Stream = events.StreamRejections
			f := follow(t, s, test.from)
			var got []string
			for len(got) < len(test.want) {
				if msg := f.next(t); msg.Sequence <= last {
					got = append(got, string(msg.Data))
				}
			}
			require.Equal(t, test.want, got)
			<-f.ends
			ack, err := s.JS.Publish(t.Context(), "shipments.rejected.a", []byte("new"))
			require.NoError(t, err)
			for {
				msg := f.next(t)
				require.Greater(t, msg.Sequence, last)
				if msg.Sequence == ack.Sequence {
					require.Equal(t, "shipments.rejected.a", msg.Subject)
					require.Equal(t, "new", string(msg.Data))
					require.WithinDuration(t, time.Now(), msg.Time, time.Minute)
					require.Empty(t, msg.Header)
					return
				}
			}
		})
	}
	err = streams.Follow(t.Context(), s.JS, streams.Range{Stream: "OTHER"}, nil, nil)
	require.ErrorContains(t, err, "follow stream OTHER")
	_, err = streams.LastSequence(t.Context(), s.JS, "OTHER")
	require.ErrorIs(t, err, jetstream.ErrStreamNotFound)
}

func TestFollowReadsManyBatches(t *testing.T) {
	t.Parallel()
	const many = 4500 // more than two batches
	s := numbered(t, many)
	stream, err := s.JS.Stream(t.Context(), events.StreamRejections)
	require.NoError(t, err)
	for _, deleted := range []uint64{1, 7, 8, 2000, 2001, many} {
		require.NoError(t, stream.DeleteMsg(t.Context(), deleted))
	}
	f := follow(t, s, streams.Range{Stream: events.StreamRejections})
	before := uint64(0)
	for n := range many - 6 {
		msg := f.next(t)
		require.Greater(t, msg.Sequence, before)
		require.Equal(t, fmt.Sprint(msg.Sequence), string(msg.Data))
		require.EqualValues(t, many-6-n-1, msg.Pending)
		before = msg.Sequence
	}
	<-f.ends
	require.Empty(t, f.messages)
	require.NoError(t, stream.Purge(t.Context()))
	ack, err := s.JS.Publish(t.Context(), "shipments.rejected.a", []byte("after the purge"))
	require.NoError(t, err)
	require.Equal(t, ack.Sequence, f.next(t).Sequence)
}

// What is asked for at once fits, however little a connection holds for a subscription.
func TestFollowNeedsNoRoomInTheConnection(t *testing.T) {
	t.Parallel()
	const many = 4500
	s := numbered(t, many)
	nc, err := nats.Connect(s.JS.Conn().ConnectedUrl(), nats.SyncQueueLen(16))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	dropped := make(chan error, many)
	nc.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { dropped <- err })
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	for _, subject := range []string{"", "shipments.rejected.*"} {
		read := 0
		require.NoError(t, streams.Read(t.Context(), js, streams.Range{Stream: events.StreamRejections, Subject: subject}, func(streams.Followed) {
			read++
			if read%1000 == 1 { // Meanwhile all that was asked for arrives.
				require.NoError(t, nc.FlushTimeout(10*time.Second))
			}
		}))
		require.Equal(t, many, read)
	}
	require.Empty(t, dropped)
}

// A range without gaps is asked for ahead of what is read, one with gaps is not.
func TestReadGapsAndNone(t *testing.T) {
	t.Parallel()
	const many = 6500 // more than three batches
	s := numbered(t, many)
	stream, err := s.JS.Stream(t.Context(), events.StreamRejections)
	require.NoError(t, err)
	gone := map[uint64]bool{}
	for _, deleted := range []uint64{0, 4001} {
		if deleted > 0 {
			require.NoError(t, stream.DeleteMsg(t.Context(), deleted))
			gone[deleted] = true
		}
		for _, r := range []streams.Range{{}, {From: 2001}, {Subject: "shipments.rejected.*"}, {Subject: "shipments.rejected.b"}} {
			t.Run(fmt.Sprintf("%d is deleted, from %d, subject %s", deleted, r.From, r.Subject), func(t *testing.T) {
				var want, got []uint64
				for sequence := max(r.From, 1); sequence <= many; sequence++ {
					if even := sequence%2 == 0; !gone[sequence] && (even || r.Subject != "shipments.rejected.b") {
						want = append(want, sequence)
					}
				}
				r.Stream = events.StreamRejections
				require.NoError(t, streams.Read(t.Context(), s.JS, r, func(msg streams.Followed) { got = append(got, msg.Sequence) }))
				require.Equal(t, want, got)
			})
		}
	}
	require.ErrorContains(t, streams.Read(t.Context(), s.JS, streams.Range{Stream: "OTHER"}, nil), "read stream OTHER")
}

// publishRaw publishes a message whose header is any bytes.
func publishRaw(t *testing.T, s *eventstest.Server, subject, header, body string) {
	t.Helper()
	address, err := url.Parse(s.ClientURL())
	require.NoError(t, err)
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address.Host)
	require.NoError(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(connection, "CONNECT {\"headers\":true,\"no_responders\":true,\"verbose\":false}\r\nHPUB %s %d %d\r\n%s%s\r\nPING\r\n",
		subject, len(header), len(header)+len(body), header, body)
	require.NoError(t, err)
	for lines := bufio.NewScanner(connection); lines.Scan(); {
		require.NotContains(t, lines.Text(), "-ERR")
		if strings.TrimSpace(lines.Text()) == "PONG" {
			return
		}
	}
	require.Fail(t, "the server closed the connection")
}

func TestFollowIsNotDeceivedByHeaders(t *testing.T) {
	t.Parallel()
	stamp := "Nats-Time-Stamp: 2020-01-01T00:00:00Z\r\n"
	for name, header := range map[string]string{
		"a later sequence":           "NATS/1.0\r\nNats-Sequence: 99\r\nNats-Subject: x\r\nNats-Num-Pending: 0\r\n\r\n",
		"a later sequence, cut off":  "NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: x\r\nNats-Sequence: 99\r\n" + stamp + "Nats-Num-Pending: 0\r\nNats-Last-Sequence: 1\r\n\r\nrest\r\n\r\n",
		"an earlier one, cut off":    "NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: x\r\nNats-Sequence: 1\r\n" + stamp + "Nats-Num-Pending: 0\r\nNats-Last-Sequence: 1\r\n\r\nrest\r\n\r\n",
		"nothing, cut off":           "NATS/1.0\r\n\r\nrest\r\n\r\n",
		"the end of a batch":         "NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 1\r\n\r\n",
		"the end of a batch, cut":    "NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 1\r\n\r\nrest\r\n\r\n",
		"the end of the stream":      "NATS/1.0 404 Message Not Found\r\n\r\n",
		"that nobody takes requests": "NATS/1.0 503\r\n\r\n",
		"no header at all":           "\x00\xff\x00",
		"no line":                    "NATS/1.0\r\nno colon\r\n\r\n",
	} {
		for _, when := range []string{"between others", "alone", "as the last one", "without a body"} {
			t.Run(name+", "+when, func(t *testing.T) {
				t.Parallel()
				s := eventstest.StartProvisioned(t)
				want := []string{"hostile"}
				publish := func(text string) {
					_, err := s.JS.Publish(t.Context(), events.TypeCreated, []byte(text))
					require.NoError(t, err)
				}
				if when != "alone" {
					publish("one")
					want = []string{"one", "hostile"}
				}
				if when == "without a body" {
					want[1] = ""
				}
				publishRaw(t, s, events.TypeCreated, header, want[len(want)-1])
				if when == "between others" {
					publish("three")
					want = append(want, "three")
				}
				f := follow(t, s, streams.Range{Stream: events.StreamShipments})
				for i, text := range want {
					msg := f.next(t)
					require.EqualValues(t, i+1, msg.Sequence)
					require.Equal(t, text, string(msg.Data))
				}
				<-f.ends
				publish("later")
				msg := f.next(t)
				require.EqualValues(t, len(want)+1, msg.Sequence)
				require.Equal(t, "later", string(msg.Data))
			})
		}
	}
}
