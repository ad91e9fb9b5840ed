package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// Change is what [Provision] does about a difference.
type Change string

// The changes.
const (
	// Create: the object is missing, and is created.
	Create Change = "create"
	// Update: the setting differs, and is changed in place without loss.
	Update Change = "update"
	// Conflict: the setting cannot be changed, or not without losing data. Nothing
	// is changed; an operator has to decide.
	Conflict Change = "conflict"
	// Keep: the setting cannot be changed, or somebody set it on purpose, and the
	// service works with it. It is shown.
	Keep Change = "keep"
)

// Difference is one setting that is not as it should be.
type Difference struct {
	// Object is the stream, stream and consumer joined by " > ", or the bucket.
	Object  string
	Setting string
	Have    string
	Want    string
	Change  Change
	// Advice is, for a conflict or what is kept, the reason and what an operator can
	// do.
	Advice string
}

func (d Difference) String() string {
	s := fmt.Sprintf("%s: %s: %s is %s, wanted %s", d.Change, d.Object, d.Setting, d.Have, d.Want)
	if d.Advice != "" {
		s += ": " + d.Advice
	}
	return s
}

// Check compares the streams, the durable consumer and the bucket of replays with
// what is wanted. It
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
		differences = append(differences, CompareStream(stream.CachedInfo().Config, want)...)
		if want.Name != events.StreamShipments {
			continue
		}
		found, err := checkConsumer(ctx, stream)
		if err != nil {
			return nil, err
		}
		differences = append(differences, found...)
	}
	found, err := checkBucket(ctx, js, replicas)
	return append(differences, found...), err
}

// checkBucket compares the bucket of replays with what is wanted.
func checkBucket(ctx context.Context, js jetstream.JetStream, replicas int) ([]Difference, error) {
	stream, err := js.Stream(ctx, ReplayStream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return []Difference{{Object: ReplayBucket, Setting: "bucket", Have: "missing", Want: "key-value", Change: Create}}, nil
	case err != nil:
		return nil, fmt.Errorf("look up bucket %s: %w", ReplayBucket, err)
	case stream.CachedInfo().Config.Replicas != replicas:
		return []Difference{{
			Object: ReplayBucket, Setting: "replicas", Have: strconv.Itoa(stream.CachedInfo().Config.Replicas), Want: strconv.Itoa(replicas), Change: Update,
		}}, nil
	}
	return nil, nil
}

// MinPayload is the max_payload, in bytes, that a server needs for the rejection of the
// largest input: the input in base64, its headers escaped, and the reasons.
const MinPayload = 2 * events.MaxMessageBytes

// checkServer finds a conflict with a server that takes an input but not its rejection.
func checkServer(maxPayload int64) []Difference {
	if maxPayload >= MinPayload {
		return nil
	}
	return []Difference{{
		Object: "nats-server", Setting: "max_payload", Have: strconv.FormatInt(maxPayload, 10),
		Want: fmt.Sprintf("at least %d", MinPayload), Change: Conflict,
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

// Provision creates and updates what is missing or differs. It is idempotent, and
// any number of hosts may call it at once. It returns the differences that it
// found, which are resolved if there is no error, but for those that it keeps. If
// one of them is a conflict it changes nothing, and the error wraps a
// [*StreamConflictError] for each.
func Provision(ctx context.Context, js jetstream.JetStream, replicas int) ([]Difference, error) {
	differences, err := Check(ctx, js, replicas)
	if err != nil {
		return nil, err
	}
	if err := Conflicts(differences); err != nil {
		return differences, err
	}
	changed := slices.DeleteFunc(slices.Clone(differences), func(d Difference) bool { return d.Change == Keep })
	for _, want := range Configs(replicas) {
		if !slices.ContainsFunc(changed, func(d Difference) bool { return d.Object == want.Name }) {
			continue
		}
		if err := Apply(ctx, js, want); err != nil {
			return differences, err
		}
	}
	if slices.ContainsFunc(changed, func(d Difference) bool { return strings.HasSuffix(d.Object, ConsumerName) }) {
		if err := applyConsumer(ctx, js); err != nil {
			return differences, fmt.Errorf("provision consumer %s: %w", ConsumerName, err)
		}
	}
	if slices.ContainsFunc(differences, func(d Difference) bool { return d.Object == ReplayBucket }) {
		if err := applyBucket(ctx, js, replicas); err != nil {
			return differences, fmt.Errorf("provision bucket %s: %w", ReplayBucket, err)
		}
	}
	return differences, nil
}

// applyBucket creates the bucket of replays, or updates its replicas.
func applyBucket(ctx context.Context, js jetstream.JetStream, replicas int) error {
	stream, err := js.Stream(ctx, ReplayStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, bucketConfig(replicas))
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil // Another host has created it.
		}
	} else if err == nil {
		config := stream.CachedInfo().Config
		config.Replicas = replicas
		_, err = js.UpdateStream(ctx, config)
	}
	return err
}

// codeSubjectsOverlap is JetStream's error for subjects that another stream has.
const codeSubjectsOverlap jetstream.ErrorCode = 10065

// Conflicts returns an error that wraps a [*StreamConflictError] for each conflict,
// or nil if there is none.
func Conflicts(differences []Difference) error {
	var conflicts []error
	for _, d := range differences {
		if d.Change == Conflict {
			conflicts = append(conflicts, &StreamConflictError{Difference: d})
		}
	}
	return errors.Join(conflicts...)
}

// Apply creates a stream, or updates the settings of it that are compared and can
// be changed; all others stay, and so does the metadata of others.
func Apply(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) error {
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil // Another host has created it.
		}
	} else if err == nil {
		config := stream.CachedInfo().Config
		repair(streamSettings, &config, want)
		_, err = js.UpdateStream(ctx, config)
	}
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == codeSubjectsOverlap {
		return &StreamConflictError{Difference: Difference{
			Object: want.Name, Setting: "subjects", Have: "taken in part by another stream", Want: strings.Join(want.Subjects, " "), Change: Conflict,
			Advice: "`nats stream ls --subject '" + want.Subjects[len(want.Subjects)-1] + "'` and the like show which; take the subjects from it with `nats stream edit`",
		}}
	}
	if err != nil {
		return fmt.Errorf("provision stream %s: %w", want.Name, err)
	}
	return nil
}

// applyConsumer creates the durable consumer, or updates the settings of it that
// are compared; all others stay.
func applyConsumer(ctx context.Context, js jetstream.JetStream) error {
	want := DurableConfig()
	durable, err := js.Consumer(ctx, events.StreamShipments, ConsumerName)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		_, err = js.CreateOrUpdateConsumer(ctx, events.StreamShipments, want)
		return err
	}
	if err != nil {
		return err
	}
	config := durable.CachedInfo().Config
	repair(consumerSettings, &config, want)
	_, err = js.UpdateConsumer(ctx, events.StreamShipments, config)
	return err
}

// StreamConflictError is a difference that [Provision] does not resolve.
type StreamConflictError struct{ Difference Difference }

func (e *StreamConflictError) Error() string { return e.Difference.String() }
