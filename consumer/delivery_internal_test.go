package consumer

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

func TestDeliveredBefore(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	var s seen
	for _, c := range []struct {
		name                string
		sequence, delivered uint64
		stored              time.Time
		want                bool
	}{
		{"stored before the durable consumer was created", 1, 1, created.Add(-time.Second), true},
		{"a first delivery", 2, 1, created.Add(time.Second), false},
		{"the next one, after a gap", 5, 1, created.Add(time.Second), false},
		{"a redelivery", 2, 2, created.Add(time.Second), true},
		{"goes back: the durable consumer was created again", 2, 1, created.Add(time.Second), true},
		{"and has come as far as the deleted one", 5, 1, created.Add(time.Second), true},
		{"and further", 6, 1, created.Add(time.Second), false},
	} {
		meta := &nats.MsgMetadata{Sequence: nats.SequencePair{Stream: c.sequence}, NumDelivered: c.delivered, Timestamp: c.stored}
		require.Equal(t, c.want, s.deliveredBefore(meta, created), c.name)
	}
}
