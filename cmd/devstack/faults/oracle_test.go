package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

// tally is what the streams contain in the end.
type tally struct {
	inputs     int // messages in SHIPMENTS
	effects    int // shipments that a process has accepted
	repeats    int // inputs that were ignored as repeats
	rejections int
	successes  int
	// lost has what is missing, doubled what exists more than once.
	lost, doubled []string
}

// finish waits until nothing is unfinished, and asserts that every input has one
// effect or one rejection, every outcome is stored once, every carrier's effect
// happened once, and that many shipments succeeded, or more. It returns the time from
// healed, the end of the last fault, until nothing was unfinished.
func (s *site) finish(healed time.Time, successes int) (recovered time.Duration) {
	s.Helper()
	s.Cleanup(s.showUnfinished)
	s.eventually("everything is finished", func(ctx context.Context) bool { return s.unfinished(ctx) == "" })
	recovered = time.Since(healed)
	t := s.assess()
	table.add(result{row: s.row, fault: s.fault, tally: t, recovered: recovered})
	require.Empty(s, t.lost, "lost")
	require.Empty(s, t.doubled, "doubled")
	require.Equal(s, t.inputs, t.effects+t.repeats+t.rejections, "every input has an effect, is a repeat, or is rejected")
	require.GreaterOrEqual(s, t.successes, successes)
	s.Logf("row %s, %s: %d inputs = %d effects + %d repeats + %d rejections; recovered in %s",
		s.row, s.fault, t.inputs, t.effects, t.repeats, t.rejections, recovered.Round(100*time.Millisecond))
	return recovered
}

// unfinished describes what is unfinished, and is empty when nothing is: inputs that
// are neither acknowledged nor rejected, shipments that have not ended, or processes
// that still run. After its last outcome a process may have a rejection to store.
func (s *site) unfinished(ctx context.Context) string {
	consumer, err := s.js.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
	if err != nil {
		return fmt.Sprintf("consumer: %v", err)
	}
	inputs, err := s.js.Stream(ctx, events.StreamShipments)
	if err != nil {
		return fmt.Sprintf("inputs: %v", err)
	}
	outcomes, err := s.js.Stream(ctx, events.StreamEvents)
	if err != nil {
		return fmt.Sprintf("outcomes: %v", err)
	}
	info, err := outcomes.Info(ctx, jetstream.WithSubjectFilter("shipments.>"))
	if err != nil {
		return fmt.Sprintf("outcomes' subjects: %v", err)
	}
	begun, ended := 0, 0
	for subject := range info.State.Subjects {
		switch eventType, _ := split(subject); eventType {
		case events.TypeAccepted:
			begun++
		case events.TypeCompleted, events.TypeFailed, events.TypeCancelled:
			ended++
		}
	}
	running, errRunning := s.processes(ctx, "ExecutionStatus = 'Running'")
	closed, errClosed := s.processes(ctx, "ExecutionStatus != 'Running'")
	if err := errors.Join(errRunning, errClosed); err != nil {
		return fmt.Sprintf("processes: %v", err)
	}
	state, last := consumer.CachedInfo(), inputs.CachedInfo().State.LastSeq
	if begun == ended && begun == s.known() && running == 0 && closed >= begun && state.NumAckPending == 0 && state.NumPending == 0 && state.AckFloor.Stream == last {
		return ""
	}
	return fmt.Sprintf("%d shipments published, %d begun, %d ended, processes: %d running, %d closed; inputs end at %d; consumer: %d pending, %d waiting for an ack, %d redelivered, delivered to %d, acknowledged to %d, %d pulls, cluster %+v",
		s.known(), begun, ended, running, closed, last, state.NumPending, state.NumAckPending, state.NumRedelivered, state.Delivered.Stream, state.AckFloor.Stream, state.NumWaiting, state.Cluster)
}

// processes counts the processes that a visibility query finds.
func (s *site) processes(ctx context.Context, query string) (int, error) {
	count, err := s.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: stack.Namespace, Query: query})
	return int(count.GetCount()), err
}

// showUnfinished logs what is unfinished when the test has failed.
func (s *site) showUnfinished() {
	if s.Failed() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context()), 5*time.Second)
		defer cancel()
		s.Logf("unfinished: %s", s.unfinished(ctx))
	}
}

// known counts the shipments that were published. Each of them begins, but after
// its message is acknowledged: that happens when Temporal has accepted it.
func (s *site) known() int {
	s.load.mu.Lock()
	defer s.load.mu.Unlock()
	ids := map[string]bool{}
	for _, in := range s.load.acknowledged {
		if in.id != "" {
			ids[in.id] = true
		}
	}
	return len(ids)
}

// split takes a subject apart into type and shipment id.
func split(subject string) (eventType, id string) {
	dot := strings.LastIndexByte(subject, '.')
	return subject[:dot], subject[dot+1:]
}

// assess compares what the streams contain with what was published.
func (s *site) assess() tally {
	s.Helper()
	var t tally
	stored := s.outcomes(&t)
	rejected := map[uint64][]events.Rejection{}
	for _, msg := range s.read(events.StreamRejections) {
		var ev event.Event
		var r events.Rejection
		require.NoError(s, json.Unmarshal(msg.Data(), &ev))
		require.NoError(s, ev.DataAs(&r))
		rejected[r.Input.StreamSequence] = append(rejected[r.Input.StreamSequence], r)
		t.rejections++
	}
	s.inputs(&t, stored, rejected)
	s.carrierEffects(&t)
	return t
}

// inputs assesses every message in SHIPMENTS.
func (s *site) inputs(t *tally, ledger map[string]events.Accepted, rejected map[uint64][]events.Rejection) {
	s.Helper()
	missing := map[string]bool{}
	for id := range s.load.acknowledged {
		missing[id] = true
	}
	begun := map[string]bool{}
	for _, msg := range s.read(events.StreamShipments) {
		t.inputs++
		id := msg.Headers().Get(jetstream.MsgIDHeader)
		in, known := s.load.acknowledged[id]
		require.True(s, known, "%s was not published by this test", id)
		delete(missing, id)
		meta, err := msg.Metadata()
		require.NoError(s, err)
		reasons := rejected[meta.Sequence.Stream]
		for _, r := range reasons {
			require.Equal(s, msg.Data(), r.Input.Data, "a rejection holds the original bytes")
		}
		entry, taken := ledger[in.id]
		wanted := 1
		if taken && entry.ContentDigest == in.digest {
			wanted = 0
			if begun[in.id] {
				t.repeats++
			}
			begun[in.id] = true
		}
		where := fmt.Sprintf("input %d (%s)", meta.Sequence.Stream, in.id)
		switch {
		case len(reasons) < wanted:
			t.lost = append(t.lost, where+" has neither effect nor rejection")
		case len(reasons) > wanted:
			t.doubled = append(t.doubled, fmt.Sprintf("%s has an effect: %v; rejections: %d", where, wanted == 0, len(reasons)))
		}
	}
	for id := range missing {
		t.lost = append(t.lost, "acknowledged message "+id+" is not in the stream")
	}
}

// stories returns the types of the events in a shipment's story; there may be two. A
// manifestation that the carrier declines after a worker was killed in its first call
// is voided: that call may have had its effect, as far as the second one can know.
func stories(id string) [][]string {
	begin := []string{events.TypeAccepted}
	switch emulated := emulation.ID(id); {
	case emulated.Ending() == emulation.DeclinesManifestation:
		return [][]string{append(begin, events.TypeFailed), {events.TypeAccepted, events.TypeManifestationVoided, events.TypeFailed}}
	case emulated.Ending() == emulation.DeclinesCollection:
		return [][]string{append(begin, events.TypeManifested, events.TypeDocumentsGenerated, events.TypeCollectionDeclined,
			events.TypeManifestationVoided, events.TypeFailed)}
	default:
		return [][]string{append(begin, events.TypeManifested, events.TypeDocumentsGenerated, events.TypeCollectionBooked, events.TypeCompleted)}
	}
}

// outcomes assesses the outcome events, and returns the ledger.
func (s *site) outcomes(t *tally) map[string]events.Accepted {
	s.Helper()
	ledger := map[string]events.Accepted{}
	stored := map[string][]string{}
	for _, msg := range s.read(events.StreamEvents) {
		eventType, id := split(msg.Subject())
		stored[id] = append(stored[id], eventType)
		if eventType == events.TypeAccepted {
			var ev event.Event
			var entry events.Accepted
			require.NoError(s, json.Unmarshal(msg.Data(), &ev))
			require.NoError(s, ev.DataAs(&entry))
			ledger[id] = entry
			t.effects++
		}
		if eventType == events.TypeCompleted {
			t.successes++
		}
	}
	for id, got := range stored {
		wanted := stories(id)
		if slices.ContainsFunc(wanted, func(want []string) bool { return slices.Equal(got, want) }) {
			continue
		}
		wrong := fmt.Sprintf("shipment %s: %v instead of %v", id, got, wanted[0])
		if len(got) < len(wanted[0]) {
			t.lost = append(t.lost, wrong)
		} else {
			t.doubled = append(t.doubled, wrong)
		}
	}
	return ledger
}

// carrierEffects assesses what the carriers' systems did.
func (s *site) carrierEffects(t *tally) {
	effects, _ := s.carriers.Effects()
	happened := map[string]int{}
	for key, n := range effects {
		id, _, _ := strings.Cut(key, "/")
		happened[id]++
		if n != 1 {
			t.doubled = append(t.doubled, fmt.Sprintf("carrier effect %s happened %d times", key, n))
		}
	}
	for _, in := range s.load.shipments {
		wanted := len(sample.Shipment(in.id, sampleTime).Legs) + 1
		if emulated := emulation.ID(in.id); emulated.Ending() == emulation.DeclinesManifestation || emulated.Ending() == emulation.DeclinesCollection {
			continue
		}
		if happened[in.id] != wanted {
			t.lost = append(t.lost, fmt.Sprintf("shipment %s: %d carrier effects instead of %d", in.id, happened[in.id], wanted))
		}
	}
}

// read reads a whole stream.
func (s *site) read(name string) []jetstream.Msg {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), s.patience)
	defer cancel()
	var left uint64
	var consumer jetstream.Consumer
	// A cluster that has just regained its quorum is unavailable for a moment.
	s.eventually("stream "+name+" can be read", func(ctx context.Context) bool {
		stream, err := s.js.Stream(ctx, name)
		if err != nil {
			return false
		}
		left = stream.CachedInfo().State.Msgs
		consumer, err = stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
		return err == nil
	})
	if left == 0 {
		return nil
	}
	arriving, err := consumer.Messages()
	require.NoError(s, err)
	defer arriving.Stop()
	found := make([]jetstream.Msg, 0, left)
	for uint64(len(found)) < left {
		msg, err := arriving.Next(jetstream.NextContext(ctx))
		require.NoError(s, err)
		found = append(found, msg)
	}
	return found
}
