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

// HTTP is a carrier behind the JSON API that openapi.yaml describes.
//
//   - 2xx is the carrier's answer; 400, 409, 410 and 422: the carrier declined, with its
//     error codes.
//   - 429 and 503 say when to try again (Retry-After), which is honoured.
//   - Everything else is a technical fault and tried again: other 5xx, a broken
//     connection, and what looks like a wrong set-up (401, 403, 404), which
//     must not fail shipments.
//
// A reply that was lost leaves open whether the call had its effect: its key's
// result is asked for, and again before every further attempt of the activity.
// A call that is made again has the same key.
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

// ManifestLeg hands a leg over.
func (h *HTTP) ManifestLeg(ctx context.Context, call ManifestLegRequest) (ManifestLegReply, error) {
	var reply ManifestLegReply
	declined, err := h.call(ctx, "v1/manifestations", call.IdempotencyKey(), call, &reply)
	if err == nil && declined == nil && len(reply.TrackingNumbers) == 0 {
		err = errors.New("the carrier manifested the leg without a tracking number")
	}
	return ManifestLegReply{TrackingNumbers: reply.TrackingNumbers, Declined: declined}, err
}

// VoidLeg takes a leg back.
func (h *HTTP) VoidLeg(ctx context.Context, call VoidLegRequest) (VoidLegReply, error) {
	declined, err := h.call(ctx, "v1/manifestation-voids", call.IdempotencyKey(), call, &struct{}{})
	return VoidLegReply{Declined: declined}, err
}

// BookCollection books the collection.
func (h *HTTP) BookCollection(ctx context.Context, call BookCollectionRequest) (BookCollectionReply, error) {
	var reply BookCollectionReply
	declined, err := h.call(ctx, "v1/collections", call.IdempotencyKey(), call, &reply)
	reply.Declined = declined
	return reply, err
}

// CancelCollection takes a booking back.
func (h *HTTP) CancelCollection(ctx context.Context, call CancelCollectionRequest) (CancelCollectionReply, error) {
	declined, err := h.call(ctx, "v1/collection-cancellations", call.IdempotencyKey(), call, &struct{}{})
	return CancelCollectionReply{Declined: declined}, err
}

// call makes one call. On a repeat, and after a lost reply, the key's result
// is asked for.
//
// A cancellation is honoured before a request is made. One that has been made
// is waited for, for at most the timeout: a call that goes on at the carrier
// must not be overtaken by the one that undoes it.
func (h *HTTP) call(ctx context.Context, path, key string, request, reply any) (*shipment.Fault, error) {
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
		// It may have had its effect: the answer is still to be had.
		known, declined, resultErr := h.result(ctx, key, reply)
		if known && resultErr == nil {
			return declined, nil
		}
		return nil, fmt.Errorf("call the carrier: %w", err)
	}
	return interpret(status, header, answer, reply)
}

// isRepeat reports whether the activity has been tried before.
func isRepeat(ctx context.Context) bool {
	return activity.IsActivity(ctx) && activity.GetInfo(ctx).Attempt > 1
}

// result asks what the call with a key was answered. It is not known if no
// such call has had an effect.
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
		// The transport must not repeat it behind our back.
		request.GetBody = nil
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

// interpret makes of a carrier's answer what it means.
func interpret(status int, header http.Header, answer []byte, reply any) (*shipment.Fault, error) {
	switch {
	case status >= 200 && status < 300:
		if err := json.Unmarshal(answer, reply); err != nil {
			return nil, fmt.Errorf("decode the carrier's answer: %w", err)
		}
		return nil, nil //nolint:nilnil // it did not decline
	case status == http.StatusBadRequest, status == http.StatusConflict, status == http.StatusGone, status == http.StatusUnprocessableEntity:
		return declinedBecause(status, answer), nil
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return nil, temporal.NewApplicationErrorWithOptions(fmt.Sprintf("the carrier answered %d", status), "CarrierBusy",
			temporal.ApplicationErrorOptions{NextRetryDelay: retryAfter(header)})
	default:
		return nil, fmt.Errorf("the carrier answered %d %s", status, http.StatusText(status))
	}
}

func declinedBecause(status int, answer []byte) *shipment.Fault {
	var fault shipment.Fault
	if err := json.Unmarshal(answer, &fault); err != nil || fault.Description == "" {
		return shipment.NewFault("Carrier declined the call", fmt.Sprintf("HTTP %d", status))
	}
	return &fault
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3) in its seconds form, up to an
// hour; 0 leaves the delay to the retry policy.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Hour)
}
