package carriers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// probeKey is an idempotency key that no call has: shipment ids have no dots.
const probeKey = "probe.0/leg-1/none"

// ErrNoProbe is returned for a carrier that cannot be tried.
var ErrNoProbe = errors.New("this carrier cannot be tried")

// Probe asks a carrier for the result of a call that was never made, which changes
// nothing there. Without an error, the carrier can be reached and accepts the token.
// The error is that of a call, or [ErrNoProbe] for a carrier of another protocol than
// [OverHTTP].
func Probe(ctx context.Context, client Client) error {
	h, isHTTP := client.(*HTTP)
	if !isHTTP {
		return ErrNoProbe
	}
	at := h.base.JoinPath("v1/results")
	at.RawQuery = url.Values{"key": {probeKey}}.Encode()
	a, err := h.exchange(ctx, ask{method: http.MethodGet, at: at, accept: acceptJSON})
	if err != nil {
		return err
	}
	switch {
	case a.status == http.StatusNotFound, a.status == http.StatusGone, a.status/100 == 2:
		return nil
	}
	if _, err := a.refusal(); err != nil {
		return err
	}
	return a.failed(ErrorTypeFailed, "it was asked for the result of an unknown key: 404 is expected")
}
