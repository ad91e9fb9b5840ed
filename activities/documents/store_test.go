package documents_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/activities"
	"shipments/activities/documents"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

func setup(t *testing.T) (*eventstest.Server, *documents.Store) {
	t.Helper()
	s := eventstest.Start(t)
	require.NoError(t, documents.Provision(t.Context(), s.JS, 1))
	require.NoError(t, documents.Provision(t.Context(), s.JS, 1), "again")
	return s, documents.NewStore(s.JS)
}

// damage removes the chunks of an object and leaves its info.
func damage(t *testing.T, s *eventstest.Server, name string) {
	t.Helper()
	bucket, err := s.JS.ObjectStore(t.Context(), documents.Bucket)
	require.NoError(t, err)
	info, err := bucket.GetInfo(t.Context(), name)
	require.NoError(t, err)
	stream, err := s.JS.Stream(t.Context(), "OBJ_"+documents.Bucket)
	require.NoError(t, err)
	msg, err := stream.GetLastMsgForSubject(t.Context(), "$O."+documents.Bucket+".C."+info.NUID)
	require.NoError(t, err)
	require.NoError(t, stream.DeleteMsg(t.Context(), msg.Sequence))
}

func TestStoreReadsADocumentBackAsItWasPut(t *testing.T) {
	t.Parallel()
	_, store := setup(t)
	_, _, err := store.Get(t.Context(), "abc_labels")
	require.ErrorIs(t, err, documents.ErrUnknown)
	for _, size := range []int{0, 1, 128 << 10, 300_000} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i * 7)
		}
		require.NoError(t, store.Put(t.Context(), "abc_labels", content))
		got, etag, err := store.Get(t.Context(), "abc_labels")
		require.NoError(t, err)
		require.Len(t, got, size)
		require.Equal(t, content, append([]byte{}, got...))
		require.Len(t, etag, 45)
	}
}

func TestGenerateLeavesOneObjectPerDocumentWhenRetried(t *testing.T) {
	t.Parallel()
	s, store := setup(t)
	a := &activities.Documents{Store: store}
	for range 3 {
		require.NoError(t, a.Generate(t.Context(), input(t, "cabc")))
	}
	bucket, err := s.JS.ObjectStore(t.Context(), documents.Bucket)
	require.NoError(t, err)
	objects, err := bucket.List(t.Context())
	require.NoError(t, err)
	require.Len(t, objects, 6)
	stream, err := s.JS.Stream(t.Context(), "OBJ_"+documents.Bucket)
	require.NoError(t, err)
	require.Equal(t, uint64(12), stream.CachedInfo().State.Msgs, "a chunk and an info each, and nothing left over")
}

func TestStorePutsOnlyWhatIsNotThereUnharmed(t *testing.T) {
	t.Parallel()
	s, store := setup(t)
	all := map[string][]byte{
		"abc_labels": []byte("labels"), "abc_receipt": []byte("receipt"), "abc_invoice": make([]byte, 300_000), "abc_combined": make([]byte, 300_000),
	}
	require.NoError(t, store.PutAll(t.Context(), all))
	bucket, err := s.JS.ObjectStore(t.Context(), documents.Bucket)
	require.NoError(t, err)
	nuids := func() map[string]string {
		nuids := map[string]string{}
		objects, err := bucket.List(t.Context())
		require.NoError(t, err)
		for _, object := range objects {
			nuids[object.Name] = object.NUID
		}
		return nuids
	}
	before := nuids()
	damage(t, s, "abc_labels")
	damage(t, s, "abc_invoice")
	all["abc_more"] = nil
	require.NoError(t, store.PutAll(t.Context(), all))
	after := nuids()
	require.Len(t, after, 5)
	for name, content := range all {
		stored, _, err := store.Get(t.Context(), name)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, stored), name)
		require.Equal(t, name == "abc_receipt" || name == "abc_combined", before[name] == after[name], "%s is left alone if it is unharmed", name)
	}
	require.NoError(t, store.PutAll(t.Context(), all))
	require.Equal(t, after, nuids())
}

func TestStoreLeavesNothingOfWhatIsReplaced(t *testing.T) {
	t.Parallel()
	s, store := setup(t)
	stream, err := s.JS.Stream(t.Context(), "OBJ_"+documents.Bucket)
	require.NoError(t, err)
	for _, content := range [][]byte{make([]byte, 300_000), []byte("another"), nil, make([]byte, 300_001), []byte("the last")} {
		require.NoError(t, store.PutAll(t.Context(), map[string][]byte{"abc_labels": content, "abc_receipt": []byte("the same")}))
		info, err := stream.Info(t.Context())
		require.NoError(t, err)
		chunks := (len(content) + 128<<10 - 1) / (128 << 10)
		require.EqualValues(t, 1+chunks+2, info.State.Msgs, "an info each, and the chunks of what is there")
	}
}

// What is stored is an object like any other: for the nats CLI and every
// library.
func TestStoreIsABucketOfNATS(t *testing.T) {
	t.Parallel()
	s, store := setup(t)
	bucket, err := s.JS.ObjectStore(t.Context(), documents.Bucket)
	require.NoError(t, err)
	for _, content := range [][]byte{{}, []byte("labels"), make([]byte, 300_000)} {
		require.NoError(t, store.Put(t.Context(), "abc_labels", content))
		got, err := bucket.GetBytes(t.Context(), "abc_labels")
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
		object, err := bucket.GetInfo(t.Context(), "abc_labels")
		require.NoError(t, err)
		require.Equal(t, "application/pdf", object.Headers["Content-Type"][0])
		require.EqualValues(t, 128<<10, object.Opts.ChunkSize)

		others, err := bucket.PutBytes(t.Context(), "abc_receipt", content)
		require.NoError(t, err)
		require.NoError(t, store.Put(t.Context(), "abc_receipt", content))
		object, err = bucket.GetInfo(t.Context(), "abc_receipt")
		require.NoError(t, err)
		require.Equal(t, others.NUID, object.NUID, "what another client stored is recognised")
		require.NoError(t, bucket.Delete(t.Context(), "abc_receipt"))
		require.NoError(t, store.Put(t.Context(), "abc_receipt", content))
		got, err = bucket.GetBytes(t.Context(), "abc_receipt")
		require.NoError(t, err, "and put again if another client deleted it")
		require.True(t, bytes.Equal(content, got))
	}
}

func TestStoreFindsAndMendsADamagedDocument(t *testing.T) {
	t.Parallel()
	s, store := setup(t)
	for _, content := range [][]byte{make([]byte, 1000), make([]byte, 300_000)} {
		require.NoError(t, store.Put(t.Context(), "abc_labels", content))
		damage(t, s, "abc_labels")
		_, _, err := store.Get(t.Context(), "abc_labels")
		require.ErrorIs(t, err, documents.ErrDamaged)
		require.NoError(t, store.Put(t.Context(), "abc_labels", content))
		_, _, err = store.Get(t.Context(), "abc_labels")
		require.NoError(t, err)
	}
}

func TestStoreIsAnErrorWithoutABucket(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	_, _, err := documents.NewStore(s.JS).Get(t.Context(), "abc_labels")
	require.ErrorIs(t, err, jetstream.ErrBucketNotFound)
}

func TestProvisionComparesTheBucket(t *testing.T) {
	t.Parallel()
	s := eventstest.Start(t)
	require.NoError(t, documents.Provision(t.Context(), s.JS, 1))
	stream, err := s.JS.Stream(t.Context(), "OBJ_"+documents.Bucket)
	require.NoError(t, err)
	config := stream.CachedInfo().Config
	config.MaxAge, config.Metadata = time.Hour, map[string]string{"team": "logistics"}
	_, err = s.JS.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	differences, err := documents.Check(t.Context(), s.JS, 1)
	require.NoError(t, err)
	require.Len(t, differences, 1)
	require.Equal(t, "max age", differences[0].Setting)
	require.NoError(t, documents.Provision(t.Context(), s.JS, 1))
	stream, err = s.JS.Stream(t.Context(), "OBJ_"+documents.Bucket)
	require.NoError(t, err)
	require.Zero(t, stream.CachedInfo().Config.MaxAge)
	require.Equal(t, "logistics", stream.CachedInfo().Config.Metadata["team"])

	config = stream.CachedInfo().Config
	config.Sealed = true
	_, err = s.JS.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	var conflict *streams.StreamConflictError
	require.ErrorAs(t, documents.Provision(t.Context(), s.JS, 1), &conflict)
	require.Equal(t, "sealed", conflict.Difference.Setting)
}
