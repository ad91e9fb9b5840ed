package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shipments/api/index"
	"shipments/shipment"
)

// listParameters are the parameters of GET /shipments.
var listParameters = []string{"status", "category", "carrier", "stage", "reason", "since", "until", "olderThan", "q", "limit", "cursor"}

// listed is the reply of GET /shipments.
type listed struct {
	Shipments []index.Shipment `json:"shipments"`
	Total     total            `json:"total"`
	// CompleteSince is nil if the view has all that the streams hold.
	CompleteSince *time.Time `json:"completeSince,omitempty"`
	// Next is the path of the next page.
	Next string `json:"next,omitempty"`
}

// total counts the selected shipments. It is not exact where there may be more
// that are older than the view.
type total struct {
	Count int  `json:"count"`
	Exact bool `json:"exact"`
}

// list replies with the shipments that the parameters select.
func (a *api) list(w http.ResponseWriter, r *http.Request) {
	parameters, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		problem(w, http.StatusBadRequest, unreadableQuery)
		return
	}
	query, err := ParseQuery(parameters, time.Now())
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	if !a.Index.IsReady() {
		problem(w, http.StatusServiceUnavailable, "the view of the recent shipments is being read; try again")
		return
	}
	page, err := a.Index.List(query)
	if err != nil {
		problem(w, http.StatusBadRequest, "cursor: no page has returned this one")
		return
	}
	reply := listed{Shipments: page.Shipments, Total: total{page.Total, page.Exact}}
	if !page.CompleteSince.IsZero() {
		reply.CompleteSince = &page.CompleteSince
	}
	if page.Next != "" {
		reply.Next = a.withCursor(r.URL, page.Next)
		w.Header().Set("Link", "<"+reply.Next+`>; rel="next"`)
	}
	writeTagged(w, r, reply)
}

// unreadableQuery is what is wrong with a query that is no list of parameters.
const unreadableQuery = "the query cannot be read: separate parameters by &, and write a percent sign as %25"

// withCursor is the path and query of another page, as a client reaches it.
func (a *api) withCursor(u *url.URL, cursor string) string {
	parameters := u.Query()
	parameters.Set("cursor", cursor)
	return a.publicPath + u.Path + "?" + parameters.Encode()
}

// writeTagged replies with JSON and its ETag, or with 304 if the client has it.
func writeTagged(w http.ResponseWriter, r *http.Request, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		problem(w, http.StatusInternalServerError, "the reply cannot be encoded")
		return
	}
	sum := sha256.Sum256(encoded)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if hasTag(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(encoded, '\n')) // An error means that the client is gone.
}

// hasTag reports whether the client has the reply with an ETag.
func hasTag(r *http.Request, tag string) bool {
	for candidate := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

// ParseQuery reads the filters of a list, as GET /shipments names them. now is what
// durations are counted from. Its errors name the parameter.
func ParseQuery(parameters url.Values, now time.Time) (index.Query, error) {
	var q index.Query
	var wrong []error
	for name, values := range parameters {
		if !slices.Contains(listParameters, name) {
			wrong = append(wrong, fmt.Errorf("%q is no parameter: use %s", name, strings.Join(listParameters, ", ")))
			continue
		}
		if name != "status" && len(values) > 1 {
			wrong = append(wrong, fmt.Errorf("%s: given more than once", name))
		}
		if err := setParameter(&q, name, values, now); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(wrong) == 0 && !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		wrong = append(wrong, errors.New("until: it is not after since, so that nothing is selected"))
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return q, errors.Join(wrong...)
}

// setParameter sets the member of a query that a parameter is for. An empty value
// selects all: forms send it.
func setParameter(q *index.Query, name string, values []string, now time.Time) (err error) {
	value := values[0]
	if value == "" && name != "status" {
		return nil
	}
	switch name {
	case "status":
		q.Statuses, err = parseStatuses(values)
	case "category":
		q.Category = shipment.Category(value)
		err = oneOf(q.Category, shipment.Domestic, shipment.International, shipment.InternationalPaperless)
	case "carrier":
		q.Carrier = value
	case "stage":
		q.Stage = shipment.Stage(value)
		err = oneOf(q.Stage, shipment.Stages()...)
	case "reason":
		q.Reason = value
	case "since":
		q.Since, err = parseTime(value, now)
	case "until":
		q.Until, err = parseTime(value, now)
	case "olderThan":
		if q.OlderThan, err = time.ParseDuration(value); err != nil || q.OlderThan <= 0 {
			err = errors.New("use a duration such as 90s, 15m or 24h")
		}
	case "q":
		q.Text = strings.TrimSpace(value)
	case "limit":
		if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 1 || q.Limit > index.MaxLimit {
			err = fmt.Errorf("use a number from 1 to %d", index.MaxLimit)
		}
	case "cursor":
		q.Cursor = value
	}
	return err
}

// statuses are those that a shipment in a list may have.
var statuses = shipment.Statuses()

// parseStatuses reads statuses: several parameters, or several with commas.
func parseStatuses(values []string) ([]shipment.Status, error) {
	var all []shipment.Status
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if part == "" {
				continue
			}
			s := shipment.Status(part)
			if err := oneOf(s, statuses...); err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	return all, nil
}

func oneOf[T ~string](value T, known ...T) error {
	if slices.Contains(known, value) {
		return nil
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	return fmt.Errorf("use %s", strings.Join(names, ", "))
}

// bounded is the time next to one that nanoseconds since 1970 can say: years such as
// 9999 stand for an open end.
func bounded(at time.Time) time.Time {
	first, last := time.Unix(0, 1).UTC(), time.Unix(0, math.MaxInt64).UTC()
	switch {
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return at
}

// parseTime reads a time, or a duration before now.
func parseTime(value string, now time.Time) (time.Time, error) {
	if before, err := time.ParseDuration(value); err == nil && before > 0 {
		return now.Add(-before), nil
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		return bounded(at), nil
	}
	if day, err := time.Parse(time.DateOnly, value); err == nil {
		return bounded(day), nil
	}
	return time.Time{}, errors.New("use a time such as 2026-11-27T08:00:00Z, a day such as 2026-11-27 (UTC), or a duration before now such as 24h")
}
