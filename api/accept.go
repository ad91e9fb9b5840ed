package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// prefers reports whether a client asks for a media type by name, and rather than for
// another one (RFC 9110, section 12.5.1). Of two that it likes equally, the first counts.
func prefers(r *http.Request, mediaType, other string) bool {
	wanted, best, found := false, 0.0, false
	for _, line := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(line, ",") {
			name, parameters, err := mime.ParseMediaType(part)
			if err != nil || name != mediaType && name != other {
				continue
			}
			quality := 1.0
			if text, has := parameters["q"]; has {
				if quality, err = strconv.ParseFloat(text, 64); err != nil {
					continue
				}
			}
			if quality > 0 && (!found || quality > best) {
				wanted, best, found = name == mediaType, quality, true
			}
		}
	}
	return wanted
}
