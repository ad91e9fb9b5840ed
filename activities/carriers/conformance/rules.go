package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"shipments/activities/carriers"
)

// rule is one rule of the carrier API.
type rule struct {
	name, right string
	// try returns what was seen. An error is what is wrong.
	try func(ctx context.Context, s *service) (seen string, err error)
}

// rules are all rules. Later ones use what earlier ones have done.
var rules = []rule{
	{"manifest", "200 with a tracking number for each package, or one trackingNumber for all", manifestTwo},
	{"manifest without packages", "200 with one tracking number", manifestOne},
	{"manifest again", "the same answer as the first time", again(manifestations, func(s *service) (string, any) {
		return s.manifest("a").IdempotencyKey(), s.manifest("a")
	})},
	{"unknown members", "200: members that you do not know are ignored", unknownMembers},
	{"same key, other body", "422 with a fault: description and errors", otherBody},
	{"same key at once", "all calls get the same answer; 409, 429 or 503 with Retry-After while one is in progress", atOnce},
	{"result", "200 with the status and the body of the key's answer", result},
	{"result of an unknown key", "404", unknownResult},
	{"lost reply", "the result says whether the call had its effect, and its repeat gets the same answer", lostReply},
	{"call without key", "400 with a fault", withoutKey},
	{"malformed call", "400 with a fault", malformed},
	{"wrong token", "401 with a fault, and the call has no effect", wrongToken},
	{"no token", "401 with a fault", noToken},
	{"void", "200, 204 or an empty answer", undo(voids, func(s *service) (string, any) {
		return s.void("a").IdempotencyKey(), s.void("a")
	}, false)},
	{"void again", "the same answer as the first time", again(voids, func(s *service) (string, any) {
		return s.void("a").IdempotencyKey(), s.void("a")
	})},
	{"void what was never manifested", "200, 204 or 404", undo(voids, func(s *service) (string, any) {
		return s.void("never").IdempotencyKey(), s.void("never")
	}, true)},
	{"manifest what was voided before", "422: the void overtook the manifestation", tooLate(manifestations, func(s *service) (string, any) {
		return s.manifest("never").IdempotencyKey(), s.manifest("never")
	})},
	{"book", "200 with a bookingReference", book},
	{"book again", "the same answer as the first time", again(collections, func(s *service) (string, any) {
		return s.book("a").IdempotencyKey(), s.book("a")
	})},
	{"cancel", "200, 204 or an empty answer", undo(cancellations, func(s *service) (string, any) {
		return s.cancel("a").IdempotencyKey(), s.cancel("a")
	}, false)},
	{"cancel again", "the same answer as the first time", again(cancellations, func(s *service) (string, any) {
		return s.cancel("a").IdempotencyKey(), s.cancel("a")
	})},
	{"cancel what was never booked", "200, 204 or 404", undo(cancellations, func(s *service) (string, any) {
		return s.cancel("never").IdempotencyKey(), s.cancel("never")
	}, true)},
	{"book what was cancelled before", "422: the cancellation overtook the booking", tooLate(collections, func(s *service) (string, any) {
		return s.book("never").IdempotencyKey(), s.book("never")
	})},
	{"labels", "labels of your own are PDF, PNG or ZPL, complete, and can be fetched", labels},
	{"busy", "each 409, 429 and 503 says with Retry-After when to come back", busy},
}

func manifestTwo(ctx context.Context, s *service) (string, error) {
	return manifested(ctx, s, s.manifest("a"), 2)
}

func manifestOne(ctx context.Context, s *service) (string, error) {
	request := s.manifest("one")
	request.Packages = nil
	return manifested(ctx, s, request, 1)
}

func manifested(ctx context.Context, s *service, request carriers.ManifestLegRequest, packages int) (string, error) {
	a, err := s.post(ctx, manifestations, request.IdempotencyKey(), request)
	if err != nil {
		return "", err
	}
	if !a.isDone() {
		return "", errors.New(a.String())
	}
	if err := s.conforms(http.MethodPost, manifestations, a); err != nil {
		return "", err
	}
	switch n := numbersOf(a.body); n {
	case packages:
		return fmt.Sprintf("%d with %d tracking numbers", a.status, n), nil
	case -1:
		return fmt.Sprintf("%d with a shared tracking number", a.status), nil
	default:
		return "", fmt.Errorf("%v: %d tracking numbers for %d packages", a, n, packages)
	}
}

func unknownMembers(ctx context.Context, s *service) (string, error) {
	request := s.manifest("members")
	text, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		return "", err
	}
	members["membersOfALaterVersion"] = map[string]any{"a": 1}
	a, err := s.post(ctx, manifestations, request.IdempotencyKey(), members)
	if err == nil && !a.isDone() {
		err = errors.New(a.String())
	}
	return fmt.Sprint(a.status), err
}

// undo makes a call that takes something back. Where there is nothing to take back,
// 404 is right too.
func undo(path string, call func(*service) (string, any), nothing bool) func(context.Context, *service) (string, error) {
	return func(ctx context.Context, s *service) (string, error) {
		key, request := call(s)
		a, err := s.post(ctx, path, key, request)
		switch {
		case err != nil:
			return "", err
		case a.status == http.StatusNotFound && nothing:
			return "404", nil
		case !a.isDone():
			return "", errors.New(a.String())
		case a.status == http.StatusNoContent:
			return "204", nil
		}
		return fmt.Sprint(a.status), s.conforms(http.MethodPost, path, a)
	}
}

func book(ctx context.Context, s *service) (string, error) {
	request := s.book("a")
	a, err := s.post(ctx, collections, request.IdempotencyKey(), request)
	switch {
	case err != nil:
		return "", err
	case !a.isDone():
		return "", errors.New(a.String())
	}
	return fmt.Sprintf("%d with a reference", a.status), s.conforms(http.MethodPost, collections, a)
}

func labels(ctx context.Context, s *service) (string, error) {
	request := s.manifest("a") // It was manifested: the client reads its result.
	request.Uncertain = true
	reply, err := s.asClient().ManifestLeg(ctx, request)
	switch {
	case err != nil:
		return "", err
	case reply.Declined != nil:
		return "", fmt.Errorf("%s: %v", reply.Declined.Description, reply.Declined.Errors)
	case len(reply.Labels) == 0:
		return "none: the client draws them", nil
	}
	return fmt.Sprintf("%d of type %s", len(reply.Labels), reply.Labels[0].ContentType), nil
}

func busy(_ context.Context, s *service) (string, error) {
	if len(s.unsaid) > 0 {
		return "", errors.New(s.unsaid[0])
	}
	return fmt.Sprintf("%d busy answers", s.busy), nil
}
