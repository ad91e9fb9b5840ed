package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"shipments/activities/documents"
	"shipments/api/auth"
	"shipments/events"
)

// protect puts the guard in front of the routes, and adds those of the login.
func (a *api) protect(mux *routes) http.Handler {
	access := a.Access
	access.Log = a.Log
	access.Problem = func(w http.ResponseWriter, status int, detail string) { problem(w, status, detail) }
	access.Prefix = a.publicPath
	guard := auth.NewGuard(access)
	guard.Sessions(mux)
	return guard.Protect(withProblems(mux.ServeMux), func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		return pattern
	})
}

// stamp says in an event who published it, whatever the event said itself.
func stamp(r *http.Request, ev *event.Event) {
	ev.SetExtension(events.PrincipalAttribute, nil)
	if name := auth.Of(r.Context()).Name; name != "" {
		ev.SetExtension(events.PrincipalAttribute, name)
	}
}

// link is a link to a document that needs no token.
type link struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// linkDocument makes a link to the document in the path, which need not exist.
func (a *api) linkDocument(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !documentName.MatchString(name) {
		problem(w, http.StatusNotFound, "no document has this name")
		return
	}
	if a.Access.Links == nil {
		problem(w, http.StatusNotImplemented, "links are not signed here: SHIPMENTS_LINK_KEYS is not set")
		return
	}
	life, err := linkLife(r)
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	path, until := documents.Folder+name, time.Now().Add(life).UTC().Truncate(time.Second)
	a.Log.Info().Str("principal", auth.Of(r.Context()).Name).Str("document", name).Time("expires", until).Msg("Link to a document")
	writeJSON(w, http.StatusCreated, "application/json", link{
		URL: strings.TrimRight(a.PublicURL, "/") + path + "?" + a.Access.Links.Sign(path, until), Expires: until,
	})
}

// linkLife is how long a link is to be good, as the body of a request says.
func linkLife(r *http.Request) (time.Duration, error) {
	var body struct {
		ExpiresIn string `json:"expiresIn"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		return 0, errors.New(`the body is not JSON such as {"expiresIn": "1h"}`)
	}
	if body.ExpiresIn == "" {
		return auth.DefaultLinkLife, nil
	}
	life, err := time.ParseDuration(body.ExpiresIn)
	if err != nil || life < time.Second || life > auth.MaxLinkLife {
		return 0, fmt.Errorf("expiresIn is not a duration from 1s to %s", auth.MaxLinkLife)
	}
	return life, nil
}
