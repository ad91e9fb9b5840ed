package api

import (
	"io/fs"
	"net/http"

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

func serveSchema(w http.ResponseWriter, r *http.Request) {
	text, err := fs.ReadFile(events.Schemas(), r.PathValue("name"))
	if err != nil {
		problem(w, http.StatusNotFound, "no schema has this name: /schemas/ lists them")
		return
	}
	w.Header().Set("Content-Type", "application/schema+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(text) //nolint:gosec // an embedded file; an error means that the client is gone
}
