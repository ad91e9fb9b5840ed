package auth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ParseOrigins reads a list of origins with commas between them, as browsers write them:
// scheme, host, and the port where it is not the scheme's own. There is no origin for
// all: "*" and "null" are errors.
func ParseOrigins(list string) ([]string, error) {
	var origins []string
	for origin := range strings.SplitSeq(list, ",") {
		if origin = strings.TrimSpace(origin); origin == "" {
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || canonicalOrigin(u) != origin || strings.Contains(origin, "*") {
			return nil, errors.New("an entry is no origin such as https://app.example.com: it has a scheme, a host in small letters, " +
				"and a port where it is not the scheme's own, and nothing behind that")
		}
		origins = append(origins, origin)
	}
	return origins, nil
}

// canonicalOrigin is the origin of a URL as browsers write it.
func canonicalOrigin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host
}

// ownPages are the routes that only the API's own pages use: scripts of other origins may
// not.
func ownPages(pattern string) bool {
	return slices.Contains([]string{"GET /{$}", "GET /live", "POST /actions/{action}", "GET /session", "POST /session", "POST /session/end"}, pattern) ||
		strings.HasPrefix(pattern, "GET /assets/")
}

const (
	allowedMethods = "GET, HEAD, POST"
	// allowedHeaders are the request headers of the API. "*" would leave out Authorization.
	allowedHeaders = "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, Range, traceparent, tracestate, " +
		"ce-specversion, ce-type, ce-id, ce-source, ce-subject, ce-time, ce-datacontenttype, ce-dataschema, ce-correlationid, ce-traceparent, ce-tracestate"
	// exposedHeaders are the reply headers that scripts may read beside the simple ones.
	exposedHeaders = "Accept-Post, Allow, Content-Disposition, Content-Range, ETag, Link, Location, Retry-After, WWW-Authenticate"
	// preflightLife is how long a browser may remember a preflight, in seconds.
	preflightLife = "600"
)

// cors lets scripts of the listed origins use the routes for programs. A request of theirs has
// no cookie, whatever the browser sends: such a script shows a token of its own. Without
// origins it does nothing.
//
// checked refuses requests of other sites, unchecked does not.
func (g *Guard) cors(checked, unchecked http.Handler, pattern func(*http.Request) string) http.Handler {
	if len(g.Origins) == 0 {
		return checked
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Add("Vary", "Origin") // A cache must not give one origin the reply to another.
		origin := r.Header.Get("Origin")
		if origin == "" || !slices.Contains(g.Origins, origin) {
			checked.ServeHTTP(w, r)
			return
		}
		if method := r.Header.Get("Access-Control-Request-Method"); r.Method == http.MethodOptions && method != "" {
			header.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
			asked := r.Clone(r.Context())
			asked.Method = method
			if p := pattern(asked); p == "" || ownPages(p) {
				checked.ServeHTTP(w, r)
				return
			}
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Allow-Methods", allowedMethods)
			header.Set("Access-Control-Allow-Headers", allowedHeaders)
			header.Set("Access-Control-Max-Age", preflightLife)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if ownPages(pattern(r)) {
			checked.ServeHTTP(w, r)
			return
		}
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Expose-Headers", exposedHeaders)
		r = r.Clone(r.Context())
		r.Header.Del("Cookie")
		unchecked.ServeHTTP(w, r)
	})
}
