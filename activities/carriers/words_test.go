package carriers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
)

func TestHTTPKeepsTheCarriersWords(t *testing.T) {
	t.Parallel()
	const declined = "Carrier declined the call"
	for name, test := range map[string]struct {
		contentType, body string
		description       string
		errors            []string
	}{
		"a fault":                  {asJSON, `{"description":"No","errors":["7.7: no"]}`, "No", []string{"7.7: no"}},
		"a fault with a BOM":       {asJSON, "\xef\xbb\xbf" + `{"description":"No","errors":["7.7: no"]}`, "No", []string{"7.7: no"}},
		"a fault without errors":   {asJSON, `{"description":"No"}`, "No", []string{"HTTP 422"}},
		"a fault with objects":     {asJSON, `{"description":"No","errors":[{"code":7,"message":"too heavy"}]}`, "No", []string{"7: too heavy"}},
		"a fault with a text":      {asJSON, `{"description":"No","errors":"too heavy"}`, "No", []string{"too heavy"}},
		"problem+json":             {"application/problem+json", `{"type":"about:blank","title":"Bad address","status":422,"detail":"no such street"}`, declined, []string{"HTTP 422: Bad address: no such street"}},
		"message":                  {asJSON, `{"message":"Weight is missing"}`, declined, []string{"HTTP 422: Weight is missing"}},
		"error as text":            {asJSON, `{"error":"Weight is missing"}`, declined, []string{"HTTP 422: Weight is missing"}},
		"error as an object":       {asJSON, `{"error":{"code":"W-1","message":"Weight is missing"}}`, declined, []string{"HTTP 422: W-1: Weight is missing"}},
		"errors as objects":        {asJSON, `{"errors":[{"code":1,"detail":"a"},{"detail":"b"}]}`, declined, []string{"HTTP 422: 1: a; b"}},
		"text in JSON":             {asJSON, `"Weight is missing"`, declined, []string{"HTTP 422: Weight is missing"}},
		"members of its own":       {asJSON, `{"fehler": "Gewicht fehlt"}`, declined, []string{`HTTP 422: {"fehler": "Gewicht fehlt"}`}},
		"plain text":               {"text/plain", "Weight is missing\r\n", declined, []string{"HTTP 422: Weight is missing"}},
		"text on two lines":        {"text/plain", "Weight\nis\tmissing", declined, []string{`HTTP 422: Weight\nis\tmissing`}},
		"control characters":       {asJSON, `{"message":"a\u001b[31mb\u0000c\u202ed\u2028e"}`, declined, []string{`HTTP 422: a\x1b[31mb\x00c\u202ed\u2028e`}},
		"a page":                   {"text/html; charset=utf-8", "<!DOCTYPE html><html><head><title>Error</title><script>var x = '<p>';</script></head><body><h1>Bad&nbsp;request</h1>\n<p>a &lt; b</body></html>", declined, []string{"HTTP 422: Error Bad request a < b"}},
		"a page of no type":        {"", "<html><body>Bad request</body></html>", declined, []string{"HTTP 422: Bad request"}},
		"Windows-1252":             {"text/plain", "Stra\xdfe fehlt", declined, []string{"HTTP 422: Straße fehlt"}},
		"nothing":                  {"", "", declined, []string{"HTTP 422"}},
		"an empty object":          {asJSON, "{}", declined, []string{"HTTP 422: {}"}},
		"a description of another": {asJSON, `{"description":{"en":"No"},"message":"No"}`, declined, []string{"HTTP 422: No"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply, err := newCarrier(t, says(422, test.contentType, test.body), nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
			require.NoError(t, err)
			require.Equal(t, test.description, reply.Declined.Description)
			require.Equal(t, test.errors, reply.Declined.Errors)
		})
	}
	for name, body := range map[string]string{
		"text":        strings.Repeat("ä", 600),
		"message":     `{"message":"` + strings.Repeat("ä", 600) + `"}`,
		"description": `{"description":"` + strings.Repeat("ä", 600) + `","errors":["` + strings.Repeat("b", 600) + `"]}`,
		"escapes":     `{"message":"` + strings.Repeat(`\u0000`, 600) + `"}`,
		"errors":      `{"description":"No","errors":[` + strings.Repeat(`"x",`, 600) + `"x"]}`,
		"nesting":     strings.Repeat(`{"error":`, 600) + `"x"` + strings.Repeat(`}`, 600),
	} {
		t.Run("500 characters at most: "+name, func(t *testing.T) {
			t.Parallel()
			reply, err := newCarrier(t, says(422, asJSON, body), nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
			require.NoError(t, err)
			require.LessOrEqual(t, len(reply.Declined.Errors), 20)
			for _, text := range append(reply.Declined.Errors, reply.Declined.Description) {
				require.LessOrEqual(t, utf8.RuneCountInString(text), 500)
				require.True(t, utf8.ValidString(text))
			}
		})
	}
}

func TestHTTPWaitsAsLongAsTheCarrierAsks(t *testing.T) {
	t.Parallel()
	const date = "Mon, 23 Nov 2026 12:00:00 GMT"
	at := func(seconds int) string {
		return time.Date(2026, 11, 23, 12, 0, seconds, 0, time.UTC).Format(http.TimeFormat)
	}
	for name, test := range map[string]struct {
		retryAfter, date string
		want             time.Duration
	}{
		"seconds":                     {retryAfter: "7", want: 7 * time.Second},
		"a date":                      {retryAfter: at(90), date: date, want: 90 * time.Second},
		"a date in an old form":       {retryAfter: "Monday, 23-Nov-26 12:01:30 GMT", date: date, want: 90 * time.Second},
		"a clock that is years ahead": {retryAfter: "Fri, 23 Nov 2035 12:00:05 GMT", date: "Fri, 23 Nov 2035 12:00:00 GMT", want: 5 * time.Second},
		"a clock that is years late":  {retryAfter: "Thu, 01 Jan 1970 00:00:05 GMT", date: "Thu, 01 Jan 1970 00:00:00 GMT", want: 5 * time.Second},
		"a date that has passed":      {retryAfter: at(-90), date: date, want: 0},
		"a date far ahead":            {retryAfter: "Fri, 23 Nov 2035 12:00:00 GMT", date: date, want: time.Hour},
		"a day":                       {retryAfter: "90000", want: time.Hour},
		"more than a number holds":    {retryAfter: "99999999999999999999", want: time.Hour},
		"zero":                        {retryAfter: "0", want: 0},
		"a negative number":           {retryAfter: "-5", want: 0},
		"a fraction":                  {retryAfter: "1.5", want: 0},
		"words":                       {retryAfter: "soon", want: 0},
		"none":                        {want: 0},
	} {
		for _, status := range []int{429, 503, 500, 409, 401} {
			t.Run(name+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				_, err := newCarrier(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
					if test.retryAfter != "" {
						w.Header().Set("Retry-After", test.retryAfter)
					}
					if test.date != "" {
						w.Header().Set("Date", test.date)
					}
					w.WriteHeader(status)
				}, nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
				kind := map[int]string{429: carriers.ErrorTypeBusy, 503: carriers.ErrorTypeBusy, 500: carriers.ErrorTypeFailed, 409: carriers.ErrorTypeInProgress, 401: carriers.ErrorTypeTokenRefused}
				require.Equal(t, test.want, requireType(t, err, kind[status]).NextRetryDelay())
			})
		}
	}
	t.Run("a date without the carrier's own", func(t *testing.T) {
		t.Parallel()
		_, err := newCarrier(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header()["Date"] = nil
			w.Header().Set("Retry-After", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		}, nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.InDelta(t, 600, requireType(t, err, carriers.ErrorTypeBusy).NextRetryDelay().Seconds(), 5)
	})
}
