package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/activities/carriers/conformance"
)

// check checks a service with the token "secret", and returns the findings by rule.
func check(t *testing.T, handler http.Handler) map[string]conformance.Finding {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	findings, err := conformance.Check(t.Context(), base, conformance.Options{Token: "secret"})
	require.NoError(t, err)
	byRule := map[string]conformance.Finding{}
	for _, f := range findings {
		byRule[f.Rule] = f
	}
	require.Len(t, byRule, len(findings))
	return byRule
}

func TestCheckPassesTheSimulator(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		simulator carriers.Simulator
		chaos     carriers.Chaos
	}{
		"plain":         {},
		"emulating":     {simulator: carriers.Simulator{Emulation: true}},
		"shared number": {simulator: carriers.Simulator{SharedNumber: true}},
		"labels":        {simulator: carriers.Simulator{Labels: carriers.LabelPNG}},
		"labels by URL": {simulator: carriers.Simulator{Labels: carriers.LabelZPL}, chaos: carriers.Chaos{LabelURLs: true}},
		"slow":          {chaos: carriers.Chaos{Latency: 5 * time.Millisecond}},
		"busy":          {chaos: carriers.Chaos{Throttled: 0.1, Seed: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for rule, f := range check(t, carriers.NewServer(test.simulator, "secret", test.chaos)) {
				if name == "busy" && (rule == "call without key" || rule == "malformed call" || rule == "same key at once") {
					continue // They make one request each, and some of these are answered 429.
				}
				require.Equal(t, conformance.Passed, f.Result, "%s: %s", rule, f.Seen)
			}
		})
	}
	t.Run("without a token", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(carriers.NewServer(carriers.Simulator{}, "", carriers.Chaos{}))
		t.Cleanup(server.Close)
		base, err := url.Parse(server.URL)
		require.NoError(t, err)
		findings, err := conformance.Check(t.Context(), base, conformance.Options{})
		require.NoError(t, err)
		for _, f := range findings {
			want := conformance.Passed
			if strings.HasSuffix(f.Rule, "token") {
				want = conformance.Skipped
			}
			require.Equal(t, want, f.Result, f.Rule)
		}
	})
}

func TestCheckNeedsAService(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	server.Close()
	_, err = conformance.Check(t.Context(), base, conformance.Options{})
	require.ErrorContains(t, err, "the service cannot be reached")
}

// wrong is a service that breaks a rule: it sees each request with its body, and
// may answer it, or leave it to the simulator.
type wrong func(w http.ResponseWriter, r *http.Request, body []byte, right http.Handler)

// only breaks the calls at a path.
func only(path string, breaks wrong) wrong {
	return func(w http.ResponseWriter, r *http.Request, body []byte, right http.Handler) {
		if r.URL.Path != path {
			right.ServeHTTP(w, r)
			return
		}
		breaks(w, r, body, right)
	}
}

// answers answers always the same.
func answers(status int, body string) wrong {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// when breaks the requests for which a condition holds.
func when(condition func(r *http.Request, body string) bool, breaks wrong) wrong {
	return func(w http.ResponseWriter, r *http.Request, body []byte, right http.Handler) {
		if condition(r, string(body)) {
			breaks(w, r, body, right)
			return
		}
		right.ServeHTTP(w, r)
	}
}

func named(name string) func(*http.Request, string) bool {
	return func(_ *http.Request, body string) bool { return strings.Contains(body, "-"+name+"-0\"") }
}

func TestCheckFailsAWrongService(t *testing.T) {
	t.Parallel()
	const paths = "/v1/"
	post := func(r *http.Request, _ string) bool { return r.Method == http.MethodPost }
	var mu sync.Mutex
	seen := map[string]int{}
	nth := func(r *http.Request) int {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Host+r.URL.Path+r.Header.Get("Idempotency-Key")]++
		return seen[r.Host+r.URL.Path+r.Header.Get("Idempotency-Key")]
	}
	changing := func(member string) wrong {
		return func(w http.ResponseWriter, r *http.Request, _ []byte, _ http.Handler) {
			w.Header().Set("Content-Type", "application/json")
			n := nth(r)
			fmt.Fprintf(w, `{"trackingNumbers":["%d","2"],%q:"%d"}`, n, member, n)
		}
	}
	services := map[string]struct {
		rule   string
		breaks wrong
		seen   string // part of what is said of it
	}{
		"one number for two packages": {"manifest", only(paths+"manifestations", answers(200, `{"trackingNumbers":["1"]}`)), "1 tracking numbers for 2 packages"},
		"empty numbers":               {"manifest", only(paths+"manifestations", answers(200, `{"trackingNumbers":["1",""]}`)), "/trackingNumbers/1"},
		"a page": {"manifest", only(paths+"manifestations", func(w http.ResponseWriter, _ *http.Request, _ []byte, _ http.Handler) {
			_, _ = io.WriteString(w, "<html>")
		}), "Content-Type"},
		"a redirect": {"manifest", only(paths+"manifestations", func(w http.ResponseWriter, r *http.Request, _ []byte, _ http.Handler) {
			http.Redirect(w, r, "/", http.StatusFound)
		}), "302"},
		"none without packages":     {"manifest without packages", when(named("one"), answers(200, `{"trackingNumbers":[]}`)), "0 tracking numbers for 1 packages"},
		"new numbers":               {"manifest again", only(paths+"manifestations", changing("x")), ", then 200"},
		"strict about members":      {"unknown members", when(named("members"), answers(422, `{"description":"Unknown member","errors":["x"]}`)), "422"},
		"ignores other bodies":      {"same key, other body", when(func(_ *http.Request, body string) bool { return strings.Contains(body, "1201") }, answers(200, `{"trackingNumbers":["1","2"]}`)), "200"},
		"conflict for another body": {"same key, other body", when(func(_ *http.Request, body string) bool { return strings.Contains(body, "1201") }, answers(422, `{"message":"no"}`)), "description"},
		"manifests twice at once":   {"same key at once", when(named("once"), changing("x")), ", and 200"},
		"results without body":      {"result", only(paths+"results", answers(200, `{"status":200}`)), "the result is 200"},
		"no results":                {"result", only(paths+"results", answers(404, `{"description":"x","errors":[]}`)), "404"},
		"results of another form":   {"result", only(paths+"results", answers(200, `{"state":"done"}`)), "status"},
		"results for all keys":      {"result of an unknown key", only(paths+"results", answers(200, `{"status":200,"body":{}}`)), "200"},
		"forgets lost calls":        {"lost reply", when(func(r *http.Request, _ string) bool { return strings.Contains(r.URL.RawQuery, "-lost-0") }, answers(404, `{"description":"x","errors":[]}`)), "404"},
		"declines the repeat":       {"lost reply", when(func(r *http.Request, body string) bool { return named("lost")(r, body) && nth(r) > 1 }, answers(422, `{"description":"Duplicate","errors":["1"]}`)), "the repeat: 422"},
		"takes calls without key":   {"call without key", when(func(r *http.Request, _ string) bool { return post(r, "") && r.Header.Get("Idempotency-Key") == "" }, answers(200, `{"trackingNumbers":["1","2"]}`)), "200"},
		"fails for malformed calls": {"malformed call", when(func(r *http.Request, body string) bool { return post(r, "") && !json.Valid([]byte(body)) }, answers(500, "")), "500"},
		"every token will do": {"wrong token", func(w http.ResponseWriter, r *http.Request, _ []byte, right http.Handler) {
			r.Header.Set("Authorization", "Bearer secret")
			right.ServeHTTP(w, r)
		}, "200"},
		"no token will do": {"no token", when(func(r *http.Request, _ string) bool { return r.Header.Get("Authorization") == "" }, answers(404, "")), "404"},
		"no voids":         {"void", only(paths+"manifestation-voids", answers(404, "")), "404"},
		"a void that declines twice": {"void again", only(paths+"manifestation-voids", func(w http.ResponseWriter, r *http.Request, body []byte, right http.Handler) {
			if nth(r) > 2 {
				answers(422, `{"description":"Void already","errors":["1"]}`)(w, r, body, right)
				return
			}
			right.ServeHTTP(w, r)
		}), "then 422"},
		"a void of nothing declines": {"void what was never manifested", when(func(r *http.Request, body string) bool {
			return r.URL.Path == paths+"manifestation-voids" && named("never")(r, body)
		}, answers(422, `{"description":"Unknown","errors":["1"]}`)), "422"},
		"manifests after the void": {"manifest what was voided before", when(func(r *http.Request, body string) bool {
			return r.URL.Path == paths+"manifestations" && named("never")(r, body)
		}, answers(200, `{"trackingNumbers":["1","2"]}`)), "200"},
		"a booking without reference": {"book", only(paths+"collections", answers(200, `{"locationReference":"1"}`)), "bookingReference"},
		"another booking":             {"book again", only(paths+"collections", changing("bookingReference")), ", then 200"},
		"no cancellations":            {"cancel", only(paths+"collection-cancellations", answers(500, "")), "500"},
		"a cancellation with text":    {"cancel", only(paths+"collection-cancellations", answers(200, `"done"`)), "null or object"},
		"a cancellation that is new":  {"cancel again", only(paths+"collection-cancellations", func(w http.ResponseWriter, r *http.Request, _ []byte, _ http.Handler) { fmt.Fprint(w, nth(r)) }), ", then 200"},
		"a cancellation of nothing fails": {"cancel what was never booked", when(func(r *http.Request, body string) bool {
			return r.URL.Path == paths+"collection-cancellations" && named("never")(r, body)
		}, answers(410, "")), "410"},
		"books after the cancellation": {"book what was cancelled before", when(func(r *http.Request, body string) bool {
			return r.URL.Path == paths+"collections" && named("never")(r, body)
		}, answers(200, `{"bookingReference":"1"}`)), "200"},
		"damaged labels": {"labels", func(w http.ResponseWriter, r *http.Request, body []byte, right http.Handler) {
			const manifested = `{"trackingNumbers":["1","2"],"labels":[{"contentType":"application/pdf","data":"AAAA"}]}`
			switch r.URL.Path {
			case paths + "manifestations":
				answers(200, manifested)(w, r, body, right)
			case paths + "results":
				answers(200, `{"status":200,"body":`+manifested+`}`)(w, r, body, right)
			default:
				right.ServeHTTP(w, r)
			}
		}, "labels[0] is no PDF"},
		"busy without a time": {"busy", when(func(r *http.Request, body string) bool { return named("a")(r, body) && nth(r) == 1 }, answers(429, "")), `429 with Retry-After ""`},
	}
	broken := map[string]bool{}
	for name, test := range services {
		broken[test.rule] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			right := carriers.NewServer(carriers.Simulator{}, "secret", carriers.Chaos{})
			findings := check(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				test.breaks(w, r, body, right)
			}))
			f, ok := findings[test.rule]
			require.True(t, ok, test.rule)
			require.Equal(t, conformance.Failed, f.Result, f.Seen)
			require.Contains(t, f.Seen, test.seen)
			require.NotEmpty(t, f.Right)
		})
	}
	t.Run("for every rule", func(t *testing.T) {
		t.Parallel()
		for rule := range check(t, carriers.NewServer(carriers.Simulator{}, "secret", carriers.Chaos{})) {
			require.Contains(t, broken, rule, "a service that breaks it")
		}
	})
}
