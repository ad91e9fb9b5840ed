package objectstore

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// ChunkSize is the size of the chunks that [Bucket.Put] writes, in bytes. It is
// the default of the client libraries.
const ChunkSize = 128 << 10

// Info describes one version of an object.
type Info = jetstream.ObjectInfo

// Bucket is an object store that exists. It is safe for concurrent use.
type Bucket struct {
	js   jetstream.JetStream
	name string
}

// New returns the bucket of a name. It asks the server nothing.
func New(js jetstream.JetStream, name string) Bucket { return Bucket{js: js, name: name} }

// Stream is the name of the stream that holds the bucket.
func (b Bucket) Stream() string { return StreamName(b.name) }

// StreamName is the name of the stream that holds a bucket.
func StreamName(bucket string) string { return "OBJ_" + bucket }

func (b Bucket) infoSubject(name string) string {
	return "$O." + b.name + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
}

func (b Bucket) chunkSubject(info *Info) string { return "$O." + b.name + ".C." + info.NUID }

// Put stores an object: first its chunks, then the info that makes it visible, and
// last it removes the chunks of the version that it replaces, if there is one.
// After an error or a crash, the old version is still there, or the new one; up to
// one set of chunks may be left that no info names.
func (b Bucket) Put(ctx context.Context, name, contentType string, content []byte, replaced *Info) error {
	info := Info{
		ObjectMeta: jetstream.ObjectMeta{
			Name: name, Headers: nats.Header{"Content-Type": {contentType}},
			Opts: &jetstream.ObjectMetaOptions{ChunkSize: ChunkSize},
		},
		Bucket: b.name, NUID: nuid.Next(), Size: uint64(len(content)), Digest: digest(content),
	}
	for chunk := range slices.Chunk(content, ChunkSize) {
		if _, err := b.js.Publish(ctx, b.chunkSubject(&info), chunk); err != nil {
			return fmt.Errorf("store chunk %d of object %s: %w", info.Chunks, name, err)
		}
		info.Chunks++
	}
	if err := b.putInfo(ctx, name, info); err != nil {
		return err
	}
	if replaced == nil || replaced.NUID == "" {
		return nil
	}
	if err := b.removeChunks(ctx, replaced); err != nil {
		return fmt.Errorf("remove what object %s replaces: %w", name, err)
	}
	return nil
}

// Delete deletes an object, of which deleted is the info, as NATS does: its info stays
// and says that it is deleted. It can be stored again.
func (b Bucket) Delete(ctx context.Context, name string, deleted *Info) error {
	info := Info{ObjectMeta: jetstream.ObjectMeta{Name: name}, Bucket: b.name, NUID: deleted.NUID, Deleted: true}
	if err := b.putInfo(ctx, name, info); err != nil {
		return err
	}
	if deleted.NUID == "" {
		return nil
	}
	if err := b.removeChunks(ctx, deleted); err != nil {
		return fmt.Errorf("remove what was object %s: %w", name, err)
	}
	return nil
}

func (b Bucket) putInfo(ctx context.Context, name string, info Info) error {
	encoded, err := json.Marshal(info)
	if err != nil {
		return fmt.Errorf("encode the info of object %s: %w", name, err)
	}
	msg := nats.NewMsg(b.infoSubject(name))
	msg.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	msg.Data = encoded
	if _, err := b.js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("store the info of object %s: %w", name, err)
	}
	return nil
}

func (b Bucket) removeChunks(ctx context.Context, info *Info) error {
	stream, err := b.js.Stream(ctx, b.Stream())
	if err != nil {
		return err
	}
	return stream.Purge(ctx, jetstream.WithPurgeSubject(b.chunkSubject(info)))
}

// Infos reads the infos of objects, side by side, by name. Objects that were
// never stored are left out. An object that was deleted has an info that says so.
// An info that cannot be decoded is empty: it describes no content.
func (b Bucket) Infos(ctx context.Context, names []string) (map[string]*Info, error) {
	byName := make(map[string]string, len(names)) // by subject
	for _, name := range names {
		byName[b.infoSubject(name)] = name
	}
	encoded, err := b.readLast(ctx, slices.Sorted(maps.Keys(byName)))
	if err != nil {
		return nil, err
	}
	infos := make(map[string]*Info, len(encoded))
	for subject, data := range encoded {
		var info Info
		if json.Unmarshal(data, &info) != nil {
			info = Info{}
		}
		infos[byName[subject]] = &info
	}
	return infos, nil
}

// Contents reads the contents of objects, by name: those with one chunk side by side,
// those with more one after the other, each with one request. The contents are not verified: use
// [Describes], or compare them. One whose only chunk is missing is left out.
func (b Bucket) Contents(ctx context.Context, infos map[string]*Info) (map[string][]byte, error) {
	contents := make(map[string][]byte, len(infos))
	byName := map[string]string{} // by subject, of the objects with one chunk
	for name, info := range infos {
		switch info.Chunks {
		case 0:
			contents[name] = nil
		case 1:
			byName[b.chunkSubject(info)] = name
		default:
			content, err := b.readAll(ctx, b.chunkSubject(info), int(info.Chunks))
			if err != nil {
				return nil, fmt.Errorf("read object %s: %w", name, err)
			}
			contents[name] = content
		}
	}
	chunks, err := b.readLast(ctx, slices.Sorted(maps.Keys(byName)))
	if err != nil {
		return nil, err
	}
	for subject, chunk := range chunks {
		contents[byName[subject]] = chunk
	}
	return contents, nil
}

// Describes reports whether an object's size and digest are those of a content.
func Describes(info *Info, content []byte) bool {
	return uint64(len(content)) == info.Size && info.Digest == digest(content)
}

func digest(content []byte) string {
	sum := sha256.New()
	sum.Write(content)
	return jetstream.GetObjectDigestValue(sum)
}
