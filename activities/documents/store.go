package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"github.com/synadia-io/orbit.go/jetstreamext"
	"golang.org/x/sync/errgroup"
)

// Bucket is the JetStream object store that keeps the documents.
const Bucket = "shipment-documents"

// mostChunk is the size of the chunks of large documents, in bytes: NATS's own default.
const mostChunk = 128 << 10

// ErrDamaged is returned for a document that is not what was stored.
var ErrDamaged = errors.New("damaged document")

// ErrUnknown is returned for a document that is not there.
var ErrUnknown = errors.New("unknown document")

// Provision makes the bucket, or brings it up to date. It is idempotent.
func Provision(ctx context.Context, js jetstream.JetStream, replicas int) error {
	_, err := js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
		Bucket:      Bucket,
		Description: "The documents of the shipments, as PDF",
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	})
	if err != nil {
		return fmt.Errorf("provision bucket %s: %w", Bucket, err)
	}
	return nil
}

// Store keeps documents. It is safe for concurrent use.
type Store struct {
	js    jetstream.JetStream
	found atomic.Pointer[jetstream.ObjectStore]
}

// NewStore makes a store.
func NewStore(js jetstream.JetStream) *Store { return &Store{js: js} }

// bucket looks the bucket up, once.
func (s *Store) bucket(ctx context.Context) (jetstream.ObjectStore, error) {
	if found := s.found.Load(); found != nil {
		return *found, nil
	}
	bucket, err := s.js.ObjectStore(ctx, Bucket)
	if err != nil {
		return nil, fmt.Errorf("look up bucket %s: %w", Bucket, err)
	}
	s.found.Store(&bucket)
	return bucket, nil
}

// Put stores a document; see [Store.PutAll].
func (s *Store) Put(ctx context.Context, name string, content []byte) error {
	return s.PutAll(ctx, map[string][]byte{name: content})
}

// PutAll stores documents by their names and returns when all of them can be
// read back unharmed. A repeat with the same content leaves what is there; a
// put that was torn by a crash is not visible, and repeated whole: it leaves
// some kilobytes behind that nothing names. What is damaged, or another
// rendering, is replaced.
func (s *Store) PutAll(ctx context.Context, documents map[string][]byte) error {
	missing, stored, err := s.missing(ctx, documents)
	if err != nil {
		return fmt.Errorf("look for documents: %w", err)
	}
	if len(missing) == 0 {
		return nil
	}
	puts, putting := errgroup.WithContext(ctx)
	for name, content := range missing {
		puts.Go(func() error { return s.put(putting, name, content, stored[name]) })
	}
	if err := puts.Wait(); err != nil {
		return err
	}
	missing, _, err = s.missing(ctx, missing)
	if err != nil {
		return fmt.Errorf("read documents back: %w", err)
	}
	if len(missing) > 0 {
		return fmt.Errorf("read %s back: %w", strings.Join(slices.Sorted(maps.Keys(missing)), ", "), ErrDamaged)
	}
	return nil
}

// put stores an object as NATS ADR-20 lays down: its chunks, and when they are
// stored the info that makes them visible; then it removes the chunks of what
// it replaces, if anything. The bucket's own Put looks every object up again
// and subscribes anew for it.
func (s *Store) put(ctx context.Context, name string, content []byte, replaced *jetstream.ObjectInfo) error {
	info := jetstream.ObjectInfo{
		ObjectMeta: jetstream.ObjectMeta{
			Name: name, Headers: nats.Header{"Content-Type": {"application/pdf"}},
			Opts: &jetstream.ObjectMetaOptions{ChunkSize: mostChunk},
		},
		Bucket: Bucket, NUID: nuid.Next(), Size: uint64(len(content)), Digest: objectDigest(content),
	}
	for chunk := range slices.Chunk(content, mostChunk) {
		if _, err := s.js.Publish(ctx, chunkSubject(&info), chunk); err != nil {
			return fmt.Errorf("store document %s: chunk %d: %w", name, info.Chunks, err)
		}
		info.Chunks++
	}
	encoded, err := json.Marshal(info)
	if err != nil {
		return fmt.Errorf("encode the info of document %s: %w", name, err)
	}
	msg := nats.NewMsg(infoSubject(name))
	msg.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	msg.Data = encoded
	if _, err := s.js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("store document %s: %w", name, err)
	}
	if replaced == nil {
		return nil
	}
	stream, err := s.js.Stream(ctx, bucketStream)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject(chunkSubject(replaced)))
	}
	if err != nil {
		return fmt.Errorf("remove what document %s replaces: %w", name, err)
	}
	return nil
}

// missing are those of the documents that are not in the bucket as they are
// here, byte by byte; stored are the infos that are there under their names.
// It asks for the infos all at once, and so for the content of those that have
// one chunk, which are nearly all.
func (s *Store) missing(ctx context.Context, documents map[string][]byte) (missing map[string][]byte, stored map[string]*jetstream.ObjectInfo, err error) {
	stored, err = s.infos(ctx, documents)
	if err != nil {
		return nil, nil, err
	}
	missing = map[string][]byte{}
	chunks := map[string]string{}
	for name, content := range documents {
		switch info := stored[name]; {
		case info == nil || info.Deleted || !describes(info, content):
			missing[name] = content
		case info.Chunks == 1:
			chunks[name] = chunkSubject(info)
		default:
			if stored, err := s.read(ctx, info); err != nil || !bytes.Equal(stored, content) {
				missing[name] = content
			}
		}
	}
	if len(chunks) == 0 {
		return missing, stored, nil
	}
	contents, err := s.last(ctx, slices.Sorted(maps.Values(chunks)))
	if err != nil {
		return nil, nil, err
	}
	for name, subject := range chunks {
		if chunk, ok := contents[subject]; !ok || !bytes.Equal(chunk, documents[name]) {
			missing[name] = documents[name]
		}
	}
	return missing, stored, nil
}

// infos are those that are stored under the names of documents.
func (s *Store) infos(ctx context.Context, documents map[string][]byte) (map[string]*jetstream.ObjectInfo, error) {
	names := make(map[string]string, len(documents))
	for name := range documents {
		names[infoSubject(name)] = name
	}
	encoded, err := s.last(ctx, slices.Sorted(maps.Keys(names)))
	if err != nil {
		return nil, err
	}
	infos := make(map[string]*jetstream.ObjectInfo, len(encoded))
	for subject, data := range encoded {
		var info jetstream.ObjectInfo
		if err := json.Unmarshal(data, &info); err == nil && info.NUID != "" { // What is none is replaced.
			infos[names[subject]] = &info
		}
	}
	return infos, nil
}

// Get reads a document whole and verifies it. It returns [ErrUnknown] if there
// is none, [ErrDamaged] if it is not what was stored, and another error if
// JetStream does not answer.
func (s *Store) Get(ctx context.Context, name string) (content []byte, etag string, err error) {
	bucket, err := s.bucket(ctx)
	if err != nil {
		return nil, "", err
	}
	info, err := bucket.GetInfo(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, "", ErrUnknown
	}
	if err != nil {
		return nil, "", fmt.Errorf("look up document %s: %w", name, err)
	}
	content, err = s.read(ctx, info)
	if err != nil {
		return nil, "", fmt.Errorf("read document %s: %w", name, err)
	}
	return content, `"` + digest(content) + `"`, nil
}

// The subjects and the stream of a bucket's objects (NATS ADR-20).
const bucketStream = "OBJ_" + Bucket

func infoSubject(name string) string {
	return "$O." + Bucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
}

func chunkSubject(info *jetstream.ObjectInfo) string { return "$O." + Bucket + ".C." + info.NUID }

// describes says whether an info's size and digest are those of a content.
func describes(info *jetstream.ObjectInfo, content []byte) bool {
	return uint64(len(content)) == info.Size && info.Digest == objectDigest(content)
}

func objectDigest(content []byte) string {
	sum := sha256.New()
	sum.Write(content)
	return jetstream.GetObjectDigestValue(sum)
}

// read reads an object's chunks with one batched request and verifies them
// against its info. The bucket's own Get makes a consumer for every object, and
// waits for a chunk that is missing.
func (s *Store) read(ctx context.Context, info *jetstream.ObjectInfo) ([]byte, error) {
	chunks, err := collect(jetstreamext.GetBatch(ctx, s.js, bucketStream, int(info.Chunks)+1, jetstreamext.GetBatchSubject(chunkSubject(info))))
	if err != nil {
		return nil, err
	}
	content := make([]byte, 0, info.Size)
	for _, chunk := range chunks {
		content = append(content, chunk.Data...)
	}
	if !describes(info, content) {
		return nil, ErrDamaged
	}
	return content, nil
}

// last reads the last messages of subjects, of those that have any, with one request.
func (s *Store) last(ctx context.Context, subjects []string) (map[string][]byte, error) {
	messages, err := collect(jetstreamext.GetLastMsgsFor(ctx, s.js, bucketStream, subjects))
	if err != nil {
		return nil, err
	}
	last := make(map[string][]byte, len(messages))
	for _, message := range messages {
		last[message.Subject] = message.Data
	}
	return last, nil
}

// collect collects the messages of a batched reply, and makes sure that it is complete.
func collect(replies iter.Seq2[*jetstream.RawStreamMsg, error], err error) ([]*jetstream.RawStreamMsg, error) {
	if err != nil {
		return nil, err
	}
	var messages []*jetstream.RawStreamMsg
	complete := false
	for message, err := range replies {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		complete = message.Header.Get("Nats-Num-Pending") == "0"
		messages = append(messages, message)
	}
	if !complete {
		return nil, fmt.Errorf("no complete reply: %w", context.DeadlineExceeded)
	}
	return messages, nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
