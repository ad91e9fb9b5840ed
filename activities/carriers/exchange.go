package carriers

import (
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

const (
	// maxReply bounds a carrier's answer, in bytes, after decompression, and
	// maxManifestation that to a manifestation, which may have labels.
	maxReply         = 1 << 20
	maxManifestation = 32 << 20
	// maxHeader bounds the header of a carrier's answer, in bytes.
	maxHeader = 64 << 10
)

// transport makes the connections to all carriers.
var transport = func() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxResponseHeaderBytes = maxHeader
	t.MaxIdleConnsPerHost = 32
	return t
}()

// userAgent names the client and its version.
var userAgent = func() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = cmp.Or(strings.Trim(info.Main.Version, "()"), version)
	}
	return "shipments/" + version
}()

// answered is a carrier's answer to one request.
type answered struct {
	status int
	header http.Header
	// body is what was read of the answer's body; unreadable says why that is not
	// all of it, or not to be read.
	body       []byte
	unreadable error
}

// ask is one request.
type ask struct {
	method string
	at     *url.URL
	// route names what is asked for, without an id; it may be empty.
	route  string
	key    string
	body   []byte
	trace  Trace
	accept string
	// limit bounds the answer, in bytes; 0 means [maxReply].
	limit int64
}

// acceptJSON is what is accepted as the answer to a call.
const acceptJSON = "application/json, application/problem+json"

// exchange makes one request and reads its answer. Its error is an [ErrorTypeUnreachable]
// if nothing was sent, or an [ErrorTypeReplyLost]. Redirects are not followed: the
// token is for the carrier's host alone.
func (h *HTTP) exchange(ctx context.Context, r ask) (a answered, err error) {
	ctx, end := h.traced(ctx, &r)
	defer func() { end(a, err) }()
	var sent atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	request, err := http.NewRequestWithContext(traced, r.method, r.at.String(), bytes.NewReader(r.body))
	if err != nil {
		return answered{}, callError(ErrorTypeMisconfigured, "make the request: "+err.Error(), err, 0)
	}
	for name, value := range map[string]string{
		"Accept": r.accept, "User-Agent": userAgent, "Idempotency-Key": r.key, "Traceparent": r.trace.Parent, "Tracestate": r.trace.State,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if r.method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.GetBody = nil // Without it the transport does not repeat the request.
	}
	switch authorization, err := h.authorization(); {
	case err != nil:
		return answered{}, err
	case authorization != "":
		request.Header.Set("Authorization", authorization)
	}
	response, err := h.client.Do(request)
	switch {
	case err == nil:
	case sent.Load():
		return answered{}, lost(err)
	default:
		return answered{}, callError(ErrorTypeUnreachable, "reach the carrier: "+bounded(err.Error()), err, 0)
	}
	defer response.Body.Close()
	a = answered{status: response.StatusCode, header: response.Header}
	limit := cmp.Or(r.limit, maxReply)
	a.body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case isDamaged(err):
		a.unreadable = fmt.Errorf("its compression is damaged: %w", err)
	case err != nil:
		return answered{}, lost(err)
	case int64(len(a.body)) > limit:
		a.body, a.unreadable = a.body[:limit], fmt.Errorf("it has more than %d bytes", limit)
	case response.Header.Get("Content-Encoding") != "":
		a.unreadable = fmt.Errorf("its Content-Encoding is %q, which was not asked for", bounded(response.Header.Get("Content-Encoding")))
	case r.accept == acceptJSON:
		a.body, a.unreadable = inUTF8(a.body)
	}
	return a, nil
}

// inUTF8 returns a text in UTF-8, as JSON demands it. Carriers write others too: UTF-16
// has a byte order mark, and what is neither is Windows-1252.
func inUTF8(body []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		return utf16.NewDecoder().Bytes(body)
	case utf8.Valid(body):
		return body, nil
	default:
		return charmap.Windows1252.NewDecoder().Bytes(body)
	}
}

var utf16 = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)

// lost is the error of a request that was sent and has no whole answer.
func lost(err error) error {
	return callError(ErrorTypeReplyLost, "call the carrier: the reply was lost: "+bounded(err.Error()), err, 0)
}

// isDamaged reports whether the content of a compressed answer is wrong, rather
// than its transport.
func isDamaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// words are the carrier's own words in the answer.
func (a answered) words() string {
	if a.header.Get("Content-Encoding") != "" {
		return ""
	}
	return words(a.header.Get("Content-Type"), a.body)
}

// pause is how long the carrier asks to wait.
func (a answered) pause() time.Duration { return retryAfter(a.header, time.Now()) }

// line names the answer's status.
func (a answered) line() string {
	if text := http.StatusText(a.status); text != "" {
		return fmt.Sprintf("the carrier answered %d %s", a.status, text)
	}
	return fmt.Sprintf("the carrier answered %d", a.status)
}

// failed is the error of an answer that is a technical fault.
func (a answered) failed(kind, advice string) error {
	text := a.line()
	if advice != "" {
		text += ": " + advice
	}
	return callError(kind, with(text, a.words()), nil, a.pause())
}

// notRead is the error of an answer that does not say what it has to say. It shows
// what was read.
func (a answered) notRead(why error) error {
	read := a.words()
	switch {
	case len(a.body) == 0:
		read = "it has no body"
	case read == "":
		read = fmt.Sprintf("it has %d bytes", len(a.body))
	default:
		read = "it reads: " + read
	}
	media := "no Content-Type"
	if ct := a.header.Get("Content-Type"); ct != "" {
		media = "Content-Type " + bounded(ct)
	}
	return callError(ErrorTypeUnreadable, fmt.Sprintf("%s (%s), and it cannot be used: %v; %s", a.line(), media, why, read), why, a.pause())
}

// redirect is the error of an answer that points elsewhere.
func (a answered) redirect() error {
	to := "nowhere"
	if location := a.header.Get("Location"); location != "" {
		to = bounded(location)
		if u, err := url.Parse(location); err == nil {
			u.User, u.RawQuery, u.Fragment = nil, "", "" // They may hold secrets.
			to = bounded(u.String())
		}
	}
	return callError(ErrorTypeMisconfigured, fmt.Sprintf("%s and points to %s: redirects are not followed; "+
		"if that is where the carrier is, correct its url in the carrier table", a.line(), to), nil, a.pause())
}
