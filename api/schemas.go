package api

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"shipments/events"
)

func listSchemas(w http.ResponseWriter, _ *http.Request) {
	names, err := fs.Glob(events.Schemas(), "*.json")
	if err != nil {
		problem(w, http.StatusInternalServerError, "the schemas cannot be listed")
		return
	}
	writeJSON(w, http.StatusOK, "application/json", map[string][]string{"schemas": names})
}

// serveSchema replies with a schema. Its $id is where users find it, so that what it
// refers to is found too.
func (a *api) serveSchema(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text, err := fs.ReadFile(events.Schemas(), name)
	if err != nil {
		problem(w, http.StatusNotFound, "no schema has this name: /schemas/ lists them")
		return
	}
	if a.PublicURL != "" {
		id, err := json.Marshal(strings.TrimRight(a.PublicURL, "/") + "/schemas/" + name)
		if err != nil {
			problem(w, http.StatusInternalServerError, "the schema cannot be made")
			return
		}
		text = bytes.Replace(text, []byte("{\n"), slices.Concat([]byte("{\n  \"$id\": "), id, []byte(",\n")), 1)
	}
	w.Header().Set("Content-Type", "application/schema+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text) //nolint:gosec // an embedded file; an error means that the client is gone
}
