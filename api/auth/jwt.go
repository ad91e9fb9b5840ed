package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	// clockSkew is how far the clocks of the identity provider and of this host may be
	// apart.
	clockSkew = 30 * time.Second
	// keysTimeout bounds a request for the JWK set.
	keysTimeout = 5 * time.Second
	// keysInterval is how often the JWK set is read again.
	keysInterval = 15 * time.Minute
	// maxRedirects bounds the redirects on the way to the JWK set.
	maxRedirects = 3
	// unknownKeyInterval is the least time between two requests for the JWK set because
	// of tokens whose key is not in it.
	unknownKeyInterval = 10 * time.Second
)

// algorithms are those of signatures that are taken: none with a shared secret.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// JWTConfig configures [NewJWTs].
type JWTConfig struct {
	// URL is where the identity provider has its JWK set.
	URL string
	// Issuer and Audience are what iss and aud of a token have to be.
	Issuer, Audience string
	// Report is called for an error in reading the JWK set.
	Report func(error)
}

// JWTs authenticates by JWTs of an identity provider. A token needs iss, aud, exp and
// sub, and has its scopes in scope (separated by spaces) or scp. The keys are read at
// the start, every 15 minutes, and when a token names an unknown one; those that are
// known stay good while the provider is down. JWTs is safe for concurrent use.
type JWTs struct {
	keys   keyfunc.Keyfunc
	parser *jwt.Parser
}

// NewJWTs makes an authenticator, and begins to read the JWK set until ctx is done. It
// is no error if the provider is down.
func NewJWTs(ctx context.Context, config JWTConfig) (*JWTs, error) {
	tolerant := true
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{config.URL}, keyfunc.Override{
		Client: &http.Client{Transport: unhurried{}, CheckRedirect: secureRedirect}, HTTPTimeout: keysTimeout, RefreshInterval: keysInterval, NoErrorReturnFirstHTTPReq: &tolerant,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(unknownKeyInterval), 1), RateLimitWaitMax: time.Millisecond,
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) {
			return func(_ context.Context, err error) { config.Report(err) }
		},
	})
	if err != nil {
		return nil, fmt.Errorf("read the JWK set: %w", err)
	}
	return &JWTs{keys: keys, parser: jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(config.Issuer), jwt.WithAudience(config.Audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew),
	)}, nil
}

// secureRedirect refuses to be led from https to http, where the keys could be replaced
// on the way.
func secureRedirect(next *http.Request, before []*http.Request) error {
	if len(before) >= maxRedirects || (before[0].URL.Scheme == "https" && next.URL.Scheme != "https") {
		return http.ErrUseLastResponse
	}
	return nil
}

// unhurried gives each request for the JWK set keysTimeout: the library has it end with
// the wait for its rate limiter, which is a millisecond here.
type unhurried struct{}

// RoundTrip sends a request.
func (unhurried) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), keysTimeout)
	response, err := http.DefaultTransport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &cancelledBody{response.Body, cancel}
	return response, nil
}

// cancelledBody ends the context of its request when it is closed.
type cancelledBody struct {
	io.ReadCloser

	cancel context.CancelFunc
}

// Close closes the body.
func (b *cancelledBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// subject matches a name that fits into an event and a log.
var subject = regexp.MustCompile(`^[ -~]{1,256}$`)

// claims are what is read of a token.
type claims struct {
	jwt.RegisteredClaims

	Scope string   `json:"scope"`
	SCP   scopeSet `json:"scp"`
}

// scopeSet is a list, or a text with spaces.
type scopeSet = jwt.ClaimStrings

// Authenticate verifies a token.
func (j *JWTs) Authenticate(ctx context.Context, token string) (Principal, error) {
	if strings.Count(token, ".") != 2 {
		return Principal{}, ErrRefused
	}
	var c claims
	if _, err := j.parser.ParseWithClaims(token, &c, j.keys.KeyfuncCtx(ctx)); err != nil {
		if known, failed := j.keys.Storage().KeyReadAll(ctx); errors.Is(err, jwt.ErrTokenUnverifiable) && (failed != nil || len(known) == 0) {
			return Principal{}, fmt.Errorf("%w: the identity provider's keys could not be read", ErrUnavailable)
		}
		return Principal{}, ErrRefused
	}
	if !subject.MatchString(c.Subject) {
		return Principal{}, ErrRefused
	}
	p := Principal{Name: c.Subject}
	for _, word := range strings.Fields(c.Scope + " " + strings.Join(c.SCP, " ")) {
		p.Scopes = append(p.Scopes, Scope(word))
	}
	return p, nil
}
