package events

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams, and the durable consumer that feeds the processes.
const (
	StreamShipments  = "SHIPMENTS"
	StreamEvents     = "SHIPMENT_EVENTS"
	StreamRejections = "SHIPMENT_REJECTIONS"
	ConsumerName     = "shipment-process"
)

const (
	// MaxMessageBytes bounds an input message, headers included: JetStream
	// refuses a larger one, so that its publisher learns of it. It leaves room
	// for a rejection, which holds the input in base64, within the server's
	// default max_payload of 1 MiB.
	MaxMessageBytes = 256 << 10
	// DuplicateWindow is how long JetStream recognises a repeated message id.
	DuplicateWindow = 2 * time.Minute
	// AckWait is how long a message may be worked on before it is delivered again.
	AckWait = 30 * time.Second
	// MaxAckPending bounds the messages that are delivered and not yet
	// acknowledged, over all instances of the consumer host: those that are being
	// handled, and requests that wait for their shipment, which stands behind
	// them in the stream. If as many waited, none would ever be reached.
	MaxAckPending = 20_000
)

// Streams are the wanted streams with the given number of replicas (1 without
// a cluster). All keep their messages for good, and provisioning removes a limit
// on age, number or bytes: the ledger in SHIPMENT_EVENTS has to outlive every
// repeat of an input.
func Streams(replicas int) []jetstream.StreamConfig {
	outcomes := make([]string, 0, len(OutcomeTypes()))
	for _, t := range OutcomeTypes() {
		outcomes = append(outcomes, t+".*")
	}
	var inputs []string
	for _, t := range InputTypes() {
		inputs = append(inputs, t, t+".*")
	}
	configs := []jetstream.StreamConfig{
		{
			Name:        StreamShipments,
			Description: "Shipments to be processed, published by other teams",
			Subjects:    inputs,
			MaxMsgSize:  MaxMessageBytes,
		},
		{
			Name:        StreamEvents,
			Description: "What became of the shipments: the outcome events",
			Subjects:    outcomes,
			MaxMsgSize:  -1,
		},
		{
			Name:        StreamRejections,
			Description: "Inputs that had no effect, with the reasons",
			Subjects:    []string{TypeRejected + ".*"},
			MaxMsgSize:  -1,
		},
	}
	for i := range configs {
		c := &configs[i]
		c.Retention, c.Storage, c.Discard = jetstream.LimitsPolicy, jetstream.FileStorage, jetstream.DiscardOld
		c.MaxMsgs, c.MaxBytes, c.MaxMsgsPerSubject = -1, -1, -1
		c.Replicas = replicas
		c.Duplicates = DuplicateWindow
		c.AllowDirect = true
	}
	return configs
}

// Consumer is the wanted durable pull consumer on SHIPMENTS. It delivers
// without end: giving up on a message is the service's decision, which stores
// a rejection, and never the broker's, which would skip it silently. A
// consumer that was deleted and made anew begins at the start of the stream;
// what had its effect already is recognised as a duplicate.
func Consumer() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       ConsumerName,
		Description:   "Feeds the shipment processes",
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       AckWait,
		MaxDeliver:    -1,
		MaxAckPending: MaxAckPending,
	}
}
