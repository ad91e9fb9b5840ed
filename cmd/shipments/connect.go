package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
)

// connectTimeout bounds how long a command waits for NATS: unlike a host it
// has somebody waiting.
const connectTimeout = 5 * time.Second

// session is what the commands that talk to JetStream need.
type session struct {
	config    hosts.Config
	js        jetstream.JetStream
	publisher *streams.Publisher
	close     func()
}

// connect reads the environment and connects to NATS.
func connect(ctx context.Context) (*session, error) {
	config, err := hosts.LoadConfig()
	if err != nil {
		return nil, err
	}
	nc, js, err := hosts.Connect(config, hosts.NewLogger(config, os.Stderr))
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := nc.FlushWithContext(bounded); err != nil {
		nc.Close()
		return nil, fmt.Errorf("no NATS server answers at %s (NATS_URL): %w", config.NATSURL, err)
	}
	return &session{config: config, js: js, publisher: streams.NewPublisher(js, config.PublicURL), close: nc.Close}, nil
}

func checkIDs(ids ...string) error {
	for _, id := range ids {
		if !shipment.ValidID(id) {
			return fmt.Errorf("%q is no shipment id: it has %s", id, shipment.IDRule)
		}
	}
	return nil
}
