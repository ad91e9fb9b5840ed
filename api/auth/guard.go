package auth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// MaxBodyBytes bounds the body of every request. Routes have lower bounds of their own.
const MaxBodyBytes = 1 << 20

// Config is what a guard works with. The zero value lets everybody do everything, but
// for requests that a browser makes for another site.
type Config struct {
	// Authenticator finds out who asks; nil: nobody is asked.
	Authenticator Authenticator
	// Links takes signed links; nil: none.
	Links *Links
	// Hosts are the names by which the API may be asked for; nil: any. A listener that
	// only this host reaches, and that asks nobody who they are, needs them: otherwise a
	// web page could have its own name lead here, and read and do everything.
	Hosts []string
	// Prefix is the path that comes before that of the routes where users reach the API.
	Prefix string
	// RequestsPerSecond bounds the requests of each principal; 0: no bound.
	RequestsPerSecond float64
	// Origins are those whose scripts may use the API; see [ParseOrigins]. None by default.
	Origins []string
	// Secure: browsers reach the API by https, and send its cookie only there.
	Secure bool
	Log    zerolog.Logger
	// Problem writes a reply that refuses.
	Problem func(w http.ResponseWriter, status int, detail string)
}

// Guard stands in front of the routes. It is safe for concurrent use.
type Guard struct {
	Config

	limits limits
}

// NewGuard makes a guard.
func NewGuard(config Config) *Guard {
	return &Guard{Config: config, limits: limits{perSecond: config.RequestsPerSecond}}
}

// Protect makes a handler that passes a request on if whoever asks may. The pattern of
// a request is that of its route, as the mux has it; requests without a route are
// passed on.
func (g *Guard) Protect(next http.Handler, pattern func(*http.Request) string) http.Handler {
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, next, pattern(r)) })
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		g.Problem(w, http.StatusForbidden, "a browser asks this for another site")
	}))
	protected := g.cors(origin.Handler(guarded), guarded, pattern)
	if g.Hosts == nil {
		return protected
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Serves(g.Hosts, r.Host) {
			g.Problem(w, http.StatusMisdirectedRequest, "this host is not served here")
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// LocalHosts are the names of this host for itself.
func LocalHosts() []string { return []string{"localhost", "127.0.0.1", "::1"} }

// Serves reports whether the host of a request, with its port or without, is one of the
// names.
func Serves(names []string, host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	ip := net.ParseIP(host)
	return slices.Contains(names, host) || (ip != nil && ip.IsLoopback())
}

func (g *Guard) serve(w http.ResponseWriter, r *http.Request, next http.Handler, pattern string) {
	r.Body = http.MaxBytesReader(w, r.Body, MaxBodyBytes)
	w.Header().Set("Referrer-Policy", "no-referrer") // A URL may be a signed link.
	if g.Authenticator == nil || pattern == "" {
		next.ServeHTTP(w, r)
		return
	}
	scope, open := ScopeOf(pattern)
	if open {
		next.ServeHTTP(w, r)
		return
	}
	if g.Links != nil && pattern == documentRoute && isSigned(r) {
		if !g.Links.verify(r, time.Now()) {
			g.Problem(w, http.StatusForbidden, "the link is not valid, or no longer")
			return
		}
		next.ServeHTTP(w, r)
		return
	}
	principal, ok := g.authenticate(w, r)
	if !ok || !g.admit(w, principal, scope) {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		g.Log.Info().Str("principal", principal.Name).Str("route", pattern).Str("path", r.URL.EscapedPath()).Msg("HTTP request")
	}
	ctx := context.WithValue(r.Context(), key{}, principal)
	ctx = context.WithValue(ctx, againKey{}, func() bool {
		again, err := g.Authenticator.Authenticate(r.Context(), g.token(r))
		return errors.Is(err, ErrUnavailable) || (err == nil && again.May(scope))
	})
	next.ServeHTTP(w, r.WithContext(ctx))
}

// againKey is the key of the function in a context that asks again.
type againKey struct{}

// StillMay reports whether whoever made a request may still do so. A reply that goes on
// for long asks now and then: the token may have expired or been revoked.
func StillMay(ctx context.Context) bool {
	again, asked := ctx.Value(againKey{}).(func() bool)
	return !asked || again()
}

// token is the token of a request that has one.
func (g *Guard) token(r *http.Request) string {
	token, present := bearer(r)
	if !present {
		if cookie, err := r.Cookie(g.cookieName()); err == nil {
			token = cookie.Value
		}
	}
	return token
}

// authenticate finds out who asks, or replies that it is not known.
func (g *Guard) authenticate(w http.ResponseWriter, r *http.Request) (Principal, bool) {
	token := g.token(r)
	if token == "" && r.Header.Get("Authorization") == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="shipments"`)
		g.unauthenticated(w, r, "a bearer token is needed")
		return Principal{}, false
	}
	principal, err := g.Authenticator.Authenticate(r.Context(), token)
	switch {
	case errors.Is(err, ErrUnavailable):
		g.Problem(w, http.StatusServiceUnavailable, ErrUnavailable.Error())
		return Principal{}, false
	case err != nil:
		w.Header().Set("WWW-Authenticate", `Bearer realm="shipments", error="invalid_token"`)
		g.unauthenticated(w, r, "the bearer token is not valid")
		return Principal{}, false
	}
	return principal, true
}

// admit replies to a principal who may not do this, or not so often.
func (g *Guard) admit(w http.ResponseWriter, principal Principal, scope Scope) bool {
	if wait := g.limits.wait(principal.Name); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		g.Problem(w, http.StatusTooManyRequests, fmt.Sprintf("%s may make %g requests per second", principal.Name, g.RequestsPerSecond))
		return false
	}
	if principal.May(scope) {
		return true
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="shipments", error="insufficient_scope", scope=%q`, scope))
	g.Problem(w, http.StatusForbidden, "the token lacks the scope "+string(scope))
	return false
}

// bearer returns the token of a request's Authorization header. One that has another
// scheme has no token, and is refused.
func bearer(r *http.Request) (token string, present bool) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}
