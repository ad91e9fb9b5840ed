package index

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"shipments/shipment"
)

const (
	// DefaultLimit is how many shipments a page has if [Query] does not say.
	DefaultLimit = 50
	// MaxLimit is how many it has at most.
	MaxLimit = 500
)

// ErrCursor is returned for a cursor that no page has returned.
var ErrCursor = errors.New("invalid cursor")

// Query selects shipments. A zero member selects all.
type Query struct {
	Statuses []shipment.Status
	Category shipment.Category
	// Carrier is the id of a carrier of any leg.
	Carrier string
	Stage   shipment.Stage
	// Reason is the code of a rejection, or the first fault of a failure, or of a
	// collection that was declined and may be rebooked.
	Reason string
	// Since and Until bound the time at which a story opened: from Since, and
	// before Until.
	Since, Until time.Time
	// OlderThan selects shipments that have been pending for longer.
	OlderThan time.Duration
	// Text is the beginning of an id, a reference or a tracking number, in upper
	// or lower case.
	Text string
	// Limit is how many shipments a page has; default [DefaultLimit], at most
	// [MaxLimit].
	Limit int
	// Cursor is where the page begins: Next of the page before.
	Cursor string
}

// Page is a part of the shipments that a query selects, newest first.
type Page struct {
	Shipments []Shipment
	// Next is the cursor of the next page; empty if this is the last one.
	Next string
	// Total counts what the query selects in the whole view.
	Total int
	// Exact: there are no more such shipments than Total, also outside of the view.
	Exact         bool
	CompleteSince time.Time
}

// List returns a page of the shipments that a query selects. It reads the whole
// view, some milliseconds for 100,000 shipments. A shipment that is published
// between two pages is on neither; none is on two.
//
// It returns [ErrCursor] for a cursor that is no page's.
func (x *Index) List(q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	opened, id, err := parseCursor(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	page := Page{Shipments: []Shipment{}, CompleteSince: instant(x.completeSince)}
	page.Exact = x.completeSince == 0 || q.Since.UnixNano() >= x.completeSince && !q.Since.IsZero()
	f, possible := x.filter(q)
	if !possible {
		return page, nil
	}
	last := int32(-1)
	for k := len(x.order) - 1; k >= x.head; k-- {
		i := x.order[k]
		r := &x.records[i]
		if f.since > r.opened {
			break
		}
		if !f.matches(r) {
			continue
		}
		page.Total++
		switch {
		case q.Cursor != "" && x.compare(i, opened, id) >= 0: // on a page before
		case len(page.Shipments) < q.Limit:
			page.Shipments = append(page.Shipments, x.show(r))
			last = i
		case page.Next == "":
			page.Next = cursor(&x.records[last])
		}
	}
	return page, nil
}

// Matches reports whether a query selects a shipment of the view.
func (x *Index) Matches(q Query, id string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	i, known := x.byID[id]
	if !known {
		return false
	}
	f, possible := x.filter(q)
	return possible && x.records[i].opened >= f.since && f.matches(&x.records[i])
}

// filter is a query in the terms of records.
type filter struct {
	statuses      []shipment.Status
	category      uint8
	carrier       uint16
	stage         shipment.Stage
	reason        uint16
	since, until  int64
	pendingBefore int64
	text          string
	probe         prefixes
}

// filter translates a query. It is impossible if the view has no shipment with
// such a carrier or reason. mu is held.
func (x *Index) filter(q Query) (f filter, possible bool) {
	f = filter{statuses: q.Statuses, stage: q.Stage, text: q.Text, probe: probeOf(q.Text)}
	possible = true
	if q.Category != "" {
		i := slices.Index(categories, q.Category)
		f.category, possible = uint8(max(0, i)), i > 0
	}
	need := func(n *names, text string) uint16 {
		number, known := n.known(text)
		possible = possible && known
		return number
	}
	if q.Carrier != "" {
		f.carrier = need(&x.carriers, q.Carrier)
	}
	if q.Reason != "" {
		f.reason = need(&x.reasons, q.Reason)
	}
	if !q.Since.IsZero() {
		f.since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() {
		f.until = q.Until.UnixNano()
	}
	if q.OlderThan > 0 {
		f.pendingBefore = time.Now().Add(-q.OlderThan).UnixNano()
	}
	return f, possible
}

// matches tests all but since, cheapest first.
func (f *filter) matches(r *record) bool {
	switch {
	case f.until != 0 && r.opened >= f.until,
		f.category != 0 && r.category != f.category,
		f.carrier != 0 && !slices.Contains(r.carriers[:], f.carrier),
		f.pendingBefore != 0 && (r.opened >= f.pendingBefore || r.status() != shipment.Pending),
		f.stage != "" && r.stage() != f.stage,
		f.reason != 0 && (r.reason != f.reason || !r.hasReason()),
		len(f.statuses) > 0 && !slices.Contains(f.statuses, r.status()):
		return false
	}
	return f.text == "" || r.begins.mayHave(&f.probe) && f.matchesText(r)
}

func (f *filter) matchesText(r *record) bool {
	for rest, more := r.words, true; more; {
		if hasPrefix(rest, f.text) {
			return true
		}
		_, rest, more = strings.Cut(rest, separator)
	}
	return false
}

// hasPrefix reports whether s begins with a text in upper or lower case.
func hasPrefix(s, text string) bool {
	if len(s) < len(text) || lower(s[0]) != lower(text[0]) && s[0] < utf8.RuneSelf && text[0] < utf8.RuneSelf {
		return false
	}
	return strings.EqualFold(s[:len(text)], text)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// cursor is the place after a shipment.
func cursor(r *record) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(r.opened, 36) + "." + r.id()))
}

func parseCursor(text string) (opened int64, id string, err error) {
	if text == "" {
		return 0, "", nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, "", ErrCursor
	}
	at, id, _ := strings.Cut(string(decoded), ".")
	if opened, err = strconv.ParseInt(at, 36, 64); err != nil || !shipment.ValidID(id) {
		return 0, "", ErrCursor
	}
	return opened, id, nil
}
