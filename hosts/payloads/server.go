package payloads

import (
	"errors"
	"net/http"
	"strings"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/converter"

	"shipments/api/auth"
	"shipments/hosts/keyring"
)

// maxBodyBytes bounds the payloads of one request: the Temporal UI sends those of a page
// of a history.
const maxBodyBytes = 32 << 20

// ServerConfig configures [NewServer].
type ServerConfig struct {
	Ring *keyring.Ring
	// Origin is the site whose pages may ask, such as https://temporal.example.com. With
	// none, no page may.
	Origin string
	// Authenticator finds out who asks; nil: nobody is asked. They need
	// [auth.ScopeOperate].
	Authenticator auth.Authenticator
	Log           zerolog.Logger
}

// NewServer makes the handler of POST /decode, with which the Temporal UI and the
// temporal command show what is encrypted. It encrypts nothing. Who asked for what
// namespace is logged.
func NewServer(config ServerConfig) http.Handler {
	decode := converter.NewPayloadCodecHTTPHandler(NewCodec(config.Ring))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("OPTIONS /decode", func(w http.ResponseWriter, r *http.Request) {
		if !config.allowOrigin(w, r) {
			return
		}
		w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
		w.Header().Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /decode", func(w http.ResponseWriter, r *http.Request) {
		if !config.allowOrigin(w, r) {
			return
		}
		name, ok := config.authorize(w, r)
		if !ok {
			return
		}
		config.Log.Info().Str("principal", name).Str("namespace", r.Header.Get("X-Namespace")).Msg("Payloads are decrypted for somebody")
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		decode.ServeHTTP(w, r)
	})
	return mux
}

// allowOrigin replies to pages of other sites. Requests that no page makes have no
// origin.
func (c *ServerConfig) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Vary", "Origin")
	switch origin := r.Header.Get("Origin"); origin {
	case "":
		return true
	case c.Origin:
		w.Header().Set("Access-Control-Allow-Origin", origin)
		return true
	}
	http.Error(w, "pages of this site may not ask", http.StatusForbidden)
	return false
}

// authorize replies to somebody who may not have payloads decrypted.
func (c *ServerConfig) authorize(w http.ResponseWriter, r *http.Request) (name string, ok bool) {
	if c.Authenticator == nil {
		return "", true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		w.Header().Set("WWW-Authenticate", `Bearer realm="shipments"`)
		http.Error(w, "a bearer token is needed", http.StatusUnauthorized)
		return "", false
	}
	principal, err := c.Authenticator.Authenticate(r.Context(), strings.TrimSpace(token))
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		w.Header().Set("Retry-After", "5")
		http.Error(w, auth.ErrUnavailable.Error(), http.StatusServiceUnavailable)
		return "", false
	case err != nil:
		w.Header().Set("WWW-Authenticate", `Bearer realm="shipments", error="invalid_token"`)
		http.Error(w, "the bearer token is not valid", http.StatusUnauthorized)
		return "", false
	case !principal.May(auth.ScopeOperate):
		w.Header().Set("WWW-Authenticate", `Bearer realm="shipments", error="insufficient_scope", scope="operate"`)
		http.Error(w, "the token lacks the scope operate", http.StatusForbidden)
		return "", false
	}
	return principal.Name, true
}
