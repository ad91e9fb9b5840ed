package payloads

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"shipments/hosts/keyring"
)

const (
	// Purpose is what the keys of the ring are for.
	Purpose = "payload"
	// encoding is the encoding of an encrypted payload, in its metadata.
	encoding = "binary/encrypted"
	// metadataKeyID is the member of the metadata with the id of the key.
	metadataKeyID = "encryption-key-id"
)

// Codec encrypts payloads with AES-256-GCM. An encrypted payload holds a nonce of 12
// random bytes and the encrypted payload, metadata and all; its own metadata names
// the encoding and the key, which the encryption authenticates. It is not bound to a
// workflow or a namespace: a payload is decoded in other contexts than it was
// encoded in, by replays among others.
//
// What is not encrypted is decoded to itself, so that encryption can be turned on
// while processes run. By the birthday bound of random nonces, one key is good for
// some four billion payloads. A codec is safe for concurrent use.
type Codec struct{ ring *keyring.Ring }

var _ converter.PayloadCodec = (*Codec)(nil)

// NewCodec makes a codec with the keys of a ring. Without a ring, or with one that is
// for reading only, it encrypts nothing.
func NewCodec(ring *keyring.Ring) *Codec { return &Codec{ring} }

// Encode encrypts payloads with the active key.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if c.ring == nil || c.ring.ReadOnly() {
		return payloads, nil
	}
	key := c.ring.Active()
	sealer, err := aead(key)
	if err != nil {
		return payloads, err
	}
	encoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return payloads, fmt.Errorf("encode a payload: %w", err)
		}
		nonce := make([]byte, sealer.NonceSize(), sealer.NonceSize()+len(plain)+sealer.Overhead())
		_, _ = rand.Read(nonce) // It never fails.
		encoded[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKeyID: []byte(key.ID)},
			Data:     sealer.Seal(nonce, nonce, plain, authenticated(key.ID)),
		}
	}
	return encoded, nil
}

// DecryptError says why a payload cannot be decrypted. It wraps
// [keyring.ErrUnknownKey] if its key is missing.
type DecryptError struct{ Err error }

func (e *DecryptError) Error() string { return "decrypt a payload: " + e.Err.Error() }
func (e *DecryptError) Unwrap() error { return e.Err }

// Decode decrypts payloads, and leaves those as they are that are not encrypted. The
// error is a [*DecryptError].
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	decoded := slices.Clone(payloads)
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != encoding {
			continue
		}
		plain, err := c.open(p)
		if err != nil {
			return payloads, &DecryptError{err}
		}
		decoded[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plain, decoded[i]); err != nil {
			return payloads, &DecryptError{err}
		}
	}
	return decoded, nil
}

func (c *Codec) open(p *commonpb.Payload) ([]byte, error) {
	if c.ring == nil {
		return nil, fmt.Errorf("%w: SHIPMENTS_PAYLOAD_KEYS is not set", keyring.ErrUnknownKey)
	}
	key, err := c.ring.Find(string(p.GetMetadata()[metadataKeyID]))
	if err != nil {
		return nil, err
	}
	opener, err := aead(key)
	if err != nil {
		return nil, err
	}
	if len(p.GetData()) < opener.NonceSize() {
		return nil, errors.New("it is too short")
	}
	nonce, sealed := p.GetData()[:opener.NonceSize()], p.GetData()[opener.NonceSize():]
	return opener.Open(nil, nonce, sealed, authenticated(key.ID))
}

func aead(key keyring.Key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key.Secret[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func authenticated(keyID string) []byte { return []byte(encoding + "\n" + keyID) }
