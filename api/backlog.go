package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/events/streams"
)

// backlogInterval is how often the durable consumer is asked at most: however many
// pages are open, the question is put to its leader.
const backlogInterval = 5 * time.Second

// backlog says how many inputs wait for the consumer host. The zero value is ready
// for use. It is safe for concurrent use.
type backlog struct {
	mu    sync.Mutex
	asked time.Time
	text  string
}

// read returns what was found within the last few seconds, for people.
func (b *backlog) read(ctx context.Context, js jetstream.JetStream) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.asked) < backlogInterval {
		return b.text
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	b.asked, b.text = time.Now(), "unknown"
	consumer, err := js.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
	if err != nil {
		return b.text
	}
	info := consumer.CachedInfo()
	b.text = fmt.Sprintf("%d messages", info.NumPending)
	if info.NumPending == 1 {
		b.text = "1 message"
	}
	if info.NumAckPending > 0 {
		b.text += fmt.Sprintf(", %d in hand", info.NumAckPending)
	}
	return b.text
}
