package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"shipments/activities/documents/objectstore"
)

// ErrDamaged is returned for a document that is not what was stored.
var ErrDamaged = errors.New("damaged document")

// ErrUnknown is returned for a document that is not stored.
var ErrUnknown = errors.New("unknown document")

// Store keeps documents in [Bucket]. It is safe for concurrent use.
type Store struct{ bucket objectstore.Bucket }

// NewStore makes a store. It needs the bucket only when it is used.
func NewStore(js jetstream.JetStream) *Store { return &Store{bucket: objectstore.New(js, Bucket)} }

// Put stores a document; see [Store.PutAll].
func (s *Store) Put(ctx context.Context, name string, content []byte) error {
	return s.PutAll(ctx, map[string][]byte{name: content})
}

// PutAll stores documents by their names. It returns nil when all of them have been
// read back and compared.
//
// What is stored already with the same content is left alone, so a repeat costs no
// writes. What is damaged, or has another content, is replaced. A call that ends
// halfway is repeated as a whole: a document that it did not finish is not visible,
// and leaves some chunks behind that no document has.
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
		puts.Go(func() error { return s.bucket.Put(putting, name, ContentType(content), content, stored[name]) })
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

// missing returns those of the documents that are not stored as they are here, byte
// by byte, and the infos that are stored under the names of the documents.
func (s *Store) missing(ctx context.Context, documents map[string][]byte) (
	missing map[string][]byte, stored map[string]*objectstore.Info, err error,
) {
	stored, err = s.bucket.Infos(ctx, slices.Sorted(maps.Keys(documents)))
	if err != nil {
		return nil, nil, err
	}
	// The content of an object with another digest need not be read.
	candidates := maps.Clone(stored)
	maps.DeleteFunc(candidates, func(name string, info *objectstore.Info) bool {
		return info.Deleted || !objectstore.Describes(info, documents[name])
	})
	contents, err := s.bucket.Contents(ctx, candidates)
	if err != nil {
		return nil, nil, err
	}
	missing = map[string][]byte{}
	for name, content := range documents {
		if found, ok := contents[name]; !ok || !bytes.Equal(found, content) {
			missing[name] = content
		}
	}
	return missing, stored, nil
}

// Get reads a document and verifies it. It returns [ErrUnknown] if the document is
// not stored, [ErrDamaged] if it is not what was stored, and another error if
// JetStream does not answer. The etag changes with the content.
func (s *Store) Get(ctx context.Context, name string) (content []byte, etag string, err error) {
	infos, err := s.bucket.Infos(ctx, []string{name})
	if err != nil {
		return nil, "", fmt.Errorf("look up document %s: %w", name, err)
	}
	info := infos[name]
	if info == nil || info.Deleted {
		return nil, "", ErrUnknown
	}
	contents, err := s.bucket.Contents(ctx, infos)
	if err != nil {
		return nil, "", fmt.Errorf("read document %s: %w", name, err)
	}
	content, found := contents[name]
	if !found || !objectstore.Describes(info, content) {
		return nil, "", fmt.Errorf("read document %s: %w", name, ErrDamaged)
	}
	sum := sha256.Sum256(content)
	return content, `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`, nil
}
