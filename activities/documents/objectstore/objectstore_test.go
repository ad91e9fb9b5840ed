package objectstore_test

import (
	"bytes"
	"fmt"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents/objectstore"
	"shipments/events/eventstest"
)

// fixture has a bucket twice: as this package and as nats.go sees it.
type fixture struct {
	server *eventstest.Server
	bucket objectstore.Bucket
	nats   jetstream.ObjectStore
}

func setup(t *testing.T) fixture {
	t.Helper()
	s := eventstest.Start(t)
	store, err := s.JS.CreateObjectStore(t.Context(), jetstream.ObjectStoreConfig{Bucket: "things"})
	require.NoError(t, err)
	return fixture{server: s, bucket: objectstore.New(s.JS, "things"), nats: store}
}

// messages counts what the bucket's stream holds.
func (f fixture) messages(t *testing.T) int {
	t.Helper()
	stream, err := f.server.JS.Stream(t.Context(), f.bucket.Stream())
	require.NoError(t, err)
	return int(stream.CachedInfo().State.Msgs)
}

// info reads the info of one object.
func (f fixture) info(t *testing.T, name string) *objectstore.Info {
	t.Helper()
	infos, err := f.bucket.Infos(t.Context(), []string{name})
	require.NoError(t, err)
	return infos[name]
}

// content makes some bytes that differ by their position.
func content(size int) []byte {
	made := make([]byte, size)
	for i := range made {
		made[i] = byte(i * 7)
	}
	return made
}

// sizes are those around the borders of chunks.
var sizes = []int{0, 1, objectstore.ChunkSize - 1, objectstore.ChunkSize, objectstore.ChunkSize + 1, 300_000}

func TestBucketReadsWhatNATSWrites(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			want := content(size)
			_, err := f.nats.PutBytes(t.Context(), "a b/ü", want)
			require.NoError(t, err)
			info := f.info(t, "a b/ü")
			require.True(t, objectstore.Describes(info, want))
			require.False(t, objectstore.Describes(info, append(want, 1)))
			contents, err := f.bucket.Contents(t.Context(), map[string]*objectstore.Info{"a b/ü": info})
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, contents["a b/ü"]))
		})
	}
}

func TestBucketWritesWhatNATSReads(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			want := content(size)
			require.NoError(t, f.bucket.Put(t.Context(), "a b/ü", "text/x", want, f.info(t, "a b/ü")))
			got, err := f.nats.GetBytes(t.Context(), "a b/ü")
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got))
			info, err := f.nats.GetInfo(t.Context(), "a b/ü")
			require.NoError(t, err)
			require.Equal(t, "text/x", info.Headers["Content-Type"][0])
			require.EqualValues(t, objectstore.ChunkSize, info.Opts.ChunkSize)
			chunks := (size + objectstore.ChunkSize - 1) / objectstore.ChunkSize
			require.EqualValues(t, chunks, info.Chunks)
			require.Equal(t, 1+chunks, f.messages(t), "the info and its chunks; nothing is left of what was replaced")
		})
	}
}

func TestBucketDeletesAsNATSDoes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			require.NoError(t, f.bucket.Put(t.Context(), "gone", "text/x", content(size), nil))
			require.NoError(t, f.bucket.Delete(t.Context(), "gone", f.info(t, "gone")))
			require.Equal(t, 1, f.messages(t), "the info alone is left")
			_, err := f.nats.GetBytes(t.Context(), "gone")
			require.ErrorIs(t, err, jetstream.ErrObjectNotFound)
			require.True(t, f.info(t, "gone").Deleted)
			require.NoError(t, f.bucket.Put(t.Context(), "gone", "text/x", content(size), f.info(t, "gone")))
			got, err := f.nats.GetBytes(t.Context(), "gone")
			require.NoError(t, err)
			require.True(t, bytes.Equal(content(size), got))
			require.NoError(t, f.bucket.Delete(t.Context(), "gone", f.info(t, "gone")))
		})
	}
}

func TestBucketInfos(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, name := range []string{"a", "b", "deleted"} {
		require.NoError(t, f.bucket.Put(t.Context(), name, "text/x", []byte(name), nil))
	}
	require.NoError(t, f.nats.Delete(t.Context(), "deleted"))
	_, err := f.server.JS.Publish(t.Context(), "$O.things.M.YnJva2Vu", []byte("no JSON")) // base64 of "broken"
	require.NoError(t, err)
	infos, err := f.bucket.Infos(t.Context(), []string{"a", "b", "deleted", "broken", "unknown"})
	require.NoError(t, err)
	require.Len(t, infos, 4)
	require.NotContains(t, infos, "unknown")
	require.True(t, infos["deleted"].Deleted)
	require.Equal(t, &objectstore.Info{}, infos["broken"])
	require.False(t, objectstore.Describes(infos["broken"], nil))
	require.NoError(t, f.bucket.Put(t.Context(), "broken", "text/x", []byte("mended"), infos["broken"]))
	require.True(t, objectstore.Describes(f.info(t, "broken"), []byte("mended")))

	none, err := f.bucket.Infos(t.Context(), []string{"unknown"})
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestBucketContentsOfManyObjects(t *testing.T) {
	t.Parallel()
	f := setup(t)
	want := map[string][]byte{}
	for i, size := range sizes {
		name := fmt.Sprint("object", i)
		want[name] = content(size)
		require.NoError(t, f.bucket.Put(t.Context(), name, "text/x", want[name], nil))
	}
	infos, err := f.bucket.Infos(t.Context(), []string{"object0", "object1", "object2", "object3", "object4", "object5"})
	require.NoError(t, err)
	require.Len(t, infos, len(sizes))
	contents, err := f.bucket.Contents(t.Context(), infos)
	require.NoError(t, err)
	for name := range want {
		require.True(t, bytes.Equal(want[name], contents[name]), name)
	}
}

func TestBucketContentsOfDamagedObjects(t *testing.T) {
	t.Parallel()
	f := setup(t)
	stream, err := f.server.JS.Stream(t.Context(), f.bucket.Stream())
	require.NoError(t, err)
	for name, size := range map[string]int{"one chunk": 1000, "three chunks": 300_000} {
		t.Run(name, func(t *testing.T) {
			want := content(size)
			require.NoError(t, f.bucket.Put(t.Context(), name, "text/x", want, nil))
			info := f.info(t, name)
			last, err := stream.GetLastMsgForSubject(t.Context(), "$O.things.C."+info.NUID)
			require.NoError(t, err)
			require.NoError(t, stream.DeleteMsg(t.Context(), last.Sequence))
			contents, err := f.bucket.Contents(t.Context(), map[string]*objectstore.Info{name: info})
			require.NoError(t, err, "what is missing is no fault of the connection")
			require.False(t, objectstore.Describes(info, contents[name]))
		})
	}
	t.Run("a surplus chunk", func(t *testing.T) {
		want := content(300_000)
		require.NoError(t, f.bucket.Put(t.Context(), "x", "text/x", want, nil))
		info := f.info(t, "x")
		_, err := f.server.JS.Publish(t.Context(), "$O.things.C."+info.NUID, []byte("more"))
		require.NoError(t, err)
		contents, err := f.bucket.Contents(t.Context(), map[string]*objectstore.Info{"x": info})
		require.NoError(t, err)
		require.False(t, objectstore.Describes(info, contents["x"]))
	})
}

func TestBucketThatCannotBeRead(t *testing.T) {
	t.Parallel()
	t.Run("it does not exist", func(t *testing.T) {
		t.Parallel()
		f := setup(t)
		_, err := objectstore.New(f.server.JS, "nothings").Infos(t.Context(), []string{"a"})
		require.ErrorIs(t, err, jetstream.ErrBucketNotFound)
		require.ErrorIs(t, err, nats.ErrNoResponders)
		require.ErrorContains(t, err, "bucket nothings does not exist")
	})
	t.Run("JetStream is not available", func(t *testing.T) {
		t.Parallel()
		server := eventstest.StartWith(t, func(o *natsserver.Options) { o.JetStream = false })
		_, err := objectstore.New(server.JS, "things").Infos(t.Context(), []string{"a"})
		require.ErrorIs(t, err, nats.ErrNoResponders)
		require.NotErrorIs(t, err, jetstream.ErrBucketNotFound)
		require.ErrorContains(t, err, "nobody answers for bucket things")
	})
}
