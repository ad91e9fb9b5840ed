// Command consumer is an example: a program that takes the outcome events of
// shipments, and does something for each of them exactly once. It keeps a journal,
// which is a file with a line for each event. A real one writes the event's id in the
// transaction that has its effect.
//
//	NATS_URL=nats://127.0.0.1:4222 go run ./docs/consumer journal.jsonl
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// durable is the name under which JetStream remembers what this program has
// acknowledged. All its instances share it, and another program has another one.
const durable = "subscriber"

// stream has the outcome events.
const stream = "SHIPMENT_EVENTS"

// config is the durable consumer.
var config = jetstream.ConsumerConfig{
	Durable:       durable,
	FilterSubject: "shipments.>",
	DeliverPolicy: jetstream.DeliverAllPolicy, // from the beginning; DeliverNewPolicy from now on
	AckPolicy:     jetstream.AckExplicitPolicy,
	AckWait:       30 * time.Second, // An event that is not acknowledged comes again after this.
	MaxDeliver:    -1,               // JetStream never gives up on an event by itself.
	MaxAckPending: 1,                // One at a time: the events of a shipment stay in their order, repeats included.
}

// event is what this program needs of a CloudEvent. Members that it does not know are
// ignored: new ones may come.
type event struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"` // the shipment's id
	Data        json.RawMessage `json:"data"`
}

// entry is a line of the journal: the id by which a repeat of its event is recognised, and
// the effect.
type entry struct {
	ID       string `json:"id"`
	Shipment string `json:"shipment"`
	Effect   string `json:"effect"`
}

// journal is where the effects are, with the ids of the events that had them. It
// is for one goroutine.
type journal struct {
	file *os.File
	seen map[string]bool
}

// open reads the ids of a journal, and makes it if it is not there.
func open(name string) (*journal, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // its user names it
	if err != nil {
		return nil, err
	}
	j := &journal{file: file, seen: map[string]bool{}}
	complete := int64(0)
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // A line without an end was cut off by a crash: its event comes again.
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("%s, byte %d: %w", name, complete, err)
		}
		j.seen[e.ID] = true
		complete += int64(len(line))
	}
	if err := file.Truncate(complete); err != nil {
		return nil, err
	}
	_, err = file.Seek(complete, 0)
	return j, err
}

// add has an effect, and remembers the event's id with it. It does nothing for a repeat.
func (j *journal) add(e entry) error {
	if j.seen[e.ID] {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.seen[e.ID] = true
	return nil
}

// effect is what this program does for an event. It is not known for a type that this
// program does not know, or is not interested in.
func effect(e event) (text string, known bool, err error) {
	switch e.Type {
	case "shipments.completed":
		var data struct {
			Outcome struct {
				ManifestedLegs []struct {
					TrackingNumbers []string `json:"trackingNumbers"`
				} `json:"manifestedLegs"`
			} `json:"outcome"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return "", true, err
		}
		numbers := []string{}
		for _, leg := range data.Outcome.ManifestedLegs {
			numbers = append(numbers, leg.TrackingNumbers...)
		}
		return fmt.Sprint("tell the customer the tracking numbers ", numbers), true, nil
	case "shipments.failed":
		return "give the order to a person", true, nil
	case "shipments.cancelled":
		return "put the goods back", true, nil
	}
	return "", false, nil
}

// handle decides what becomes of a message.
func handle(message jetstream.Msg, j *journal) error {
	var e event
	if err := json.Unmarshal(message.Data(), &e); err != nil || e.SpecVersion != "1.0" || e.ID == "" {
		// It never gets better: it must not be delivered for ever.
		return message.TermWithReason("this is no CloudEvent in JSON")
	}
	text, known, err := effect(e)
	switch {
	case err != nil:
		return message.TermWithReason("the data cannot be read: " + err.Error())
	case !known:
		// New types may come. Whoever does not acknowledge them gets them again and again.
		return message.Ack()
	}
	if err := j.add(entry{ID: e.ID, Shipment: e.Subject, Effect: text}); err != nil {
		// It may get better: the event comes again.
		return errors.Join(fmt.Errorf("event %s: %w", e.ID, err), message.NakWithDelay(5*time.Second))
	}
	// First the effect, then the acknowledgement: after a crash in between the event
	// comes again, and its id is known.
	return message.DoubleAck(context.Background())
}

// follow takes events until ctx is done.
func follow(ctx context.Context, js jetstream.JetStream, j *journal) error {
	consumer, err := js.Consumer(ctx, stream, durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) { // Where this program may not make it, an operator has to.
		consumer, err = js.CreateConsumer(ctx, stream, config)
	}
	if err != nil {
		return fmt.Errorf("find or make the durable consumer: %w", err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	for {
		message, err := messages.Next()
		switch {
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return nil
		case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, nats.ErrConnectionClosed):
			return err
		case err != nil:
			log.Print(err) // The client asks again by itself.
			continue
		}
		if err := handle(message, j); err != nil {
			log.Print(err)
		}
	}
}

func run(ctx context.Context, name string) error {
	j, err := open(name)
	if err != nil {
		return err
	}
	defer j.file.Close()
	nc, err := nats.Connect(os.Getenv("NATS_URL"), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	return follow(ctx, js, j)
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("give the file of the journal")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1])
	stop()
	if err != nil {
		log.Fatal(err)
	}
}
