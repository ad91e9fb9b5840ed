package carriers

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.temporal.io/sdk/temporal"

	"shipments/activities/pace"
	"shipments/shipment"
)

// MaxGrace is the longest time for which a request in flight, and then its result, is
// waited for once its call was cancelled, or its deadline has passed.
const MaxGrace = 2*MaxTimeout + graceSlack

// graceSlack is what is left for all that is no waiting for the carrier.
const graceSlack = 10 * time.Second

// graceFor is long enough for a request in flight and for one that asks for its
// result, so that neither is given up before its own timeout.
func graceFor(timeout time.Duration) time.Duration { return 2*timeout + graceSlack }

// ReadAttempts is how often in a row an answer that cannot be read is asked for.
const ReadAttempts = 5

// readPause is the default of [HTTPOptions].ReadPause.
const readPause = time.Second

// call is one call of a carrier.
type call struct {
	path, key string
	body      any
	trace     Trace
	// limit bounds the answer, in bytes; 0 means [maxReply].
	limit int64
	// undoes says that the call takes something back.
	undoes bool
	// uncertain says that an earlier attempt may have had its effect.
	uncertain bool
	// read reads the body of a 2xx answer, unless the call undoes. Its error says
	// what is missing there.
	read func(a answered) error
}

// outcome is what a carrier has decided.
type outcome struct {
	declined *shipment.Fault
	// uncertain says that an earlier call, which the carrier did not mention, may
	// have had its effect although this one was declined.
	uncertain bool
}

// call makes a call. In a retried activity, and after a lost reply, it asks for the
// result of the key.
//
// It makes no request once ctx has ended. A request in flight is waited for, until
// its own timeout, even if ctx ends: a call that the carrier is still working on
// must not be overtaken by the call that undoes it. If its reply is lost then, its
// result is asked for. So it is if the deadline has passed before this attempt of an
// activity, and an earlier one died with its request in flight.
func (h *HTTP) call(ctx context.Context, c call) (decided outcome, err error) {
	earlier := earlierAttempts(ctx)
	c.uncertain = c.uncertain || earlier == uncertain
	switch err := ctx.Err(); {
	case errors.Is(err, context.DeadlineExceeded) && earlier == uncertain:
		return h.lateResult(ctx, c)
	case err != nil:
		return outcome{}, err
	}
	body, err := json.Marshal(c.body)
	if err != nil {
		return outcome{}, fmt.Errorf("encode the call: %w", err)
	}
	defer func() { leaveMark(ctx, !c.uncertain && !MayHaveHadEffect(err)) }()
	requests, end := withGrace(ctx, h.grace)
	defer end()
	if c.uncertain || earlier != none {
		known, decided, err := h.result(requests, c)
		if known || err != nil && !isType(err, ErrorTypeUnreadable) {
			return decided, err
		}
	}
	for n := 1; ; n++ {
		decided, err = h.once(requests, c, body)
		if decided.declined != nil && c.uncertain {
			decided.uncertain = true
		}
		again := isType(err, ErrorTypeUnreadable) || decided.declined != nil && isType(err, ErrorTypeInProgress)
		switch {
		case !again:
			return decided, err
		case isFirstTry(ctx):
			return outcome{}, err // An activity of its own asks again.
		case n == ReadAttempts && decided.declined != nil:
			return outcome{declined: decided.declined, uncertain: true}, nil
		case n == ReadAttempts:
			return outcome{}, temporal.NewNonRetryableApplicationError(fmt.Sprintf("%d times in a row: %v", n, message(err)), ErrorTypeUnreadable, err)
		}
		c.uncertain = true
		if !pace.Sleep(ctx, h.readPause<<(n-1)) {
			return outcome{}, err
		}
	}
}

// once makes the request and interprets its answer. A refusal that may concern an
// earlier call in progress is returned together with an [ErrorTypeInProgress].
func (h *HTTP) once(ctx context.Context, c call, body []byte) (outcome, error) {
	a, err := h.exchange(ctx, ask{
		method: http.MethodPost, at: h.base.JoinPath(c.path), route: c.path, key: c.key, body: body, trace: c.trace, accept: acceptJSON, limit: c.limit,
	})
	if err != nil {
		if isType(err, ErrorTypeReplyLost) { // Perhaps the call had its effect: then the key has a result.
			if known, decided, resultErr := h.result(ctx, c); known && resultErr == nil {
				return decided, nil
			}
		}
		return outcome{}, err
	}
	switch {
	case a.status/100 == 2:
		err := c.readAnswer(a)
		if err != nil {
			if known, decided, resultErr := h.result(ctx, c); known && resultErr == nil {
				return decided, nil
			}
		}
		return outcome{}, err
	case a.status == http.StatusNotFound && c.undoes:
		// The carrier has nothing of that name. Unless the key has a result, there
		// is nothing to take back.
		_, decided, err := h.result(ctx, c)
		return decided, err
	case a.status == http.StatusConflict:
		if known, decided, resultErr := h.result(ctx, c); known && resultErr == nil {
			return decided, nil
		}
		inProgress := a.failed(ErrorTypeInProgress, "an earlier call with this idempotency key is in progress")
		if a.header.Get("Retry-After") != "" || !isFault(a.body) {
			return outcome{}, inProgress
		}
		return outcome{declined: a.fault()}, inProgress
	}
	return a.refusal()
}

// lateResult asks for the result of a call whose deadline has passed, until the carrier
// no longer works on it. Its error is that of ctx if the key has no result.
func (h *HTTP) lateResult(ctx context.Context, c call) (outcome, error) {
	requests, end := withGrace(ctx, h.grace)
	defer end()
	for n := 0; ; n++ {
		known, decided, err := h.result(requests, c)
		switch {
		case known:
			return decided, nil
		case err == nil:
			return outcome{}, ctx.Err()
		case !isType(err, ErrorTypeInProgress) || !pace.Sleep(requests, cmp.Or(pauseOf(err), h.readPause<<min(n, ReadAttempts))):
			return outcome{}, err
		}
	}
}

// result asks for the answer to the call with the key. It is not known if no call
// with this key has had an effect.
func (h *HTTP) result(ctx context.Context, c call) (known bool, decided outcome, err error) {
	const route = "v1/results"
	at := h.base.JoinPath(route)
	at.RawQuery = url.Values{"key": {c.key}}.Encode()
	a, err := h.exchange(ctx, ask{method: http.MethodGet, at: at, route: route, trace: c.trace, accept: acceptJSON, limit: c.limit})
	if err != nil {
		return false, outcome{}, prefixed("ask for the result: ", err)
	}
	switch a.status {
	case http.StatusNotFound, http.StatusGone:
		return false, outcome{}, nil
	case http.StatusConflict, http.StatusAccepted:
		return false, outcome{}, a.failed(ErrorTypeInProgress, "the call with this idempotency key is in progress")
	case http.StatusOK:
	default:
		_, err := a.refusal()
		if err == nil {
			err = a.failed(ErrorTypeFailed, "")
		}
		return false, outcome{}, prefixed("ask for the result: ", err)
	}
	var result struct {
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	if err := a.decode(&result); err != nil {
		return false, outcome{}, a.notRead(err)
	}
	first := answered{status: result.Status, header: http.Header{"Content-Type": {"application/json"}}, body: result.Body}
	switch {
	case result.Status == 0:
		return false, outcome{}, a.notRead(errors.New("status is missing"))
	case first.status/100 == 2:
		err := c.readAnswer(first)
		return err == nil, outcome{}, err
	case first.status == http.StatusConflict:
		return true, outcome{declined: first.fault()}, nil
	}
	decided, err = first.refusal()
	return err == nil, decided, err
}

// readAnswer reads the answer of a carrier that has done what was asked. Nothing is
// to be read of the answer to a call that undoes, which may have no body.
func (c call) readAnswer(a answered) error {
	body := bytes.TrimSpace(withoutBOM(a.body))
	switch {
	case a.unreadable != nil:
		return a.notRead(a.unreadable)
	case !c.undoes:
		if err := c.read(a); err != nil {
			return a.notRead(err)
		}
	case len(body) > 0:
		if _, err := decodeAny(body); err != nil {
			return a.notRead(errors.New("it is not JSON"))
		}
	}
	return nil
}

// decode decodes the JSON object of the answer.
func (a answered) decode(into any) error {
	if a.unreadable != nil {
		return a.unreadable
	}
	body := bytes.TrimSpace(withoutBOM(a.body))
	if !bytes.HasPrefix(body, []byte("{")) {
		return errors.New("it is not a JSON object")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("it is not the JSON that is asked for: %w", err)
	}
	return nil
}

// refusal interprets an answer that says neither done nor in progress: the carrier
// has declined, or the error is a technical fault.
func (a answered) refusal() (outcome, error) {
	switch a.status {
	case http.StatusBadRequest, http.StatusGone, http.StatusUnprocessableEntity:
		return outcome{declined: a.fault()}, nil
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return outcome{}, a.failed(ErrorTypeBusy, "")
	case http.StatusUnauthorized, http.StatusForbidden:
		return outcome{}, a.failed(ErrorTypeTokenRefused,
			"it does not accept the token: correct what the variable holds that is the carrier's tokenVariable in the carrier table")
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return outcome{}, a.failed(ErrorTypeMisconfigured, "correct the carrier's url in the carrier table")
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout:
		return outcome{}, a.failed(ErrorTypeReplyLost, "")
	}
	if a.status/100 == 3 {
		return outcome{}, a.redirect()
	}
	return outcome{}, a.failed(ErrorTypeFailed, "")
}

// fault is what the carrier says in an answer that declines.
func (a answered) fault() *shipment.Fault {
	if a.header.Get("Content-Encoding") != "" {
		return faultIn(a.status, "", nil)
	}
	return faultIn(a.status, a.header.Get("Content-Type"), a.body)
}

// message is the text of an error, without the type that Temporal adds.
func message(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return application.Message()
	}
	return err.Error()
}

// withGrace returns a context that ends some time after ctx, or when end is called.
func withGrace(ctx context.Context, grace time.Duration) (requests context.Context, end func()) {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if pace.Sleep(requests, grace) {
			cancel()
		}
	})
	return requests, func() { stop(); cancel() }
}
