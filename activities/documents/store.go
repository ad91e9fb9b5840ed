package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
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

// Put stores a document and returns when it can be read back unharmed. A
// repeat with the same content leaves what is there; a put that was torn by a
// crash is not visible, and repeated whole.
func (s *Store) Put(ctx context.Context, name string, content []byte) error {
	bucket, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	if info, err := bucket.GetInfo(ctx, name); err == nil {
		if stored, err := s.read(ctx, info); err == nil && bytes.Equal(stored, content) {
			return nil
		}
		// What is damaged, or another rendering, is put again.
	}
	meta := jetstream.ObjectMeta{
		Name: name, Headers: map[string][]string{"Content-Type": {"application/pdf"}},
		// A chunk's buffer is allocated for every object: no more than it needs.
		Opts: &jetstream.ObjectMetaOptions{ChunkSize: uint32(min(max(1, len(content)), mostChunk))},
	}
	info, err := bucket.Put(ctx, meta, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("store document %s: %w", name, err)
	}
	stored, err := s.read(ctx, info)
	if err != nil {
		return fmt.Errorf("read document %s back: %w", name, err)
	}
	if !bytes.Equal(stored, content) {
		return fmt.Errorf("read document %s back: %w", name, ErrDamaged)
	}
	return nil
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

// read reads an object's chunks with one batched request and verifies them
// against the size and the digest in its info (NATS ADR-20). The bucket's own
// Get makes a consumer for every object, and waits for a chunk that is missing.
func (s *Store) read(ctx context.Context, info *jetstream.ObjectInfo) ([]byte, error) {
	chunks, err := jetstreamext.GetBatch(ctx, s.js, "OBJ_"+Bucket, int(info.Chunks)+1,
		jetstreamext.GetBatchSubject("$O."+Bucket+".C."+info.NUID))
	if err != nil {
		return nil, err
	}
	content := make([]byte, 0, info.Size)
	answered := false
	for chunk, err := range chunks {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			answered = true
			break
		}
		if err != nil {
			return nil, err
		}
		answered = chunk.Header.Get("Nats-Num-Pending") == "0"
		content = append(content, chunk.Data...)
	}
	if !answered {
		return nil, fmt.Errorf("no complete reply: %w", context.DeadlineExceeded)
	}
	sum := sha256.Sum256(content)
	if uint64(len(content)) != info.Size || info.Digest != "SHA-256="+base64.URLEncoding.EncodeToString(sum[:]) {
		return nil, ErrDamaged
	}
	return content, nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
