package documents

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/activities/documents/objectstore"
	"shipments/events/streams"
)

// Bucket is the JetStream object store that keeps the documents.
const Bucket = "shipment-documents"

// bucketStream is the wanted stream of the bucket: that of any object store.
func bucketStream(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        objectstore.StreamName(Bucket),
		Description: "The documents of the shipments, as PDF",
		Subjects:    []string{"$O." + Bucket + ".C.>", "$O." + Bucket + ".M.>"},
		Storage:     jetstream.FileStorage,
		Discard:     jetstream.DiscardNew,
		Replicas:    replicas,
		Duplicates:  streams.DuplicateWindow,
		AllowRollup: true,
		AllowDirect: true,
	}
}

// Check compares the bucket with what is wanted. It changes nothing.
func Check(ctx context.Context, js jetstream.JetStream, replicas int) ([]streams.Difference, error) {
	want := bucketStream(replicas)
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return []streams.Difference{{Object: Bucket, Setting: "bucket", Have: "missing", Want: "present", Change: streams.Create}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up bucket %s: %w", Bucket, err)
	}
	return streams.CompareStream(stream.CachedInfo().Config, want), nil
}

// Provision creates the bucket, or updates its settings, as [streams.Provision]
// does with streams. It is idempotent.
func Provision(ctx context.Context, js jetstream.JetStream, replicas int) error {
	differences, err := Check(ctx, js, replicas)
	if err != nil {
		return err
	}
	if err := streams.Conflicts(differences); err != nil {
		return err
	}
	if !slices.ContainsFunc(differences, func(d streams.Difference) bool { return d.Change != streams.Keep }) {
		return nil
	}
	if err := streams.Apply(ctx, js, bucketStream(replicas)); err != nil {
		return fmt.Errorf("provision bucket %s: %w", Bucket, err)
	}
	return nil
}
