package auth

import (
	"html/template"
	"net/http"
	"strings"
)

// The names of the cookie that a browser logs in with. It holds the token, out of reach
// of scripts and of other sites. Browsers take one whose name begins with __Host- only
// from this very host by https: a neighbour cannot log somebody in as somebody else.
const (
	cookieName       = "shipments_session"
	secureCookieName = "__Host-" + cookieName
)

func (g *Guard) cookieName() string {
	if g.Secure {
		return secureCookieName
	}
	return cookieName
}

// loginPage is shown to browsers that are not logged in.
var loginPage = template.Must(template.New("login").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Log in – shipments</title></head>
<body>
<h1>Log in</h1>
{{with .Detail}}<p role="alert">{{.}}</p>{{end}}
<form method="post" action="{{.Prefix}}/session">
<p><label for="token">Token</label> <input id="token" name="token" type="password" autocomplete="current-password" required></p>
<input type="hidden" name="then" value="{{.Then}}">
<p><button>Log in</button></p>
</form>
</body>
</html>
`))

// Mux takes routes.
type Mux interface {
	HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request))
}

// Sessions are the routes of the login, for a mux.
func (g *Guard) Sessions(mux Mux) {
	mux.HandleFunc("GET /session", func(w http.ResponseWriter, _ *http.Request) { showLogin(w, http.StatusOK, g.Prefix, "/", "") })
	mux.HandleFunc("POST /session", g.login)
	mux.HandleFunc("POST /session/end", func(w http.ResponseWriter, r *http.Request) {
		g.setCookie(w, "", -1)
		http.Redirect(w, r, g.Prefix+"/session", http.StatusSeeOther)
	})
}

func (g *Guard) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		g.Problem(w, http.StatusBadRequest, "the form cannot be read")
		return
	}
	then, token := localPath(r.PostForm.Get("then")), r.PostForm.Get("token")
	if g.Authenticator != nil {
		if _, err := g.Authenticator.Authenticate(r.Context(), token); err != nil {
			showLogin(w, http.StatusUnauthorized, g.Prefix, then, "The token is not valid.")
			return
		}
		g.setCookie(w, token, 0)
	}
	http.Redirect(w, r, g.Prefix+then, http.StatusSeeOther) //nolint:gosec // localPath leads to no other site
}

func (g *Guard) setCookie(w http.ResponseWriter, token string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where users reach the API by https
		Name: g.cookieName(), Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: g.Secure,
	})
}

// unauthenticated replies to somebody unknown: with the login to a browser that wants a
// page, and with a problem to others.
func (g *Guard) unauthenticated(w http.ResponseWriter, r *http.Request, detail string) {
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		showLogin(w, http.StatusUnauthorized, g.Prefix, localPath(r.URL.EscapedPath()), "")
		return
	}
	g.Problem(w, http.StatusUnauthorized, detail)
}

func showLogin(w http.ResponseWriter, status int, prefix, then, detail string) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_ = loginPage.Execute(w, map[string]string{"Prefix": prefix, "Then": then, "Detail": detail}) // The client may be gone.
}

// localPath returns a path of this site, whatever a form says. Browsers read \ as /, and
// skip tabs and line breaks wherever they are: one of these would make a path that leads
// to another site.
func localPath(path string) string {
	other := func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, other) {
		return "/"
	}
	return path
}
