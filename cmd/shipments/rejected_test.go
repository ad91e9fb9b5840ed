package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
)

// reject publishes an input and stores its rejection.
func reject(t *testing.T, s *eventstest.Server, id, data string, codes ...string) {
	t.Helper()
	msg := nats.NewMsg("shipments.created")
	msg.Header.Set("X-Team", "orders")
	msg.Header.Set("ce-source", "/team/ö\xff\x1b")
	msg.Header.Set(jetstream.MsgIDHeader, data)
	msg.Data = []byte(data)
	ack, err := s.JS.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	require.NoError(t, storeRejection(t.Context(), s, ack.Sequence, id, codes...))
}

// storeRejection stores the rejection of an input.
func storeRejection(ctx context.Context, s *eventstest.Server, sequence uint64, id string, codes ...string) error {
	input, err := streams.ReadInput(ctx, s.JS, sequence)
	if err != nil {
		return err
	}
	r := events.Rejection{ShipmentID: id, Input: input}
	for _, code := range codes {
		r.Reasons = append(r.Reasons, shipment.Reason{Code: code, Path: "/x\x1b", Message: "no"})
	}
	return streams.NewPublisher(s.JS, "http://x").Reject(ctx, r)
}

// inputs are the data of what is stored in SHIPMENTS.
func inputs(t *testing.T, s *eventstest.Server) []string {
	t.Helper()
	var data []string
	for _, msg := range s.Messages(t, events.StreamShipments, ">") {
		data = append(data, string(msg.Data))
	}
	return data
}

func TestRejectedShowIsSortedAndReadable(t *testing.T) {
	s := setup(t)
	reject(t, s, "c3", "{}", "a", "b")
	out, err := shipments(t, "rejected", "show", "1")
	require.NoError(t, err)
	require.Contains(t, out, `Reason     a at "/x\x1b": no
Reason     b at "/x\x1b": no
`)
	require.Contains(t, out, `Header     Nats-Msg-Id: {}
Header     X-Team: orders
Header     ce-source: "/team/ö\xff\x1b"
Data       2 bytes: "{}"
`)
	out, err = shipments(t, "rejected", "ls")
	require.NoError(t, err)
	require.Contains(t, out, `a at "/x\x1b": no (and 1 more)`)
	_, err = shipments(t, "rejected", "show", "2")
	require.ErrorContains(t, err, "there is no rejection 2")
}

func TestRejectedListAndReplayChooseTheSame(t *testing.T) {
	tests := map[string]struct {
		flags  string
		chosen []string
	}{
		"all":                       {"", []string{"one", "two", "three"}},
		"the first reason":          {"--reason a", []string{"one", "two"}},
		"any reason":                {"--reason b", []string{"two", "three"}},
		"another reason":            {"--reason batch", nil},
		"a shipment":                {"--shipment c3", []string{"one", "three"}},
		"no valid shipment":         {"--shipment unknown", []string{"two"}},
		"a shipment and a reason":   {"--shipment c3 --reason b", []string{"three"}},
		"those of the last hour":    {"--since 1h", []string{"one", "two", "three"}},
		"those of the last instant": {"--since 1ns", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			reject(t, s, "c3", "one", "a")
			reject(t, s, "", "two", "a", "b")
			reject(t, s, "c3", "three", "c", "b")
			flags := strings.Fields(test.flags)
			out, err := shipments(t, append([]string{"rejected", "ls", "--json"}, flags...)...)
			require.NoError(t, err)
			require.Equal(t, len(test.chosen), strings.Count(out, "\n"))
			out, err = shipments(t, append([]string{"rejected", "replay", "--all"}, flags...)...)
			require.NoError(t, err)
			require.Equal(t, len(test.chosen), strings.Count(out, "shipments.created -> SHIPMENTS sequence "))
			require.Equal(t, append([]string{"one", "two", "three"}, test.chosen...), inputs(t, s))
		})
	}
}

func TestRejectedReplayBySequence(t *testing.T) {
	s := setup(t)
	reject(t, s, "c3", "one", "a")
	reject(t, s, "c3", "two\x00\xff", "a")
	reject(t, s, "c4", "three", "a")
	out, err := shipments(t, "rejected", "replay", "--dry-run", "2")
	require.NoError(t, err)
	require.Contains(t, out, `Data       5 bytes: "two\x00\xff"`)
	require.Contains(t, out, "Header     X-Team: orders\n")
	require.Contains(t, out, "Would replay 1 of 1 rejections.")
	require.Len(t, inputs(t, s), 3, "nothing was published")

	out, err = shipments(t, "rejected", "replay", "3", "2")
	require.NoError(t, err)
	require.Equal(t, `rejection 3: shipments.created -> SHIPMENTS sequence 4
rejection 2: shipments.created -> SHIPMENTS sequence 5
Replayed 2 of 2 rejections.
`, out)
	require.Equal(t, []string{"one", "two\x00\xff", "three", "three", "two\x00\xff"}, inputs(t, s))
	_, err = shipments(t, "rejected", "replay", "2")
	require.NoError(t, err)
	require.Len(t, inputs(t, s), 6, "another run stores it anew, within the duplicate window")
	shown, err := shipments(t, "rejected", "show", "2")
	require.NoError(t, err)
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	require.NotEmpty(t, config.Principal())
	require.Contains(t, shown, "replayed as SHIPMENTS sequence 6 by "+config.Principal())
}

func TestRejectedReplayOfAllEndsWhenAllIsRejectedAgain(t *testing.T) {
	s := setup(t)
	reject(t, s, "c3", "one", "a")
	reject(t, s, "c3", "two", "a")
	ctx, cancel := context.WithCancel(t.Context())
	rejecting := make(chan struct{})
	go func() { // a consumer that takes nothing
		defer close(rejecting)
		for sequence := uint64(3); ctx.Err() == nil; {
			switch err := storeRejection(ctx, s, sequence, "c3", "a"); {
			case err == nil:
				sequence++
			case !errors.Is(err, streams.ErrNoInput) && ctx.Err() == nil:
				t.Error(err)
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-rejecting })
	rejections := func(n int) func() bool { return func() bool { return len(s.Rejections(t)) == n } }

	out, err := shipments(t, "rejected", "replay", "--all")
	require.NoError(t, err)
	require.Contains(t, out, "Replayed 2 of 2 rejections.")
	require.Eventually(t, rejections(4), 10*time.Second, 10*time.Millisecond)
	require.Equal(t, []string{"one", "two", "one", "two"}, inputs(t, s))

	out, err = shipments(t, "rejected", "replay", "--all")
	require.NoError(t, err)
	require.Contains(t, out, "2 more were replayed or superseded before.\nReplayed 2 of 2 rejections.")
	require.Eventually(t, rejections(6), 10*time.Second, 10*time.Millisecond)
	require.Len(t, inputs(t, s), 6, "what is always rejected does not double with every replay")
}

func TestRejectedListDistinguishesOpenFromDone(t *testing.T) {
	s := setup(t)
	reject(t, s, "c3", "one", "a")
	reject(t, s, "c4", "two", "a")
	reject(t, s, "", "three", "b")
	_, err := streams.NewPublisher(s.JS, "http://x").PublishOnce(t.Context(), events.Outcome{
		Lineage: events.Lineage{ShipmentID: "c4", RunID: "r", CausationID: "x", CorrelationID: "x"}, Type: events.TypeAccepted, Sequence: 1, Time: time.Now(),
		Data: events.Accepted{ShipmentID: "c4"},
	})
	require.NoError(t, err)
	_, err = shipments(t, "rejected", "replay", "1")
	require.NoError(t, err)

	out, err := shipments(t, "rejected", "ls")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^1 .* replayed +c3 `, out)
	require.Regexp(t, `(?m)^2 .* superseded +c4 `, out)
	require.Regexp(t, `(?m)^3 .* open +- `, out)
	out, err = shipments(t, "rejected", "ls", "--open", "--json")
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(out, "\n"))
	require.Contains(t, out, `"sequence":3,`)
	require.Contains(t, out, `"state":"open"`)
	for sequence, state := range map[string]string{
		"1": "replayed as SHIPMENTS sequence 4", "2": "superseded: shipments.accepted came later", "3": "open",
	} {
		out, err = shipments(t, "rejected", "show", sequence)
		require.NoError(t, err)
		require.Contains(t, out, "State      "+state)
	}
	out, err = shipments(t, "rejected", "replay", "--all", "--dry-run")
	require.NoError(t, err)
	require.Contains(t, out, "2 more were replayed or superseded before.\nWould replay 1 of 1 rejections.")
	_, err = shipments(t, "rejected", "replay", "--all")
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two", "three", "one", "three"}, inputs(t, s))
	out, err = shipments(t, "rejected", "replay", "--all")
	require.NoError(t, err)
	require.Contains(t, out, "3 more were replayed or superseded before.\nReplayed 0 of 0 rejections.")
	require.Len(t, inputs(t, s), 5)
}

func TestRejectedReasonIsOneThatExists(t *testing.T) {
	s := setup(t)
	reject(t, s, "c3", "one", "retired-code")
	for _, command := range [][]string{{"ls"}, {"replay", "--all"}} {
		for reason, wrong := range map[string]bool{"shema-violation": true, "schema-violation": false, "retired-code": false} {
			_, err := shipments(t, append(append([]string{"rejected"}, command...), "--reason", reason, "--shipment", "c3")...)
			if !wrong {
				require.NoError(t, err, reason)
				continue
			}
			require.ErrorContains(t, err, "--reason shema-violation is not a reason: use one of")
			require.ErrorContains(t, err, "schema-violation, shipment-ended,")
		}
	}
}

func TestRejectedReplayGoesOnAfterAFailure(t *testing.T) {
	s := setup(t)
	out, err := shipments(t, "rejected", "replay", "--all")
	require.NoError(t, err)
	require.Contains(t, out, "Replayed 0 of 0 rejections.")

	reject(t, s, "c3", "one", "a")
	require.NoError(t, streams.NewPublisher(s.JS, "http://x").Reject(t.Context(), events.Rejection{ // without reasons
		Input: events.Input{Stream: events.StreamShipments, StreamSequence: 99, Subject: "shipments.retired\x1b", StoredAt: time.Now(), Data: []byte("x")},
	}))
	_, err = s.JS.Publish(t.Context(), "shipments.rejected.c3", []byte("no rejection"))
	require.NoError(t, err)
	reject(t, s, "c3", "two", "a")

	out, err = shipments(t, "rejected", "ls")
	require.ErrorContains(t, err, "rejection 3")
	require.Contains(t, out, `"shipments.retired\x1b" 99  -`)
	require.Contains(t, out, "shipments.created 2")

	out, err = shipments(t, "rejected", "replay", "--all")
	require.ErrorContains(t, err, "rejection 3")
	require.ErrorContains(t, err, `rejection 2: stream SHIPMENTS does not take the subject "shipments.retired\x1b" any longer`)
	require.Contains(t, out, "Replayed 2 of 3 rejections.")
	out, err = shipments(t, "rejected", "replay", "77", "4")
	require.ErrorContains(t, err, "there is no rejection 77")
	require.Contains(t, out, "Replayed 1 of 2 rejections.")
	require.Equal(t, []string{"one", "two", "one", "two", "two"}, inputs(t, s))
}

func TestRejectedReplayArguments(t *testing.T) {
	s := setup(t)
	reject(t, s, "c3", "one", "a")
	for args, says := range map[string]string{
		"":                     "needs sequences that `shipments rejected ls` shows, or --all",
		"--reason a":           "need --all",
		"--since 1h":           "need --all",
		"--shipment c3":        "need --all",
		"1 --all":              "exclude each other",
		"1 --reason a":         "leave them out",
		"x":                    "is not a sequence",
		"0":                    "is not a sequence",
		"--all --shipment a.b": "is not a shipment id",
		"--all --since -1h":    "use a positive duration",
	} {
		_, err := shipments(t, append([]string{"rejected", "replay"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, says, args)
	}
	require.Len(t, inputs(t, s), 1)
}
