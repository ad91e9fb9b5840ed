package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"shipments/activities/pace"
)

// again makes a call twice, which an earlier rule has made before.
func again(path string, call func(*service) (key string, request any)) func(context.Context, *service) (string, error) {
	return func(ctx context.Context, s *service) (string, error) {
		key, request := call(s)
		first, err := s.post(ctx, path, key, request)
		if err != nil {
			return "", err
		}
		second, err := s.post(ctx, path, key, request)
		switch {
		case err != nil:
			return "", err
		case !first.isDone() && first.status != http.StatusNotFound:
			return "", errors.New(first.String())
		case !first.same(second):
			return "", fmt.Errorf("%v, then %v", first, second)
		}
		return fmt.Sprintf("%d, the same answer", second.status), nil
	}
}

func otherBody(ctx context.Context, s *service) (string, error) {
	request := s.manifest("a")
	request.Packages[0].WeightGrams++
	a, err := s.post(ctx, manifestations, request.IdempotencyKey(), request)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusUnprocessableEntity {
		return "", errors.New(a.String())
	}
	return fmt.Sprint(a.status), s.conforms(http.MethodPost, manifestations, a)
}

func atOnce(ctx context.Context, s *service) (string, error) {
	request := s.manifest("once")
	body, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	const calls = 5
	answers, failures := make([]answer, calls), make([]error, calls)
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			answers[i], failures[i] = s.once(ctx, http.MethodPost, manifestations, request.IdempotencyKey(), s.options.Token, body)
		})
	}
	wg.Wait()
	last, err := s.post(ctx, manifestations, request.IdempotencyKey(), request)
	if err = errors.Join(err, errors.Join(failures...)); err != nil {
		return "", err
	}
	inProgress := 0
	for _, a := range answers {
		switch {
		case a.isBusy():
			s.pause(manifestations, a) // It notes what is missing.
			inProgress++
		case !a.same(last):
			return "", fmt.Errorf("%v, and %v", a, last)
		}
	}
	if !last.isDone() {
		return "", errors.New(last.String())
	}
	return fmt.Sprintf("%d calls: one answer, %d in progress", calls, inProgress), nil
}

func result(ctx context.Context, s *service) (string, error) {
	request := s.manifest("a")
	first, err := s.post(ctx, manifestations, request.IdempotencyKey(), request)
	if err != nil {
		return "", err
	}
	return resultIs(ctx, s, request.IdempotencyKey(), first)
}

// resultIs asks for a key's result and compares it with the key's answer.
func resultIs(ctx context.Context, s *service, key string, want answer) (string, error) {
	a, err := s.get(ctx, key)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		return "", errors.New(a.String())
	}
	if err := s.conforms(http.MethodGet, results, a); err != nil {
		return "", err
	}
	var said struct {
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		return "", err
	}
	if got := (answer{status: said.Status, body: said.Body}); !got.same(want) {
		return "", fmt.Errorf("the result is %v, the answer was %v", got, want)
	}
	return "200 with the answer", nil
}

func unknownResult(ctx context.Context, s *service) (string, error) {
	a, err := s.get(ctx, s.manifest("unknown").IdempotencyKey())
	if err == nil && a.status != http.StatusNotFound {
		err = errors.New(a.String())
	}
	return fmt.Sprint(a.status), err
}

func lostReply(ctx context.Context, s *service) (string, error) {
	request := s.manifest("lost")
	key := request.IdempotencyKey()
	body, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	if err := s.lose(ctx, manifestations, key, body); err != nil {
		return "", err
	}
	seen := "no effect"
	for n := range patience { // The service may be working on it still.
		a, err := s.get(ctx, key)
		if err != nil {
			return "", err
		}
		if a.status == http.StatusOK {
			seen = "the effect"
			break
		}
		if a.status != http.StatusNotFound && !a.isBusy() {
			return "", fmt.Errorf("asked for the result: %v", a)
		}
		if !pace.Sleep(ctx, time.Duration(n)*5*time.Millisecond) {
			return "", ctx.Err()
		}
	}
	repeated, err := s.post(ctx, manifestations, key, request)
	if err != nil {
		return "", err
	}
	if !repeated.isDone() {
		return "", fmt.Errorf("the repeat: %v", repeated)
	}
	if _, err := resultIs(ctx, s, key, repeated); err != nil {
		return "", err
	}
	return "the lost call had " + seen + "; the repeat has the key's result", nil
}
