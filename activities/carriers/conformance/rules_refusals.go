package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

func withoutKey(ctx context.Context, s *service) (string, error) {
	body, err := json.Marshal(s.manifest("keyless"))
	if err != nil {
		return "", err
	}
	return invalid(ctx, s, "", body)
}

func malformed(ctx context.Context, s *service) (string, error) {
	return invalid(ctx, s, s.manifest("malformed").IdempotencyKey(), []byte(`{"shipmentId":`))
}

// invalid makes a call that has to be declined.
func invalid(ctx context.Context, s *service, key string, body []byte) (string, error) {
	a, err := s.once(ctx, http.MethodPost, manifestations, key, s.options.Token, body)
	switch {
	case err != nil:
		return "", err
	case !a.isDeclined():
		return "", errors.New(a.String())
	}
	form := a
	form.status = http.StatusUnprocessableEntity // 400 and 410 have the same form.
	return fmt.Sprint(a.status), s.conforms(http.MethodPost, manifestations, form)
}

func wrongToken(ctx context.Context, s *service) (string, error) {
	if s.options.Token == "" {
		return "no token was given", errSkipped
	}
	request := s.manifest("token")
	body, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	a, err := s.once(ctx, http.MethodPost, manifestations, request.IdempotencyKey(), s.options.Token+"x", body)
	switch {
	case err != nil:
		return "", err
	case a.status != http.StatusUnauthorized && a.status != http.StatusForbidden:
		return "", errors.New(a.String())
	}
	known, err := s.get(ctx, request.IdempotencyKey())
	if err == nil && known.status != http.StatusNotFound {
		err = fmt.Errorf("%d, but the key has a result: %v", a.status, known)
	}
	if err != nil {
		return "", err
	}
	form := a
	form.status = http.StatusUnauthorized // 403 has the same form.
	return fmt.Sprint(a.status), s.conforms(http.MethodPost, manifestations, form)
}

func noToken(ctx context.Context, s *service) (string, error) {
	if s.options.Token == "" {
		return "no token was given", errSkipped
	}
	a, err := s.once(ctx, http.MethodGet, results+"?key=x", "", "", nil)
	if err == nil && a.status != http.StatusUnauthorized && a.status != http.StatusForbidden {
		err = errors.New(a.String())
	}
	return fmt.Sprint(a.status), err
}

// tooLate makes a call that an earlier rule has taken back before it was made.
func tooLate(path string, call func(*service) (string, any)) func(context.Context, *service) (string, error) {
	return func(ctx context.Context, s *service) (string, error) {
		key, request := call(s)
		a, err := s.post(ctx, path, key, request)
		switch {
		case err != nil:
			return "", err
		case !a.isDeclined():
			return "", errors.New(a.String())
		}
		return fmt.Sprint(a.status), nil
	}
}
