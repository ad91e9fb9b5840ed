package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"shipments/activities/documents"
)

// documentName is a shipment id, an underscore and a kind or carrier id.
var documentName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,129}$`)

// document serves a shipment's document. It is read and verified completely
// before the first byte is sent: a damaged one is a 500, never a truncated 200.
// Range and conditional requests are handled by net/http.
func (a *api) document(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !documentName.MatchString(name) {
		problem(w, http.StatusNotFound, "no document has this name")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	content, etag, err := a.Documents.Get(ctx, name)
	a.note(r, err)
	switch {
	case errors.Is(err, documents.ErrUnknown):
		problem(w, http.StatusNotFound, "no document has this name")
	case errors.Is(err, documents.ErrDamaged):
		a.Log.Error().Err(err).Str("document", name).Msg("A document is damaged")
		problem(w, http.StatusInternalServerError, "the document is damaged")
	case err != nil:
		unavailable(w)
	default:
		contentType := documents.ContentType(content)
		_, extension, _ := strings.Cut(contentType, "/")
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", name+"."+extension))
		w.Header().Set("ETag", etag)
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(&problemWriter{ResponseWriter: w}, r, "", time.Time{}, bytes.NewReader(content))
	}
}
