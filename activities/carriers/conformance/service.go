package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"shipments/activities/carriers"
	"shipments/activities/pace"
)

// The paths of the calls.
const (
	manifestations = "/v1/manifestations"
	voids          = "/v1/manifestation-voids"
	collections    = "/v1/collections"
	cancellations  = "/v1/collection-cancellations"
	results        = "/v1/results"
)

// maxAnswer bounds the answers that are read, in bytes.
const maxAnswer = 32 << 20

// answer is what the service answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// String shows the answer in one line.
func (a answer) String() string {
	body := strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '·'
	}, string(bytes.Join(bytes.Fields(a.body), []byte(" "))))
	if runes := []rune(body); len(runes) > 160 {
		body = string(runes[:160]) + "…"
	}
	return strings.TrimSpace(strconv.Itoa(a.status) + " " + body)
}

// isDone reports whether the service has done what was asked.
func (a answer) isDone() bool { return a.status/100 == 2 }

// isDeclined reports whether it has declined.
func (a answer) isDeclined() bool {
	return a.status == http.StatusUnprocessableEntity || a.status == http.StatusBadRequest || a.status == http.StatusGone
}

// isBusy reports whether the call is to be made again later.
func (a answer) isBusy() bool {
	return a.status == http.StatusConflict || a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable
}

// same reports whether two answers say the same.
func (a answer) same(b answer) bool {
	var left, right any
	if json.Unmarshal(a.body, &left) != nil || json.Unmarshal(b.body, &right) != nil {
		return a.status == b.status && bytes.Equal(bytes.TrimSpace(a.body), bytes.TrimSpace(b.body))
	}
	return a.status == b.status && reflect.DeepEqual(left, right)
}

// patience is how often a busy service is asked again, and longestPause how long it
// is waited for in between.
const (
	patience     = 20
	longestPause = 2 * time.Second
)

// post makes a call, again while the service is busy.
func (s *service) post(ctx context.Context, path, key string, request any) (answer, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return answer{}, err
	}
	for n := 1; ; n++ {
		a, err := s.once(ctx, http.MethodPost, path, key, s.options.Token, body)
		if err != nil || !a.isBusy() || n == patience {
			return a, err
		}
		if !pace.Sleep(ctx, s.pause(path, a)) {
			return a, ctx.Err()
		}
	}
}

// pause is how long a busy service asks to wait. It notes an answer that does not
// say so.
func (s *service) pause(path string, a answer) time.Duration {
	s.busy++
	value := a.header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return min(max(time.Duration(seconds)*time.Second, 10*time.Millisecond), longestPause)
	}
	if _, err := http.ParseTime(value); err != nil {
		s.unsaid = append(s.unsaid, fmt.Sprintf("%s: %d with Retry-After %q", path, a.status, value))
	}
	return 100 * time.Millisecond
}

// get asks for the result of a key.
func (s *service) get(ctx context.Context, key string) (answer, error) {
	return s.once(ctx, http.MethodGet, results+"?"+url.Values{"key": {key}}.Encode(), "", s.options.Token, nil)
}

// once makes one request.
func (s *service) once(ctx context.Context, method, path, key, token string, body []byte) (answer, error) {
	request, err := s.request(ctx, method, path, key, token, body)
	if err != nil {
		return answer{}, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return answer{status: response.StatusCode, header: response.Header, body: read}, err
}

func (s *service) request(ctx context.Context, method, path, key, token string, body []byte) (*http.Request, error) {
	at, err := url.Parse(path)
	if err != nil {
		return nil, err
	}
	target := s.base.JoinPath(at.Path)
	target.RawQuery = at.RawQuery
	request, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json, application/problem+json")
	request.Header.Set("User-Agent", "shipments/check")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// lose makes a call and ends the connection as soon as the answer begins.
func (s *service) lose(ctx context.Context, path, key string, body []byte) error {
	request, err := s.request(ctx, http.MethodPost, path, key, s.options.Token, body)
	if err != nil {
		return err
	}
	request.Close = true
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	host := request.URL.Host
	if request.URL.Port() == "" {
		host = net.JoinHostPort(host, map[string]string{"http": "80", "https": "443"}[request.URL.Scheme])
	}
	dial := (&net.Dialer{}).DialContext
	if request.URL.Scheme == "https" {
		dial = (&tls.Dialer{}).DialContext
	}
	connection, err := dial(ctx, "tcp", host)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := request.Write(connection); err != nil {
		return err
	}
	if err := connection.SetReadDeadline(time.Now().Add(s.options.Timeout)); err != nil {
		return err
	}
	_, _ = connection.Read(make([]byte, 1)) // A connection that ends is as good.
	return nil
}

// conforms compares an answer with the document; form too.
func (s *service) conforms(method, path string, a answer) error {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if len(bytes.TrimSpace(a.body)) > 0 && media != "application/json" && media != "application/problem+json" {
		return fmt.Errorf("%v, its Content-Type is %q", a, a.header.Get("Content-Type"))
	}
	status := a.status
	if status == http.StatusCreated {
		status = http.StatusOK // They mean the same.
	}
	if err := s.contract.Answer(method, path, status, a.body); err != nil {
		return fmt.Errorf("%v: %w", a, err)
	}
	return nil
}

// asClient is the client that the service will meet.
func (s *service) asClient() *carriers.HTTP {
	return carriers.NewHTTP(s.base, carriers.HTTPOptions{Token: s.options.Token, Timeout: s.options.Timeout, ReadPause: 10 * time.Millisecond})
}
