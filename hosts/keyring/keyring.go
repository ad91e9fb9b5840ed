package keyring

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// KeySize is the size of a key's secret, and of what is derived from it, in bytes.
const KeySize = 32

// lookInterval is the least time between two looks at the file.
const lookInterval = time.Second

// ErrUnknownKey is returned for a key that is not in the ring.
var ErrUnknownKey = errors.New("unknown key")

// Key is one key, for one purpose.
type Key struct {
	ID     string
	Secret [KeySize]byte
}

// Ring has the keys of a file, for one purpose. The first key is the active one,
// which new things are made with; all of them are for what was made before. A key
// is added as the last one everywhere, then made the first one, and removed when
// nothing is left that was made with it:
//
//	keys:
//	  - {id: "2026-11", secret: "base64 of 32 random bytes"}
//	  - {id: "2026-05", secret: "base64 of 32 other ones"}
//
// With "readOnly: true" above the keys, nothing new is made with them: that is how
// keys are brought to all programs before the first one uses them.
//
// The keys of two purposes are independent of each other. A file that has changed
// is read again within a second; if it cannot be used, the keys stay as they were,
// and [Ring.Err] says why. A ring is safe for concurrent use.
type Ring struct {
	file, purpose string
	now           func() time.Time

	mu     sync.RWMutex
	keys   []Key
	only   bool   // for reading
	read   []byte // the file, as it was read last
	looked time.Time
	err    error
}

// Load reads the keys of a file for a purpose. The errors do not show a secret.
func Load(file, purpose string) (*Ring, error) {
	r := &Ring{file: file, purpose: purpose, now: time.Now}
	r.look(true)
	return r, r.err
}

// Active returns the key that new things are made with.
func (r *Ring) Active() Key {
	r.look(false)
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[0]
}

// ReadOnly reports whether nothing new is to be made with the keys.
func (r *Ring) ReadOnly() bool {
	r.look(false)
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.only
}

// Find returns the key with an id. The error wraps [ErrUnknownKey] if there is none;
// then the file has just been read again.
func (r *Ring) Find(id string) (Key, error) {
	r.look(false)
	for range 2 {
		r.mu.RLock()
		for _, k := range r.keys {
			if k.ID == id {
				r.mu.RUnlock()
				return k, nil
			}
		}
		r.mu.RUnlock()
		r.look(true)
	}
	return Key{}, fmt.Errorf("%w %q: %s has no such key", ErrUnknownKey, id, r.file)
}

// ReadFile reads a file with keys or tokens. It is an error if everybody on this host may
// write it: they would make keys and tokens of their own.
func ReadFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o002 != 0 {
		return nil, fmt.Errorf("everybody may write it (%s): chmod o-w", info.Mode().Perm())
	}
	return os.ReadFile(file) //nolint:gosec // the operator names it
}

// Err returns why the file could not be used when it was looked at last, or nil.
func (r *Ring) Err() error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.err
}

// look reads the file, unless it has been looked at within the last second.
func (r *Ring) look(now bool) {
	at := r.now()
	r.mu.RLock()
	fresh := at.Sub(r.looked) < lookInterval
	r.mu.RUnlock()
	if fresh && !now {
		return
	}
	content, err := ReadFile(r.file)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked = at
	if err == nil && r.err == nil && r.keys != nil && bytes.Equal(content, r.read) {
		return
	}
	var (
		keys []Key
		only bool
	)
	if err == nil {
		keys, only, err = parse(content, r.purpose)
	}
	if err != nil {
		r.err = fmt.Errorf("keys in %s: %w", r.file, err)
		return
	}
	r.keys, r.only, r.read, r.err = keys, only, content, nil
}

var keyID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// entry is a key in a file.
type entry struct {
	ID     string `yaml:"id"`
	Secret string `yaml:"secret"`
}

func parse(content []byte, purpose string) (keys []Key, readOnly bool, err error) {
	var file struct {
		ReadOnly bool    `yaml:"readOnly"`
		Keys     []entry `yaml:"keys"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, false, errors.New("it is not YAML of the form keys: [{id: …, secret: …}]") // The decoder's error may show a secret.
	}
	if len(file.Keys) == 0 {
		return nil, false, errors.New("it has no key")
	}
	seen := map[string]bool{}
	keys = make([]Key, len(file.Keys))
	for i, e := range file.Keys {
		if !keyID.MatchString(e.ID) {
			return nil, false, fmt.Errorf("key %d: its id has other characters than letters, digits, '.', '_' and '-', or not 1 to 64", i+1)
		}
		if seen[e.ID] {
			return nil, false, fmt.Errorf("key %s is there twice", e.ID)
		}
		seen[e.ID] = true
		secret, err := base64.StdEncoding.DecodeString(e.Secret)
		if err != nil || len(secret) != KeySize {
			return nil, false, fmt.Errorf("key %s: its secret is not the base64 of %d bytes", e.ID, KeySize)
		}
		derived, err := hkdf.Key(sha256.New, secret, nil, "shipments/"+purpose, KeySize)
		if err != nil {
			return nil, false, fmt.Errorf("key %s: %w", e.ID, err)
		}
		keys[i] = Key{ID: e.ID, Secret: [KeySize]byte(derived)}
	}
	return keys, file.ReadOnly, nil
}

// New makes a key with a random secret, as a line of a file.
func New(id string) (string, error) {
	if !keyID.MatchString(id) {
		return "", fmt.Errorf("%q is not an id of a key, which has 1 to 64 letters, digits, '.', '_' or '-'", id)
	}
	var secret [KeySize]byte
	_, _ = rand.Read(secret[:]) // It never fails.
	return fmt.Sprintf("  - {id: %q, secret: %q}\n", id, base64.StdEncoding.EncodeToString(secret[:])), nil
}
