package streams

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// ConsumerName is the name of the durable consumer that feeds the processes.
const ConsumerName = "shipment-process"

const (
	// DuplicateWindow is how long JetStream recognises a repeated message id.
	DuplicateWindow = 2 * time.Minute
	// AckWait is how long JetStream waits for an acknowledgement, or for a message
	// to be reported in progress, before it delivers the message again.
	AckWait = 30 * time.Second
	// MaxAckPending bounds the messages that are delivered and not yet
	// acknowledged, over all instances of the consumer host: messages that are
	// being handled, and requests that wait for their shipment, which comes after
	// them in the stream. If as many requests waited, no shipment would be delivered.
	MaxAckPending = 20_000
	// maxWaiting bounds the pulls that are open, over all instances; it is
	// JetStream's default.
	maxWaiting = 512
)

// Configs are the wanted streams with the given number of replicas (1 without
// a cluster). All keep their messages for good, and provisioning removes a limit
// on age, number or bytes: the ledger in SHIPMENT_EVENTS has to outlive every
// repeat of an input.
func Configs(replicas int) []jetstream.StreamConfig {
	configs := []jetstream.StreamConfig{
		{
			Name:        events.StreamShipments,
			Description: "Shipments to be processed, published by other teams",
			MaxMsgSize:  events.MaxMessageBytes,
		},
		{
			Name:        events.StreamEvents,
			Description: "What became of the shipments: the outcome events",
			MaxMsgSize:  -1,
		},
		{
			Name:        events.StreamRejections,
			Description: "Inputs that had no effect, with the reasons",
			MaxMsgSize:  -1,
		},
	}
	for i := range configs {
		c := &configs[i]
		c.Subjects = events.StreamSubjects(c.Name)
		c.Retention, c.Storage, c.Discard = jetstream.LimitsPolicy, jetstream.FileStorage, jetstream.DiscardOld
		c.MaxMsgs, c.MaxBytes, c.MaxMsgsPerSubject = -1, -1, -1
		c.MaxConsumers = -1
		c.Replicas = replicas
		c.Duplicates = DuplicateWindow
		c.AllowDirect = true
		c.Metadata = streamMonitoring(c.Name, replicas)
	}
	return configs
}

// bucketConfig is the wanted stream of the bucket of replays, as the client library
// makes one for a bucket. The library itself asks for more than the permissions of
// the provisioner.
func bucketConfig(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: ReplayStream, Description: "Rejections whose input was replayed", Subjects: []string{ReplaySubjects},
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, Replicas: replicas, Duplicates: DuplicateWindow,
		MaxMsgs: -1, MaxBytes: -1, MaxMsgSize: -1, MaxConsumers: -1, MaxMsgsPerSubject: 1,
		AllowRollup: true, DenyDelete: true, AllowDirect: true,
	}
}

// DurableConfig is the wanted durable pull consumer on SHIPMENTS. It has no limit
// of deliveries: the service itself gives up on a message and stores a
// rejection, while the broker would skip the message without a word. A consumer
// that is created anew begins at the start of the stream; events that had their
// effect are recognised as duplicates.
func DurableConfig() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       ConsumerName,
		Description:   "Feeds the shipment processes",
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       AckWait,
		MaxDeliver:    -1,
		MaxAckPending: MaxAckPending,
		MaxWaiting:    maxWaiting,
		Metadata:      consumerMonitoring(),
	}
}
