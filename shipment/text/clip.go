package text

import "strings"

// Clip shortens text from outside to limit bytes before it is shown. It cuts no
// character in two, and marks what is missing with "…", which comes on top.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
