package streams

import (
	"time"

	"shipments/events"

	"github.com/nats-io/nats.go/jetstream"
)

// ConsumerName is the name of the durable consumer that feeds the processes.
const ConsumerName = "shipment-process"

const (
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

// Configs are the wanted streams with the given number of replicas (1 without
// a cluster). All keep their messages for good, and provisioning removes a limit
// on age, number or bytes: the ledger in SHIPMENT_EVENTS has to outlive every
// repeat of an input.
func Configs(replicas int) []jetstream.StreamConfig {
	outcomes := make([]string, 0, len(events.OutcomeTypes()))
	for _, t := range events.OutcomeTypes() {
		outcomes = append(outcomes, t+".*")
	}
	var inputs []string
	for _, t := range events.InputTypes() {
		inputs = append(inputs, t, t+".*")
	}
	configs := []jetstream.StreamConfig{
		{
			Name:        events.StreamShipments,
			Description: "Shipments to be processed, published by other teams",
			Subjects:    inputs,
			MaxMsgSize:  events.MaxMessageBytes,
		},
		{
			Name:        events.StreamEvents,
			Description: "What became of the shipments: the outcome events",
			Subjects:    outcomes,
			MaxMsgSize:  -1,
		},
		{
			Name:        events.StreamRejections,
			Description: "Inputs that had no effect, with the reasons",
			Subjects:    []string{events.TypeRejected + ".*"},
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

// DurableConfig is the wanted durable pull consumer on SHIPMENTS. It delivers
// without end: giving up on a message is the service's decision, which stores
// a rejection, and never the broker's, which would skip it silently. A
// consumer that was deleted and made anew begins at the start of the stream;
// what had its effect already is recognised as a duplicate.
func DurableConfig() jetstream.ConsumerConfig {
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
