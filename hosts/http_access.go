package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/rs/zerolog"

	"shipments/api/auth"
	"shipments/hosts/keyring"
)

// authNone is the value of SHIPMENTS_AUTH that lets everybody in.
const authNone = "none"

// HTTPAccess is who may ask what of the HTTP API.
type HTTPAccess struct {
	Auth         string `envconfig:"SHIPMENTS_AUTH" desc:"none lets the API serve other hosts without asking who they are; by default it then refuses to start"`
	AuthTokens   string `envconfig:"SHIPMENTS_AUTH_TOKENS" desc:"file with hashed bearer tokens, their names and scopes, read again when it changes"`
	AuthJWKSURL  string `envconfig:"SHIPMENTS_AUTH_JWKS_URL" desc:"JWK set of an identity provider whose JWTs are bearer tokens; https, or http on this host"`
	AuthIssuer   string `envconfig:"SHIPMENTS_AUTH_ISSUER" desc:"iss of the JWTs; needed with SHIPMENTS_AUTH_JWKS_URL"`
	AuthAudience string `envconfig:"SHIPMENTS_AUTH_AUDIENCE" desc:"aud of the JWTs; needed with SHIPMENTS_AUTH_JWKS_URL"`
	LinkKeys     string `envconfig:"SHIPMENTS_LINK_KEYS" desc:"file with the keys that sign links to documents; without one there are no links"`
	AuthRate     int    `envconfig:"SHIPMENTS_AUTH_RATE" default:"100" desc:"requests per second of each principal, with twice as many at once; 0 is no bound"`

	tokens   *auth.Tokens
	linkKeys *keyring.Ring
}

// asksWho reports whether the API asks who somebody is.
func (a *HTTPAccess) asksWho() bool { return a.AuthTokens != "" || a.AuthJWKSURL != "" }

func (c *Config) checkHTTPAccess(check func(ok bool, variable, format string, args ...any)) {
	check(c.Auth == "" || c.Auth == authNone, "SHIPMENTS_AUTH", "%q is not none: leave it out, and set SHIPMENTS_AUTH_TOKENS or SHIPMENTS_AUTH_JWKS_URL", c.Auth)
	check(c.Auth == "" || !c.asksWho(), "SHIPMENTS_AUTH", "is none, and SHIPMENTS_AUTH_TOKENS or SHIPMENTS_AUTH_JWKS_URL is set")
	c.tokens, c.linkKeys = nil, nil
	var err error
	if c.AuthTokens != "" {
		c.tokens, err = auth.LoadTokens(c.AuthTokens)
		check(err == nil, "SHIPMENTS_AUTH_TOKENS", "%v", err)
	}
	if c.LinkKeys != "" {
		c.linkKeys, err = keyring.Load(c.LinkKeys, auth.LinkPurpose)
		check(err == nil, "SHIPMENTS_LINK_KEYS", "%v", err)
	}
	check(c.AuthRate >= 0, "SHIPMENTS_AUTH_RATE", "%d is negative", c.AuthRate)
	if c.AuthJWKSURL == "" {
		check(c.AuthIssuer == "" && c.AuthAudience == "", "SHIPMENTS_AUTH_JWKS_URL", "is not set, and SHIPMENTS_AUTH_ISSUER or SHIPMENTS_AUTH_AUDIENCE is")
		return
	}
	u, err := url.Parse(c.AuthJWKSURL)
	check(err == nil && u.Host != "" && (u.Scheme == "https" || (u.Scheme == "http" && isLoopback(u.Hostname()))),
		"SHIPMENTS_AUTH_JWKS_URL", "is not an https URL: whoever can change the reply makes tokens")
	check(c.AuthIssuer != "", "SHIPMENTS_AUTH_ISSUER", "is not set, and SHIPMENTS_AUTH_JWKS_URL is")
	check(c.AuthAudience != "", "SHIPMENTS_AUTH_AUDIENCE", "is not set, and SHIPMENTS_AUTH_JWKS_URL is")
}

// access makes what the API is guarded with. The JWK set is read until ctx is done.
func (c *Config) access(ctx context.Context, log zerolog.Logger) (auth.Config, error) {
	origins, err := auth.ParseOrigins(c.CORSOrigins)
	if err != nil {
		return auth.Config{}, fmt.Errorf("SHIPMENTS_CORS_ORIGINS: %w", err)
	}
	access := auth.Config{RequestsPerSecond: float64(c.AuthRate), Secure: strings.HasPrefix(c.PublicURL, "https:"), Origins: origins}
	if c.linkKeys != nil {
		access.Links = auth.NewLinks(c.linkKeys)
	}
	var all auth.Any
	if c.tokens != nil {
		all = append(all, c.tokens)
	}
	if c.AuthJWKSURL != "" {
		jwts, err := auth.NewJWTs(ctx, auth.JWTConfig{
			URL: c.AuthJWKSURL, Issuer: c.AuthIssuer, Audience: c.AuthAudience,
			Report: func(err error) {
				log.Warn().Err(err).Msg("The JWK set cannot be read; the keys that are known stay good")
			},
		})
		if err != nil {
			return access, fmt.Errorf("SHIPMENTS_AUTH_JWKS_URL: %w", err)
		}
		all = append(all, jwts)
	}
	if len(all) > 0 {
		access.Authenticator = all
	}
	return access, nil
}

// checkExposure is an error if the API is served to other hosts than this one, at an
// address, without asking who they are.
func (c *Config) checkExposure(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || isLoopback(host) || c.asksWho() || c.Auth == authNone {
		return nil //nolint:nilerr // Validate reports an address that is none.
	}
	return &ConfigError{errors.New("SHIPMENTS_HTTP_ADDR: " + address + " can be reached from other hosts, and nobody is asked who they are: " +
		"set SHIPMENTS_AUTH_TOKENS or SHIPMENTS_AUTH_JWKS_URL, or say that it is meant so with SHIPMENTS_AUTH=none")}
}

// names are those by which the API is asked for while only this host reaches it.
func (c *Config) names() []string {
	names := auth.LocalHosts()
	if u, err := url.Parse(c.PublicURL); err == nil && u.Hostname() != "" {
		names = append(names, strings.ToLower(u.Hostname()))
	}
	return names
}

// isLocal reports whether only this host reaches a listener.
func isLocal(listener net.Listener) bool {
	host, _, err := net.SplitHostPort(listener.Addr().String())
	return err == nil && isLoopback(host)
}

// isLoopback reports whether a host is this one alone.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
