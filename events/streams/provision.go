package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shipments/events"

	"github.com/nats-io/nats.go/jetstream"
)

// Change says what provisioning does about a difference.
type Change string

// The changes.
const (
	// Create: it does not exist, and is made.
	Create Change = "create"
	// Update: the setting differs, and is changed in place without loss.
	Update Change = "update"
	// Refuse: the setting cannot be changed, or not without losing data; an
	// operator has to decide.
	Refuse Change = "refuse"
)

// Difference is one setting that is not as it should be.
type Difference struct {
	// Object is the stream, or stream and consumer joined by " > ".
	Object  string
	Setting string
	Have    string
	Want    string
	Change  Change
	// Advice says why a change is refused and what an operator would do.
	Advice string
}

func (d Difference) String() string {
	s := fmt.Sprintf("%s: %s: %s is %s, wanted %s", d.Change, d.Object, d.Setting, d.Have, d.Want)
	if d.Advice != "" {
		s += ": " + d.Advice
	}
	return s
}

// Check compares the streams and the durable consumer with what is wanted. It
// changes nothing.
func Check(ctx context.Context, js jetstream.JetStream, replicas int) ([]Difference, error) {
	differences := checkServer(js.Conn().MaxPayload())
	for _, want := range Configs(replicas) {
		stream, err := js.Stream(ctx, want.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			differences = append(differences, Difference{Object: want.Name, Setting: "stream", Have: "missing", Want: strings.Join(want.Subjects, " "), Change: Create})
			if want.Name == events.StreamShipments {
				differences = append(differences, missingConsumer())
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look up stream %s: %w", want.Name, err)
		}
		differences = append(differences, compareStream(stream.CachedInfo().Config, want)...)
		if want.Name != events.StreamShipments {
			continue
		}
		found, err := checkConsumer(ctx, stream)
		if err != nil {
			return nil, err
		}
		differences = append(differences, found...)
	}
	return differences, nil
}

// minMaxPayload is what a rejection of the largest input needs: the input in
// base64, its headers escaped, and the reasons.
const minMaxPayload = 2 * events.MaxMessageBytes

// checkServer refuses a server that could take an input and not its rejection.
func checkServer(maxPayload int64) []Difference {
	if maxPayload >= minMaxPayload {
		return nil
	}
	return []Difference{{
		Object: "nats-server", Setting: "max_payload", Have: strconv.FormatInt(maxPayload, 10),
		Want: fmt.Sprintf("at least %d", minMaxPayload), Change: Refuse,
		Advice: "the rejection of a large input would not fit into a message; raise max_payload in the server's configuration and reload it",
	}}
}

func missingConsumer() Difference {
	return Difference{Object: events.StreamShipments + " > " + ConsumerName, Setting: "consumer", Have: "missing", Want: "durable, explicit ack", Change: Create}
}

func checkConsumer(ctx context.Context, stream jetstream.Stream) ([]Difference, error) {
	consumer, err := stream.Consumer(ctx, ConsumerName)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return []Difference{missingConsumer()}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up consumer %s: %w", ConsumerName, err)
	}
	return compareConsumer(consumer.CachedInfo().Config, DurableConfig()), nil
}

// Provision creates and updates what is missing or differs, and is idempotent:
// any number of hosts may do so at once. It returns the differences that it
// found, which are settled if there is no error. If some have to be refused,
// nothing is changed, and the error holds a [RefusedError] for each.
func Provision(ctx context.Context, js jetstream.JetStream, replicas int) ([]Difference, error) {
	differences, err := Check(ctx, js, replicas)
	if err != nil {
		return nil, err
	}
	var refused []error
	for _, d := range differences {
		if d.Change == Refuse {
			refused = append(refused, &RefusedError{Difference: d})
		}
	}
	if len(refused) > 0 {
		return differences, errors.Join(refused...)
	}
	for _, want := range Configs(replicas) {
		if !slices.ContainsFunc(differences, func(d Difference) bool { return d.Object == want.Name }) {
			continue
		}
		if err := applyStream(ctx, js, want); err != nil {
			return differences, err
		}
	}
	if slices.ContainsFunc(differences, func(d Difference) bool { return strings.HasSuffix(d.Object, ConsumerName) }) {
		if _, err := js.CreateOrUpdateConsumer(ctx, events.StreamShipments, DurableConfig()); err != nil {
			return differences, fmt.Errorf("provision consumer %s: %w", ConsumerName, err)
		}
	}
	return differences, nil
}

// applyStream creates the stream or brings our settings of it up to date,
// keeping those that are none of our business.
func applyStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) error {
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil // Another host was faster.
		}
	} else if err == nil {
		config := stream.CachedInfo().Config
		for _, s := range streamSettings {
			s.set(&config, want)
		}
		_, err = js.UpdateStream(ctx, config)
	}
	if err != nil {
		return fmt.Errorf("provision stream %s: %w", want.Name, err)
	}
	return nil
}

// RefusedError is a difference that provisioning does not touch.
type RefusedError struct{ Difference Difference }

func (e *RefusedError) Error() string { return e.Difference.String() }

// setting is one of the stream settings that we care about.
type setting struct {
	name   string
	get    func(jetstream.StreamConfig) string
	set    func(have *jetstream.StreamConfig, want jetstream.StreamConfig)
	refuse string // why the setting is never changed; empty if it can be
}

func keep(*jetstream.StreamConfig, jetstream.StreamConfig) {}

var streamSettings = []setting{
	{
		name: "retention", get: func(c jetstream.StreamConfig) string { return c.Retention.String() }, set: keep,
		refuse: "another retention would discard messages; copy the stream under another name, delete it with `nats stream rm`, and start again",
	},
	{
		name: "storage", get: func(c jetstream.StreamConfig) string { return c.Storage.String() }, set: keep,
		refuse: "JetStream cannot change it; save the stream with `nats stream backup`, delete it, and restore it with the wanted storage",
	},
	{
		name: "max age", get: func(c jetstream.StreamConfig) string { return c.MaxAge.String() },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.MaxAge = want.MaxAge },
	},
	{
		name: "max messages", get: func(c jetstream.StreamConfig) string { return fmt.Sprint(c.MaxMsgs) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.MaxMsgs = want.MaxMsgs },
	},
	{
		name: "max bytes", get: func(c jetstream.StreamConfig) string { return fmt.Sprint(c.MaxBytes) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.MaxBytes = want.MaxBytes },
	},
	{
		name: "max messages per subject", get: func(c jetstream.StreamConfig) string { return fmt.Sprint(c.MaxMsgsPerSubject) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) {
			have.MaxMsgsPerSubject = want.MaxMsgsPerSubject
		},
	},
	{
		name: "max message size", get: func(c jetstream.StreamConfig) string { return fmt.Sprint(c.MaxMsgSize) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.MaxMsgSize = want.MaxMsgSize },
	},
	{
		name: "replicas", get: func(c jetstream.StreamConfig) string { return fmt.Sprint(c.Replicas) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.Replicas = want.Replicas },
	},
	{
		name: "duplicate window", get: func(c jetstream.StreamConfig) string { return c.Duplicates.String() },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.Duplicates = want.Duplicates },
	},
	{
		name: "direct get", get: func(c jetstream.StreamConfig) string { return fmt.Sprint(c.AllowDirect) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.AllowDirect = want.AllowDirect },
	},
	{
		name: "subjects", get: func(c jetstream.StreamConfig) string {
			return strings.Join(slices.Sorted(slices.Values(c.Subjects)), " ")
		},
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.Subjects = want.Subjects },
	},
}

func compareStream(have, want jetstream.StreamConfig) []Difference {
	var differences []Difference
	for _, s := range streamSettings {
		if s.get(have) == s.get(want) {
			continue
		}
		d := Difference{Object: want.Name, Setting: s.name, Have: s.get(have), Want: s.get(want), Change: Update}
		if s.refuse != "" {
			d.Change, d.Advice = Refuse, s.refuse
		}
		if s.name == "subjects" && !containsAll(want.Subjects, have.Subjects) {
			d.Change = Refuse
			d.Advice = "somebody added subjects, whose messages would be lost; remove them with `nats stream edit` if nobody needs them"
		}
		differences = append(differences, d)
	}
	return differences
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func compareConsumer(have, want jetstream.ConsumerConfig) []Difference {
	var differences []Difference
	compare := func(name string, have, want any, refuse string) {
		if fmt.Sprint(have) == fmt.Sprint(want) {
			return
		}
		d := Difference{Object: events.StreamShipments + " > " + ConsumerName, Setting: name, Have: fmt.Sprint(have), Want: fmt.Sprint(want), Change: Update}
		if refuse != "" {
			d.Change, d.Advice = Refuse, refuse
		}
		differences = append(differences, d)
	}
	const remake = "JetStream cannot change it; delete the consumer with `nats consumer rm " + events.StreamShipments + " " + ConsumerName + "`: it is made anew, and what had its effect is recognised"
	compare("ack policy", have.AckPolicy, want.AckPolicy, remake)
	compare("deliver policy", have.DeliverPolicy, want.DeliverPolicy, remake)
	compare("ack wait", have.AckWait, want.AckWait, "")
	compare("max deliveries", have.MaxDeliver, want.MaxDeliver, "")
	compare("max ack pending", have.MaxAckPending, want.MaxAckPending, "")
	compare("back-off", have.BackOff, want.BackOff, "")
	compare("filter", strings.Join(append(have.FilterSubjects, have.FilterSubject), " "), strings.Join(append(want.FilterSubjects, want.FilterSubject), " "), "")
	return differences
}
