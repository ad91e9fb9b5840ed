package index

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/shipment"
)

// The streams are read side by side: whichever is ahead, the view says the same in
// the end.
func TestRecordIsTheSameInAnyOrderOfTheStreams(t *testing.T) {
	t.Parallel()
	input := func(sequence uint64, reference string) message {
		return message{stream: events.StreamShipments, eventType: events.TypeCreated, sequence: sequence, reference: reference}
	}
	rejection := func(sequence, input uint64) message {
		return message{stream: events.StreamRejections, eventType: events.TypeRejected, sequence: sequence, input: input, reason: events.CodeSchemaViolation}
	}
	outcome := func(eventType string, sequence uint64) message {
		return message{stream: events.StreamEvents, eventType: eventType, sequence: sequence}
	}
	for name, c := range map[string]struct {
		inputs, outcomes, rejections []message
		want                         string
		status                       shipment.Status
	}{
		"two rejected, then a right one": {
			inputs:     []message{input(1, "wrong"), input(2, "wrong too"), input(3, "right")},
			outcomes:   []message{outcome(events.TypeAccepted, 1)},
			rejections: []message{rejection(1, 1), rejection(2, 2)},
			want:       "right", status: shipment.Pending,
		},
		"a conflict": {
			inputs:     []message{input(1, "first"), input(2, "second")},
			outcomes:   []message{outcome(events.TypeAccepted, 1), outcome(events.TypeCompleted, 2)},
			rejections: []message{rejection(1, 2)},
			want:       "first", status: shipment.Success,
		},
		"rejected, right, and a conflict": {
			inputs:     []message{input(1, "wrong"), input(2, "right"), input(3, "third")},
			outcomes:   []message{outcome(events.TypeAccepted, 1)},
			rejections: []message{rejection(1, 1), rejection(2, 3)},
			want:       "right", status: shipment.Pending,
		},
		"rejected, and a right one twice": {
			inputs:     []message{input(1, "wrong"), input(2, "right"), input(3, "right")},
			outcomes:   []message{outcome(events.TypeAccepted, 1)},
			rejections: []message{rejection(1, 1)},
			want:       "right", status: shipment.Pending,
		},
		"all rejected": {
			inputs:     []message{input(1, "wrong"), input(2, "wrong too")},
			rejections: []message{rejection(1, 1), rejection(2, 2)},
			want:       "wrong too", status: shipment.Rejected,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			orders := interleavings(nil, c.inputs, c.outcomes, c.rejections)
			require.NotEmpty(t, orders)
			for _, order := range orders {
				x := New(Config{})
				x.position[events.StreamShipments] = &position{}
				for i, m := range order {
					m.id, m.at = "s", time.Unix(int64(i), 0)
					if m.stream == events.StreamShipments {
						x.position[m.stream].sequence = m.sequence
					}
					x.apply(m)
				}
				seen, known := x.Find("s")
				require.True(t, known)
				require.Equal(t, c.status, seen.Status, "%+v", order)
				if c.status != shipment.Rejected { // Of several rejected contents, any may be shown.
					require.Equal(t, c.want, seen.Reference, "%+v", order)
				}
				require.Empty(t, x.rejectedAhead, "%+v", order)
				require.Empty(t, x.corrections, "%+v", order)
			}
		})
	}
}

// interleavings are all orders of messages in which those of each stream keep theirs.
func interleavings(before []message, streams ...[]message) (orders [][]message) {
	done := true
	for i, messages := range streams {
		if len(messages) == 0 {
			continue
		}
		done = false
		rest := slices.Clone(streams)
		rest[i] = messages[1:]
		orders = append(orders, interleavings(append(slices.Clip(before), messages[0]), rest...)...)
	}
	if done {
		return [][]message{before}
	}
	return orders
}
