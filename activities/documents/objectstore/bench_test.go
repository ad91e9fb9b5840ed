package objectstore_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"shipments/activities/documents/objectstore"
	"shipments/events/eventstest"
)

// manyObjects is how many objects [BenchmarkReadOfMany] stores.
var manyObjects = flag.Int("objects", 500_000, "how many objects the bucket holds while some are read")

// BenchmarkReadOfMany reads the five documents of a shipment, infos and contents, from a
// bucket with many.
func BenchmarkReadOfMany(b *testing.B) {
	const documents = 5
	s := eventstest.Start(b)
	_, err := s.JS.CreateObjectStore(b.Context(), jetstream.ObjectStoreConfig{Bucket: "things"})
	require.NoError(b, err)
	bucket := objectstore.New(s.JS, "things")
	var storing errgroup.Group
	storing.SetLimit(64)
	name := func(n int) string { return fmt.Sprintf("%032x_%d", n/documents*2654435761, n%documents) }
	for n := range *manyObjects {
		storing.Go(func() error { return bucket.Put(b.Context(), name(n), "application/pdf", content(1000), nil) })
	}
	require.NoError(b, storing.Wait())
	names := func(n int) (names []string) {
		first := n * 7919 % (*manyObjects / documents) * documents
		for i := range documents {
			names = append(names, name(first+i))
		}
		return names
	}
	n := 0
	eventstest.Quantiles(b, func() {
		infos, err := bucket.Infos(b.Context(), names(n))
		require.NoError(b, err)
		require.Len(b, infos, documents)
		contents, err := bucket.Contents(b.Context(), infos)
		require.NoError(b, err)
		require.Len(b, contents, documents)
		n++
	})
}
