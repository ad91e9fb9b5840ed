package carriers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"shipments/shipment"
)

// HTTP is the client of a carrier that serves the JSON API of openapi.yaml. The
// status of an answer decides what it means:
//
//   - 2xx: the carrier has done what was asked.
//   - 400, 409, 410, 422: the carrier has declined. The body is the fault.
//   - 429, 503: the carrier is busy. The call is retried, not before Retry-After.
//   - Everything else is a technical fault and retried: other 5xx, a broken
//     connection, and signs of a wrong configuration (401, 403, 404). A wrong
//     configuration must not fail shipments.
//
// When a reply is lost, the call may have had its effect. The client then asks
// for the result of the idempotency key, and does so again before every further
// attempt of the activity. A call that is repeated has the same key.
//
// It is safe for concurrent use.
type HTTP struct {
	base   *url.URL
	token  string
	client *http.Client
}

var _ Client = (*HTTP)(nil)

// maxReply bounds a carrier's answer, in bytes.
const maxReply = 1 << 20

// DefaultTimeout bounds one request to a carrier whose entry in the table has no
// timeout.
const DefaultTimeout = 30 * time.Second

// NewHTTP makes a carrier at a base URL. The bearer token may be empty. The
// timeout bounds one request; 0 means [DefaultTimeout].
func NewHTTP(base *url.URL, token string, timeout time.Duration) *HTTP {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &HTTP{base: base, token: token, client: &http.Client{Timeout: timeout}}
}

// ManifestLeg implements [Client]. A 2xx answer without a tracking number is an error.
func (h *HTTP) ManifestLeg(ctx context.Context, request ManifestLegRequest) (ManifestLegReply, error) {
	var reply ManifestLegReply
	declined, err := h.call(ctx, "v1/manifestations", request.IdempotencyKey(), request, &reply)
	if err == nil && declined == nil && len(reply.TrackingNumbers) == 0 {
		err = errors.New("the carrier manifested the leg without a tracking number")
	}
	return ManifestLegReply{TrackingNumbers: reply.TrackingNumbers, Declined: declined}, err
}

// VoidLeg implements [Client].
func (h *HTTP) VoidLeg(ctx context.Context, request VoidLegRequest) (VoidLegReply, error) {
	declined, err := h.call(ctx, "v1/manifestation-voids", request.IdempotencyKey(), request, &struct{}{})
	return VoidLegReply{Declined: declined}, err
}

// BookCollection implements [Client].
func (h *HTTP) BookCollection(ctx context.Context, request BookCollectionRequest) (BookCollectionReply, error) {
	var reply BookCollectionReply
	declined, err := h.call(ctx, "v1/collections", request.IdempotencyKey(), request, &reply)
	reply.Declined = declined
	return reply, err
}

// CancelCollection implements [Client].
func (h *HTTP) CancelCollection(ctx context.Context, request CancelCollectionRequest) (CancelCollectionReply, error) {
	declined, err := h.call(ctx, "v1/collection-cancellations", request.IdempotencyKey(), request, &struct{}{})
	return CancelCollectionReply{Declined: declined}, err
}

// call makes one call and decodes its answer into reply. declined is set if the
// carrier declined. In a retried activity, and after a lost reply, it asks for the
// key's result.
//
// It makes no request if ctx is cancelled already. Once made, a request is waited
// for until the timeout even if ctx is cancelled: a call that the carrier is still
// working on must not be overtaken by the call that undoes it.
func (h *HTTP) call(ctx context.Context, path, key string, request, reply any) (declined *shipment.Fault, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if isRepeat(ctx) {
		known, declined, err := h.result(ctx, key, reply)
		if known || err != nil {
			return declined, err
		}
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode the call: %w", err)
	}
	status, header, answer, err := h.do(ctx, http.MethodPost, h.base.JoinPath(path), key, body)
	if err != nil {
		// The call may have had its effect: then the key has a result.
		known, declined, resultErr := h.result(ctx, key, reply)
		if known && resultErr == nil {
			return declined, nil
		}
		return nil, fmt.Errorf("call the carrier: %w", err)
	}
	return interpret(status, header, answer, reply)
}

// isRepeat reports whether an earlier attempt of the activity may have made the call.
func isRepeat(ctx context.Context) bool {
	return activity.IsActivity(ctx) && activity.GetInfo(ctx).Attempt > 1
}

// result asks for the answer to the call with a key, and decodes it into reply. It
// is not known if no call with this key has had an effect.
func (h *HTTP) result(ctx context.Context, key string, reply any) (known bool, declined *shipment.Fault, err error) {
	at := h.base.JoinPath("v1/results")
	at.RawQuery = url.Values{"key": {key}}.Encode()
	status, header, answer, err := h.do(ctx, http.MethodGet, at, "", nil)
	if err != nil {
		return false, nil, fmt.Errorf("ask for the result: %w", err)
	}
	if status == http.StatusNotFound {
		return false, nil, nil
	}
	if status != http.StatusOK {
		_, err := interpret(status, header, answer, reply)
		return false, nil, err
	}
	var result struct {
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return false, nil, fmt.Errorf("decode the result: %w", err)
	}
	declined, err = interpret(result.Status, http.Header{}, result.Body, reply)
	return err == nil, declined, err
}

func (h *HTTP) do(ctx context.Context, method string, at *url.URL, key string, body []byte) (int, http.Header, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	request.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		request.GetBody = nil // Without it the transport does not repeat the request.
	}
	if h.token != "" {
		request.Header.Set("Authorization", "Bearer "+h.token)
	}
	response, err := h.client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	if err == nil && len(answer) > maxReply {
		err = fmt.Errorf("the answer has more than %d bytes", maxReply)
	}
	return response.StatusCode, response.Header, answer, err
}

// interpret turns a carrier's answer into a reply, a fault, or an error.
func interpret(status int, header http.Header, answer []byte, reply any) (*shipment.Fault, error) {
	switch {
	case status >= 200 && status < 300:
		if err := json.Unmarshal(answer, reply); err != nil {
			return nil, fmt.Errorf("decode the carrier's answer: %w", err)
		}
		return nil, nil //nolint:nilnil // it did not decline
	case status == http.StatusBadRequest, status == http.StatusConflict, status == http.StatusGone, status == http.StatusUnprocessableEntity:
		return faultIn(status, answer), nil
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return nil, temporal.NewApplicationErrorWithOptions(fmt.Sprintf("the carrier answered %d", status), "CarrierBusy",
			temporal.ApplicationErrorOptions{NextRetryDelay: retryAfter(header)})
	default:
		return nil, fmt.Errorf("the carrier answered %d %s", status, http.StatusText(status))
	}
}

// faultIn is the fault in the body of a carrier that declined. A body without one
// becomes a fault that has the status.
func faultIn(status int, answer []byte) *shipment.Fault {
	var fault shipment.Fault
	if err := json.Unmarshal(answer, &fault); err != nil || fault.Description == "" {
		return shipment.NewFault("Carrier declined the call", fmt.Sprintf("HTTP %d", status))
	}
	return &fault
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3) in its form in seconds, at most an
// hour. 0 leaves the delay to the retry policy.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Hour)
}
