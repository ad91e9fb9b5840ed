package carriers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// HTTP is the client of a carrier that serves the JSON API of openapi.yaml. The
// status of an answer decides what it means:
//
//   - 2xx: the carrier has done what was asked. A manifestation's answer has the
//     tracking numbers, a booking's the reference; the answer to a call that takes
//     something back may be empty. An answer that lacks what it has to say is asked
//     for [ReadAttempts] times in a row, and then fails the call for good.
//   - 400, 410, 422: the carrier has declined. The body is the fault, or says in
//     another form why.
//   - 404 to a call that takes something back: there is nothing to take back,
//     unless its key has a result.
//   - 409: the carrier is working on an earlier call with the same key. The call is
//     retried. A fault in the form of openapi.yaml, without Retry-After, that is
//     still there after [ReadAttempts] is the carrier's refusal.
//   - 429, 503: the carrier is busy. The call is retried, not before Retry-After.
//   - Everything else is a technical fault and retried: other 5xx, a broken
//     connection, and signs of a wrong configuration (401, 403, 404, redirects). A
//     wrong configuration must not fail shipments.
//
// When a reply is lost, the call may have had its effect. The client then asks
// for the result of the idempotency key, and does so again before every further
// attempt of the activity. A call that is repeated has the same key. A refusal that
// follows a lost reply says so (Unanswered): what the first call may have done is
// to be undone.
//
// It is safe for concurrent use.
type HTTP struct {
	base    *url.URL
	options HTTPOptions
	client  *http.Client

	readPause, grace time.Duration
}

var _ Client = (*HTTP)(nil)

// DefaultTimeout bounds one request to a carrier whose entry in the table has no
// timeout.
const DefaultTimeout = 30 * time.Second

// MaxTimeout is the longest timeout of one request that an entry may have.
const MaxTimeout = 10 * time.Minute

// HTTPOptions are what the carrier table says of a carrier that is called over HTTP.
type HTTPOptions struct {
	// Token is the bearer token; without it calls bear none.
	Token string
	// TokenFile is a file with the token, read with each request, in place of Token.
	TokenFile string
	// Account is the account with the carrier, and Service the service that is
	// asked for. Both may be empty.
	Account, Service string
	// Timeout bounds one request; 0 means [DefaultTimeout], and more than [MaxTimeout]
	// means that.
	Timeout time.Duration
	// ReadPause is the pause after the first answer that cannot be read; the pauses
	// after it double. 0 means a second.
	ReadPause time.Duration
}

// NewHTTP makes the client of a carrier's API at a base URL.
func NewHTTP(base *url.URL, options HTTPOptions) *HTTP {
	if options.Timeout <= 0 {
		options.Timeout = DefaultTimeout
	}
	options.Timeout = min(options.Timeout, MaxTimeout)
	return &HTTP{
		base: base, options: options, readPause: cmp.Or(options.ReadPause, readPause), grace: graceFor(options.Timeout),
		client: &http.Client{
			Transport: transport, Timeout: options.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// ManifestLeg implements [Client].
func (h *HTTP) ManifestLeg(ctx context.Context, request ManifestLegRequest) (ManifestLegReply, error) {
	var reply ManifestLegReply
	c := call{path: "v1/manifestations", key: request.IdempotencyKey(), trace: request.Trace, uncertain: request.Uncertain, limit: maxManifestation}
	c.read = func(a answered) (err error) {
		var answer struct {
			TrackingNumbers json.RawMessage `json:"trackingNumbers"`
			TrackingNumber  json.RawMessage `json:"trackingNumber"`
			Labels          []labelAnswer   `json:"labels"`
		}
		if err := a.decode(&answer); err != nil {
			return err
		}
		packages := max(1, len(request.Packages))
		reply.TrackingNumbers, err = trackingNumbers(answer.TrackingNumbers, answer.TrackingNumber, packages)
		if err == nil {
			reply.Labels, err = h.labels(answer.Labels, packages)
		}
		return err
	}
	request.Service, request.Account = h.options.Service, h.options.Account
	request.Trace, request.Uncertain = Trace{}, false
	c.body = request
	decided, err := h.call(ctx, c)
	if err != nil || decided.declined != nil {
		return ManifestLegReply{Declined: decided.declined, Unanswered: decided.uncertain}, err
	}
	if err := h.fetchLabels(ctx, reply.Labels, c.trace); err != nil {
		return ManifestLegReply{}, err
	}
	return reply, nil
}

// VoidLeg implements [Client].
func (h *HTTP) VoidLeg(ctx context.Context, request VoidLegRequest) (VoidLegReply, error) {
	c := call{path: "v1/manifestation-voids", key: request.IdempotencyKey(), trace: request.Trace, uncertain: request.Uncertain, undoes: true}
	request.Account, request.Trace, request.Uncertain = h.options.Account, Trace{}, false
	c.body = request
	decided, err := h.call(ctx, c)
	return VoidLegReply{Declined: decided.declined}, err
}

// BookCollection implements [Client].
func (h *HTTP) BookCollection(ctx context.Context, request BookCollectionRequest) (BookCollectionReply, error) {
	var reply BookCollectionReply
	c := call{path: "v1/collections", key: request.IdempotencyKey(), trace: request.Trace, uncertain: request.Uncertain, read: func(a answered) (err error) {
		var body struct {
			BookingReference  json.RawMessage `json:"bookingReference"`
			LocationReference json.RawMessage `json:"locationReference"`
		}
		if err := a.decode(&body); err != nil {
			return err
		}
		if reply.BookingReference, err = referenceIn("bookingReference", body.BookingReference); err != nil {
			return fmt.Errorf("a booking has a reference: %w", err)
		}
		if !absent(body.LocationReference) {
			reply.LocationReference, err = referenceIn("locationReference", body.LocationReference)
		}
		return err
	}}
	request.Service, request.Account = h.options.Service, h.options.Account
	request.Trace, request.Uncertain = Trace{}, false
	c.body = request
	decided, err := h.call(ctx, c)
	if err != nil || decided.declined != nil {
		return BookCollectionReply{Declined: decided.declined, Unanswered: decided.uncertain}, err
	}
	return reply, nil
}

// CancelCollection implements [Client].
func (h *HTTP) CancelCollection(ctx context.Context, request CancelCollectionRequest) (CancelCollectionReply, error) {
	c := call{path: "v1/collection-cancellations", key: request.IdempotencyKey(), trace: request.Trace, uncertain: request.Uncertain, undoes: true}
	request.Account, request.Trace, request.Uncertain = h.options.Account, Trace{}, false
	c.body = request
	decided, err := h.call(ctx, c)
	return CancelCollectionReply{Declined: decided.declined}, err
}
