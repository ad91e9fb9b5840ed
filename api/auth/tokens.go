package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"shipments/hosts/keyring"
)

const (
	// tokenPrefix is what our tokens begin with, so that a scanner of secrets finds them.
	tokenPrefix = "shipments_"
	// lookInterval is the least time between two looks at the file.
	lookInterval = time.Second
)

// Tokens are static tokens with names and scopes. Their file has a hash of each:
//
//	tokens:
//	  - {name: warehouse, scopes: ["shipments:read"], sha256: "…", expires: 2027-01-01T00:00:00Z}
//
// The tokens have 256 random bits, so that a plain hash of one cannot be reversed. The
// file is read again when it changes, within a second. If it cannot be used then, the
// tokens stay as they were, and [Tokens.Err] says why. Tokens are safe for concurrent
// use.
type Tokens struct {
	file string

	mu     sync.RWMutex
	byHash map[[sha256.Size]byte]staticToken
	read   []byte
	looked time.Time
	err    error
}

type staticToken struct {
	Principal

	expires time.Time // zero for never
}

// LoadTokens reads a file of tokens.
func LoadTokens(file string) (*Tokens, error) {
	t := &Tokens{file: file}
	t.look()
	return t, t.Err()
}

// Authenticate looks a token up by its hash.
func (t *Tokens) Authenticate(_ context.Context, token string) (Principal, error) {
	t.look()
	t.mu.RLock()
	found, ok := t.byHash[sha256.Sum256([]byte(token))]
	t.mu.RUnlock()
	if !ok || (!found.expires.IsZero() && !time.Now().Before(found.expires)) {
		return Principal{}, ErrRefused
	}
	return found.Principal, nil
}

// Err returns why the file could not be used when it was looked at last, or nil.
func (t *Tokens) Err() error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.err
}

func (t *Tokens) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.looked) < lookInterval {
		return
	}
	t.looked = time.Now()
	content, err := keyring.ReadFile(t.file)
	if err == nil && t.err == nil && t.byHash != nil && bytes.Equal(content, t.read) {
		return
	}
	var byHash map[[sha256.Size]byte]staticToken
	if err == nil {
		byHash, err = parseTokens(content)
	}
	if err != nil {
		t.err = fmt.Errorf("tokens in %s: %w", t.file, err)
		return
	}
	t.byHash, t.read, t.err = byHash, content, nil
}

var principalName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// entry is a token in a file.
type entry struct {
	Name    string    `yaml:"name"`
	Scopes  []Scope   `yaml:"scopes,flow"`
	SHA256  string    `yaml:"sha256"`
	Expires time.Time `yaml:"expires,omitempty"`
}

func parseTokens(content []byte) (map[[sha256.Size]byte]staticToken, error) {
	var file struct {
		Tokens []entry `yaml:"tokens"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	byHash := make(map[[sha256.Size]byte]staticToken, len(file.Tokens))
	for i, e := range file.Tokens {
		if err := checkToken(e.Name, e.Scopes); err != nil {
			return nil, fmt.Errorf("token %d: %w", i+1, err)
		}
		hash, err := hex.DecodeString(e.SHA256)
		if err != nil || len(hash) != sha256.Size {
			return nil, fmt.Errorf("token %d, of %s: sha256 is not 64 hexadecimal digits", i+1, e.Name)
		}
		byHash[[sha256.Size]byte(hash)] = staticToken{Principal{e.Name, e.Scopes}, e.Expires}
	}
	return byHash, nil
}

func checkToken(name string, scopes []Scope) error {
	if !principalName.MatchString(name) {
		return fmt.Errorf("the name %q has not 1 to 64 letters, digits, '.', '_', '-' or '@'", name)
	}
	if len(scopes) == 0 {
		return errors.New("it has no scopes")
	}
	for _, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			return fmt.Errorf("%q is not a scope: use %s", scope, strings.Trim(fmt.Sprint(Scopes()), "[]"))
		}
	}
	return nil
}

// NewToken makes a token, and the line for the file of tokens. A zero time makes it
// last for ever.
func NewToken(name string, scopes []Scope, expires time.Time) (token, line string, err error) {
	if err := checkToken(name, scopes); err != nil {
		return "", "", err
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // It never fails.
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	hash := sha256.Sum256([]byte(token))
	quoted := make([]string, len(scopes))
	for i, scope := range scopes {
		quoted[i] = fmt.Sprintf("%q", scope)
	}
	line = fmt.Sprintf("  - {name: %q, scopes: [%s], sha256: %q", name, strings.Join(quoted, ", "), hex.EncodeToString(hash[:]))
	if !expires.IsZero() {
		line += ", expires: " + expires.UTC().Format(time.RFC3339)
	}
	return token, line + "}\n", nil
}
