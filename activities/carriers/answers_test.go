package carriers_test

import (
	"bytes"
	"compress/gzip"
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
	"go.temporal.io/sdk/temporal"

	"shipments/activities/carriers"
	"shipments/events/eventstest/ports"
	"shipments/shipment"
)

// carrier is a carrier's system whose answers a test writes.
type carrier struct {
	*carriers.HTTP

	url string

	mu    sync.Mutex
	calls []string // method and path of each request
}

// respond answers one request; n counts the requests of its method, from 1.
type respond func(w http.ResponseWriter, r *http.Request, n int)

// newCarrier serves calls by post and questions for results by result; nil answers
// those with 404.
func newCarrier(t *testing.T, post, result respond) *carrier {
	t.Helper()
	c := &carrier{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c.mu.Lock()
		c.calls = append(c.calls, r.Method+" "+r.URL.Path)
		n := 0
		for _, call := range c.calls {
			if strings.HasPrefix(call, r.Method+" ") {
				n++
			}
		}
		c.mu.Unlock()
		switch {
		case r.Method == http.MethodPost:
			post(w, r, n)
		case result == nil:
			http.NotFound(w, r)
		default:
			result(w, r, n)
		}
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	c.HTTP, c.url = carriers.NewHTTP(base, carriers.HTTPOptions{Token: "secret", Timeout: 30 * time.Second}), server.URL
	c.SetPauses(time.Millisecond, time.Second)
	return c
}

// posts counts the calls that were made.
func (c *carrier) posts() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.calls {
		if strings.HasPrefix(call, "POST ") {
			n++
		}
	}
	return n
}

// says answers always the same.
func says(status int, contentType, body string) respond {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cuts ends the connection instead of answering.
func cuts(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }

// inTurn answers the nth request by the nth of them, and the rest by the last.
func inTurn(answers ...respond) respond {
	return func(w http.ResponseWriter, r *http.Request, n int) { answers[min(n, len(answers))-1](w, r, n) }
}

const asJSON = "application/json"

// void and cancellation are requests that take back.
var (
	void         = carriers.VoidLegRequest{ShipmentID: goesWell, Leg: 1, TrackingNumbers: []string{"1", "2"}}
	cancellation = carriers.CancelCollectionRequest{ShipmentID: goesWell, Attempt: 1}
	booking      = carriers.BookCollectionRequest{ShipmentID: goesWell, Attempt: 1}
)

// requireType requires an error of a type, and returns it.
func requireType(t *testing.T, err error, kind string) *temporal.ApplicationError {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, kind, application.Type(), application.Message())
	return application
}

func TestHTTPTakesBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		post, result respond
		declined     string
		kind         string // of the error
		posts        int    // 1 by default
	}{
		"200 without a body":                 {post: says(200, "", "")},
		"200 with space":                     {post: says(200, asJSON, " \n")},
		"204":                                {post: says(204, "", "")},
		"202 with an object":                 {post: says(202, asJSON, `{"state":"voiding"}`)},
		"200 with null":                      {post: says(200, asJSON, `null`)},
		"200 with a byte order mark":         {post: says(200, asJSON, "\xef\xbb\xbf{}")},
		"200 with a byte order mark alone":   {post: says(200, asJSON, "\xef\xbb\xbf")},
		"a page":                             {post: says(200, "text/html", "<html><h1>Welcome</h1></html>"), kind: carriers.ErrorTypeUnreadable, posts: carriers.ReadAttempts},
		"404, the key has no result":         {post: says(404, "text/plain", "no such parcel")},
		"404, the key has a result":          {post: says(404, "", ""), result: says(200, asJSON, `{"status":422,"body":{"description":"On its way","errors":["8"]}}`), declined: "On its way"},
		"404, the key's result is done":      {post: says(404, "", ""), result: says(200, asJSON, `{"status":204}`)},
		"404, the result is not to be asked": {post: says(404, "", ""), result: says(401, "", ""), kind: carriers.ErrorTypeTokenRefused},
		"declined":                           {post: says(422, asJSON, `{"description":"On its way","errors":["8"]}`), declined: "On its way"},
		"a cut answer with a result":         {post: cuts, result: says(200, asJSON, `{"status":200,"body":null}`)},
		"a cut answer without one":           {post: cuts, kind: carriers.ErrorTypeReplyLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(c *carrier, declined *shipment.Fault, err error) {
				if test.kind != "" {
					requireType(t, err, test.kind)
				} else {
					require.NoError(t, err)
				}
				if test.declined != "" {
					require.NotNil(t, declined)
					require.Equal(t, test.declined, declined.Description)
				} else {
					require.Nil(t, declined)
				}
				require.Equal(t, max(1, test.posts), c.posts())
			}
			c := newCarrier(t, test.post, test.result)
			voided, err := c.VoidLeg(t.Context(), void)
			check(c, voided.Declined, err)
			c = newCarrier(t, test.post, test.result)
			cancelled, err := c.CancelCollection(t.Context(), cancellation)
			check(c, cancelled.Declined, err)
		})
	}
}

func TestHTTPReadsTrackingNumbers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want []string // nil: it cannot be used
		why  string   // part of the error
	}{
		"strings":               {body: `{"trackingNumbers":["JD 01","JD 02"]}`, want: []string{"JD 01", "JD 02"}},
		"outer space":           {body: `{"trackingNumbers":[" JD01","JD02\n"]}`, want: []string{"JD01", "JD02"}},
		"numbers":               {body: `{"trackingNumbers":[12345678901234567890123456789, 0]}`, want: []string{"12345678901234567890123456789", "0"}},
		"beyond 2^53":           {body: `{"trackingNumbers":[9007199254740993, 18446744073709551617]}`, want: []string{"9007199254740993", "18446744073709551617"}},
		"a byte order mark":     {body: "\xef\xbb\xbf" + `{"trackingNumbers":["1","2"]}`, want: []string{"1", "2"}},
		"more members":          {body: `{"trackingNumbers":["1","2"],"price":1e3,"warnings":[]}`, want: []string{"1", "2"}},
		"a shared one":          {body: `{"trackingNumber":"JD01"}`, want: []string{"JD01", "JD01"}},
		"a shared number":       {body: `{"trackingNumber":340434161094022115,"trackingNumbers":[]}`, want: []string{"340434161094022115", "340434161094022115"}},
		"a main one beside":     {body: `{"trackingNumber":"M","trackingNumbers":["1","2"]}`, want: []string{"1", "2"}},
		"none":                  {body: `{}`, why: "it has no tracking number"},
		"null":                  {body: `{"trackingNumbers":null,"trackingNumber":null}`, why: "it has no tracking number"},
		"an empty list":         {body: `{"trackingNumbers":[]}`, why: "it has no tracking number"},
		"too few":               {body: `{"trackingNumbers":["1"]}`, why: "it has 1 tracking numbers for 2 packages"},
		"too many":              {body: `{"trackingNumbers":["1","2","3"]}`, why: "it has 3 tracking numbers for 2 packages"},
		"an empty one":          {body: `{"trackingNumbers":["1",""]}`, why: "trackingNumbers[1] is empty"},
		"a blank one":           {body: `{"trackingNumbers":["1","  "]}`, why: "trackingNumbers[1] is empty"},
		"an empty shared one":   {body: `{"trackingNumber":""}`, why: "trackingNumber is empty"},
		"null within":           {body: `{"trackingNumbers":["1",null]}`, why: "trackingNumbers[1] is missing"},
		"an exponent":           {body: `{"trackingNumbers":["1",1e3]}`, why: "trackingNumbers[1] is 1e3: use a string, or a number of digits alone"},
		"a fraction":            {body: `{"trackingNumbers":[1.0,"1"]}`, why: "trackingNumbers[0] is 1.0"},
		"a negative one":        {body: `{"trackingNumbers":[-1,"1"]}`, why: "trackingNumbers[0] is -1"},
		"a truth value":         {body: `{"trackingNumbers":[true,"1"]}`, why: "trackingNumbers[0] is true"},
		"an object":             {body: `{"trackingNumbers":[{"number":"1"},"2"]}`, why: "trackingNumbers[0] is {"},
		"a string for the list": {body: `{"trackingNumbers":"1"}`, why: "trackingNumbers is not an array"},
		"a control character":   {body: `{"trackingNumbers":["1","2\u00003"]}`, why: `no barcode can have: 2\x003`},
		"no ASCII":              {body: `{"trackingNumbers":["1","２"]}`, why: "no barcode can have"},
		"too long":              {body: `{"trackingNumbers":["1","` + strings.Repeat("2", 65) + `"]}`, why: "more than 64 characters"},
		"a list":                {body: `["1","2"]`, why: "it is not a JSON object"},
		"text":                  {body: `"1"`, why: "it is not a JSON object"},
		"nothing":               {body: ``, why: "it is not a JSON object; it has no body"},
		"half of it":            {body: `{"trackingNumbers":["1","2"`, why: "it is not the JSON that is asked for"},
		"more after it":         {body: `{"trackingNumbers":["1","2"]} {}`, why: "it is not the JSON that is asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, says(200, asJSON, test.body), nil)
			reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
			if test.want != nil {
				require.NoError(t, err)
				require.Equal(t, carriers.ManifestLegReply{TrackingNumbers: test.want}, reply)
				require.Equal(t, 1, c.posts())
				return
			}
			unreadable := requireType(t, err, carriers.ErrorTypeUnreadable)
			require.True(t, unreadable.NonRetryable(), "it is not tried for a day")
			require.Contains(t, unreadable.Message(), "5 times in a row: the carrier answered 200 OK (Content-Type application/json), and it cannot be used: ")
			require.Contains(t, unreadable.Message(), test.why)
			require.Equal(t, carriers.ReadAttempts, c.posts())
			require.Empty(t, reply)
		})
	}
}

func TestHTTPReadsBookings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body                string
		reference, location string
		why                 string
	}{
		"both":               {body: `{"bookingReference":"B 1","locationReference":"L 1"}`, reference: "B 1", location: "L 1"},
		"numbers":            {body: `{"bookingReference":90071992547409931,"locationReference":7}`, reference: "90071992547409931", location: "7"},
		"no location":        {body: `{"bookingReference":"Büro 1"}`, reference: "Büro 1"},
		"no reference":       {body: `{"locationReference":"L 1"}`, why: "a booking has a reference: bookingReference is missing"},
		"an empty reference": {body: `{"bookingReference":" "}`, why: "a booking has a reference: bookingReference is empty"},
		"null":               {body: `{"bookingReference":null}`, why: "bookingReference is missing"},
		"an empty answer":    {body: ``, why: "it has no body"},
		"an exponent":        {body: `{"bookingReference":1e3}`, why: "bookingReference is 1e3"},
		"an odd location":    {body: `{"bookingReference":"1","locationReference":["x"]}`, why: "locationReference is ["},
		"a line break":       {body: `{"bookingReference":"1\n2"}`, why: `cannot be printed: 1\n2`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, says(201, asJSON, test.body), nil)
			reply, err := c.BookCollection(t.Context(), booking)
			if test.why == "" {
				require.NoError(t, err)
				require.Equal(t, carriers.BookCollectionReply{BookingReference: test.reference, LocationReference: test.location}, reply)
				return
			}
			require.Contains(t, requireType(t, err, carriers.ErrorTypeUnreadable).Message(), test.why)
			require.Empty(t, reply)
		})
	}
}

// compressed is a body compressed with gzip.
func compressed(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return b.String()
}

// inUTF16 is a text of ASCII in UTF-16, behind a byte order mark.
func inUTF16(mark, text string) string {
	encoded := mark
	for _, c := range []byte(text) {
		pair := string([]byte{c, 0})
		if mark == "\xfe\xff" {
			pair = string([]byte{0, c})
		}
		encoded += pair
	}
	return encoded
}

func TestHTTPReadsAnswersAsTheyCome(t *testing.T) {
	t.Parallel()
	const good = `{"trackingNumbers":["1","2"]}`
	encoded := func(encoding, body string) respond {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Encoding", encoding)
			w.Header().Set("Content-Type", asJSON)
			_, _ = io.WriteString(w, body)
		}
	}
	damaged := []byte(compressed(good))
	damaged[len(damaged)-8] ^= 0xff // its checksum
	result := says(200, asJSON, `{"status":200,"body":`+good+`}`)
	for name, test := range map[string]struct {
		post, result respond
		kind, why    string
		posts        int
	}{
		"gzip":                        {post: encoded("gzip", compressed(good)), posts: 1},
		"damaged gzip":                {post: encoded("gzip", string(damaged)), kind: carriers.ErrorTypeUnreadable, why: "its compression is damaged", posts: 5},
		"no gzip":                     {post: encoded("gzip", good), kind: carriers.ErrorTypeUnreadable, why: "its compression is damaged", posts: 5},
		"another encoding":            {post: encoded("br", "\x8b\x02"), kind: carriers.ErrorTypeUnreadable, why: `Content-Encoding is "br"`, posts: 5},
		"another type":                {post: says(200, "text/plain; charset=utf-8", good), posts: 1},
		"a page":                      {post: says(200, "text/html", "<html><style>p {}</style><p>Log in,<br>please"), kind: carriers.ErrorTypeUnreadable, why: "it reads: Log in, please", posts: 5},
		"a page, then an answer":      {post: inTurn(says(200, "text/html", "<html>"), says(200, asJSON, good)), posts: 2},
		"unreadable, its result not":  {post: says(200, "", ""), result: result, posts: 1},
		"Windows-1252":                {post: says(200, asJSON, `{"trackingNumbers":["1","2"],"depot":"K`+"\xf6"+`ln"}`), posts: 1},
		"UTF-16":                      {post: says(200, asJSON+"; charset=utf-16", inUTF16("\xff\xfe", good)), posts: 1},
		"UTF-16, big-endian":          {post: says(200, asJSON, inUTF16("\xfe\xff", good)), posts: 1},
		"half of UTF-16":              {post: says(200, asJSON, inUTF16("\xff\xfe", good)[:25]), kind: carriers.ErrorTypeUnreadable, why: `it reads: {"trackingN`, posts: 5},
		"gzip that nobody mentions":   {post: says(200, asJSON, compressed(good)), kind: carriers.ErrorTypeUnreadable, why: "it is not a JSON object", posts: 5},
		"204":                         {post: says(204, "", ""), kind: carriers.ErrorTypeUnreadable, why: "204 No Content (no Content-Type), and it cannot be used: it is not a JSON object; it has no body", posts: 5},
		"null labels":                 {post: says(200, asJSON, `{"trackingNumbers":["1","2"],"trackingNumber":null,"labels":null}`), posts: 1},
		"labels that are no list":     {post: says(200, asJSON, `{"trackingNumbers":["1","2"],"labels":{}}`), kind: carriers.ErrorTypeUnreadable, why: "it is not the JSON", posts: 5},
		"a label that is null":        {post: says(200, asJSON, `{"trackingNumbers":["1","2"],"labels":[null]}`), kind: carriers.ErrorTypeUnreadable, why: "labels[0]", posts: 5},
		"members twice":               {post: says(200, asJSON, `{"trackingNumbers":["3"],"trackingNumbers":["1","2"]}`), posts: 1},
		"one word without end":        {post: says(500, "text/plain", strings.Repeat("x", 1<<19)), kind: carriers.ErrorTypeFailed, why: "500 Internal Server Error: xxx", posts: 1},
		"a method that is not there":  {post: says(405, "text/html", "<html><h1>405</h1>"), kind: carriers.ErrorTypeMisconfigured, why: "correct the carrier's url", posts: 1},
		"a body that is too large":    {post: says(413, "", ""), kind: carriers.ErrorTypeFailed, why: "413", posts: 1},
		"cut off":                     {post: cutOff(good), kind: carriers.ErrorTypeReplyLost, why: "the reply was lost", posts: 1},
		"cut off, with a result":      {post: cutOff(good), result: result, posts: 1},
		"the result too is cut off":   {post: cutOff(good), result: cutOff(good), kind: carriers.ErrorTypeReplyLost, posts: 1},
		"headers without end":         {post: func(w http.ResponseWriter, _ *http.Request, _ int) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, kind: carriers.ErrorTypeReplyLost, posts: 1},
		"a gateway's timeout":         {post: says(504, "text/html", "<html><center>Gateway</center></html>"), kind: carriers.ErrorTypeReplyLost, why: "the carrier answered 504 Gateway Timeout: Gateway", posts: 1},
		"an internal error":           {post: says(500, "application/problem+json", `{"title":"Oops","detail":"disk full"}`), kind: carriers.ErrorTypeFailed, why: "500 Internal Server Error: Oops: disk full", posts: 1},
		"a wrong token":               {post: says(401, asJSON, `{"error":"invalid_token","error_description":"expired"}`), kind: carriers.ErrorTypeTokenRefused, why: "401 Unauthorized: it does not accept the token: correct what the variable holds that is the carrier's tokenVariable in the carrier table: invalid_token: expired", posts: 1},
		"a token without permission":  {post: says(403, "", ""), kind: carriers.ErrorTypeTokenRefused, why: "403 Forbidden: it does not accept the token", posts: 1},
		"a wrong URL":                 {post: says(404, "", ""), kind: carriers.ErrorTypeMisconfigured, why: "correct the carrier's url", posts: 1},
		"a status without a name":     {post: says(599, "", "no"), kind: carriers.ErrorTypeFailed, why: "the carrier answered 599: no", posts: 1},
		"a result without its status": {post: cuts, result: says(200, asJSON, `{"body":{}}`), kind: carriers.ErrorTypeReplyLost, posts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, test.post, test.result)
			reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
			require.Equal(t, test.posts, c.posts())
			if test.kind == "" {
				require.NoError(t, err)
				require.Equal(t, []string{"1", "2"}, reply.TrackingNumbers)
				return
			}
			failed := requireType(t, err, test.kind)
			require.Contains(t, failed.Message(), test.why)
			require.Equal(t, test.kind == carriers.ErrorTypeUnreadable, failed.NonRetryable())
			require.Nil(t, reply.Declined, "a technical fault is no business outcome")
		})
	}
}

func TestHTTPBoundsWhatItReads(t *testing.T) {
	t.Parallel()
	large := strings.Repeat(" ", 2<<20)
	for name, post := range map[string]respond{
		"too large": says(200, asJSON, large),
		"a bomb": func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, compressed(large))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, post, nil)
			_, err := c.BookCollection(t.Context(), booking)
			require.Contains(t, requireType(t, err, carriers.ErrorTypeUnreadable).Message(), "it has more than 1048576 bytes")
			require.Equal(t, carriers.ReadAttempts, c.posts())
		})
	}
}

// cutOff sends the beginning of a chunked answer and ends the connection.
func cutOff(body string) respond {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		_, _ = io.WriteString(w, body[:len(body)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestHTTPFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			elsewhere := newCarrier(t, says(200, asJSON, `{"trackingNumbers":["1","2"]}`), nil)
			c := newCarrier(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				http.Redirect(w, r, elsewhere.url+"/login?token=abc", status)
			}, nil)
			_, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
			failed := requireType(t, err, carriers.ErrorTypeMisconfigured)
			require.Contains(t, failed.Message(), fmt.Sprintf("the carrier answered %d", status))
			require.Contains(t, failed.Message(), "points to "+elsewhere.url+"/login: redirects are not followed")
			require.NotContains(t, failed.Message(), "abc")
			require.False(t, failed.NonRetryable(), "a wrong configuration fails no shipment")
			require.Zero(t, elsewhere.posts(), "the token stays with the carrier's host")
		})
	}
}

func TestHTTPSaysThatTheCarrierCannotBeReached(t *testing.T) {
	t.Parallel()
	port, err := ports.Hold()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, port.Release()) })
	base := &url.URL{Scheme: "http", Host: port.Address()}
	_, err = carriers.NewHTTP(base, carriers.HTTPOptions{Timeout: time.Second}).ManifestLeg(t.Context(), manifest(goesWell, 1))
	requireType(t, err, carriers.ErrorTypeUnreachable)
	require.False(t, carriers.MayHaveHadEffect(err))
}

func TestHTTPRepeatsACallInProgress(t *testing.T) {
	t.Parallel()
	const fault = `{"description":"Key in use","errors":["409: in progress"]}`
	conflict := says(409, asJSON, fault)
	done := says(200, asJSON, `{"trackingNumbers":["1","2"]}`)
	inProgress := func(header, body string) respond {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, body)
		}
	}
	t.Run("with Retry-After", func(t *testing.T) {
		t.Parallel()
		_, err := newCarrier(t, inProgress("7", fault), nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
		busy := requireType(t, err, carriers.ErrorTypeInProgress)
		require.Equal(t, 7*time.Second, busy.NextRetryDelay())
		require.True(t, carriers.MayHaveHadEffect(err))
	})
	t.Run("in the carrier's own words", func(t *testing.T) {
		t.Parallel()
		_, err := newCarrier(t, says(409, "application/problem+json", `{"title":"A request is outstanding for this Idempotency-Key"}`), nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.Contains(t, requireType(t, err, carriers.ErrorTypeInProgress).Message(), "A request is outstanding")
	})
	t.Run("until it is done", func(t *testing.T) {
		t.Parallel()
		c := newCarrier(t, inTurn(conflict, conflict, done), nil)
		reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2"}, reply.TrackingNumbers)
		require.Equal(t, 3, c.posts())
	})
	t.Run("which has a result", func(t *testing.T) {
		t.Parallel()
		c := newCarrier(t, conflict, says(200, asJSON, `{"status":200,"body":{"trackingNumbers":["1","2"]}}`))
		reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2"}, reply.TrackingNumbers)
		require.Equal(t, 1, c.posts())
	})
	t.Run("that is a refusal", func(t *testing.T) {
		t.Parallel()
		c := newCarrier(t, conflict, nil)
		reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		require.Equal(t, "Key in use", reply.Declined.Description)
		require.True(t, reply.Unanswered, "the earlier call's effect is undone")
		require.Equal(t, carriers.ReadAttempts, c.posts())
	})
	t.Run("whose result is a refusal", func(t *testing.T) {
		t.Parallel()
		c := newCarrier(t, conflict, says(200, asJSON, `{"status":409,"body":`+fault+`}`))
		reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		require.Equal(t, "Key in use", reply.Declined.Description)
		require.False(t, reply.Unanswered)
	})
}

func TestHTTPRefusalAfterALostReply(t *testing.T) {
	t.Parallel()
	declines := says(422, asJSON, `{"description":"Duplicate","errors":["1"]}`)
	t.Run("is uncertain", func(t *testing.T) {
		t.Parallel()
		request := manifest(goesWell, 1)
		request.Uncertain = true
		reply, err := newCarrier(t, declines, nil).ManifestLeg(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, "Duplicate", reply.Declined.Description)
		require.True(t, reply.Unanswered)
		attempt := booking
		attempt.Uncertain = true
		booked, err := newCarrier(t, declines, nil).BookCollection(t.Context(), attempt)
		require.NoError(t, err)
		require.True(t, booked.Unanswered)
	})
	t.Run("is uncertain after an answer that could not be read", func(t *testing.T) {
		t.Parallel()
		reply, err := newCarrier(t, inTurn(says(200, "text/html", "<html>"), declines), nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		require.True(t, reply.Unanswered)
	})
	t.Run("is certain if it is the key's result", func(t *testing.T) {
		t.Parallel()
		request := manifest(goesWell, 1)
		request.Uncertain = true
		c := newCarrier(t, declines, says(200, asJSON, `{"status":422,"body":{"description":"No","errors":["1"]}}`))
		reply, err := c.ManifestLeg(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, "No", reply.Declined.Description)
		require.False(t, reply.Unanswered)
		require.Zero(t, c.posts())
	})
	t.Run("is certain at first", func(t *testing.T) {
		t.Parallel()
		reply, err := newCarrier(t, declines, nil).ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.NoError(t, err)
		require.False(t, reply.Unanswered)
	})
	t.Run("waits for a call in progress", func(t *testing.T) {
		t.Parallel()
		request := manifest(goesWell, 1)
		request.Uncertain = true
		c := newCarrier(t, declines, says(409, "", ""))
		_, err := c.ManifestLeg(t.Context(), request)
		requireType(t, err, carriers.ErrorTypeInProgress)
		require.Zero(t, c.posts())
	})
}
