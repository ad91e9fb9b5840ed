package carriers

import (
	"net/http"
	"time"
)

// SetPauses shortens the pause after an answer that cannot be read, and the grace.
func (h *HTTP) SetPauses(read, grace time.Duration) { h.readPause, h.grace = read, grace }

// SetTransport has requests made by a transport, with the timeout that the client has.
func (h *HTTP) SetTransport(t http.RoundTripper) { h.client.Transport = t }
