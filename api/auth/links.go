package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shipments/hosts/keyring"
)

const (
	// LinkPurpose is what the keys of the ring are for.
	LinkPurpose = "link"
	// MaxLinkLife is the longest time that a link is good for.
	MaxLinkLife = 7 * 24 * time.Hour
	// DefaultLinkLife is how long a link is good for if nothing else is asked for.
	DefaultLinkLife = time.Hour
)

// Links signs links to what needs a token otherwise. The signature is an HMAC-SHA256
// over the method, the path, the expiry and the key's id. Links is safe for concurrent
// use.
type Links struct{ ring *keyring.Ring }

// NewLinks makes links that are signed with the active key of a ring, and takes those
// that were signed with any of its keys.
func NewLinks(ring *keyring.Ring) *Links { return &Links{ring} }

// Sign returns the query of a link to a path, which is good until a time.
func (l *Links) Sign(path string, until time.Time) string {
	key := l.ring.Active()
	expires := strconv.FormatInt(until.Unix(), 10)
	return url.Values{
		"expires": {expires}, "key": {key.ID}, "signature": {base64.RawURLEncoding.EncodeToString(sign(key, path, expires))},
	}.Encode()
}

// isSigned reports whether a request has a signature, good or not.
func isSigned(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, "signature=")
}

// verify reports whether the link of a request is good at a time.
func (l *Links) verify(r *http.Request, now time.Time) bool {
	query := r.URL.Query()
	for _, name := range []string{"expires", "key", "signature"} {
		if len(query[name]) != 1 {
			return false
		}
	}
	expires, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	if err != nil || now.Unix() >= expires || expires > now.Add(MaxLinkLife).Unix() {
		return false
	}
	key, err := l.ring.Find(query.Get("key"))
	if err != nil {
		return false
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(query.Get("signature"))
	return err == nil && hmac.Equal(signature, sign(key, r.URL.EscapedPath(), query.Get("expires")))
}

func sign(key keyring.Key, path, expires string) []byte {
	mac := hmac.New(sha256.New, key.Secret[:])
	mac.Write([]byte(strings.Join([]string{http.MethodGet, path, expires, key.ID}, "\n")))
	return mac.Sum(nil)
}
