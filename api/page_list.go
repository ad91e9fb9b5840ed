package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"shipments/api/index"
	"shipments/api/presence"
	"shipments/events/streams"
	"shipments/shipment"
)

// check is what a host or dependency of the process finds.
type check struct{ Name, State string }

// checks are those of the process, in order.
func (a *api) checks() []check {
	if a.Readiness == nil {
		return nil
	}
	found := a.Readiness().Checks
	var all []check
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, check{name, found[name]})
	}
	return all
}

// tile is a status with its count.
type tile struct {
	Status shipment.Status
	Count  int
	Link   string
	Chosen bool
}

type listPage struct {
	frame

	Overview  index.Overview
	Backlog   string
	Checks    []check
	Processes []presence.Heard
	Carriers  []shipment.Carrier
	Tiles     []tile
	Query     url.Values
	Statuses  []string
	// Chosen is the status of the filter, or several with commas; Several names those.
	Chosen, Several string
	Categories      []shipment.Category
	Stages          []shipment.Stage
	Shipments       []index.Shipment
	Total           int
	Exact           bool
	Next            string
	Wrong           string
}

// listPage shows how the recent shipments stand, and those that the filters in
// the URL select.
func (a *api) listPage(w http.ResponseWriter, r *http.Request) {
	status, page := a.rendered.page(r, a.Index.Version, func() (int, []byte) { return a.makeList(r) })
	if page == nil {
		problem(w, http.StatusInternalServerError, "the page cannot be made")
		return
	}
	sendPage(w, status, page)
}

// makeList makes the page for the filters in the URL.
func (a *api) makeList(r *http.Request) (status int, page []byte) {
	p := listPage{
		frame: a.frame("Shipments", "list"), Overview: a.Index.Overview(), Query: r.URL.Query(), Exact: true,
		Backlog: a.backlog.read(r.Context(), a.JetStream), Checks: a.checks(), Carriers: a.Rules.Carriers,
		Categories: []shipment.Category{shipment.Domestic, shipment.International, shipment.InternationalPaperless},
		Stages:     shipment.Stages(),
	}
	if a.Processes != nil {
		p.Processes = a.Processes()
	}
	if versions := versionsOf(p.Processes); len(versions) > 1 {
		p.Warnings = append(p.Warnings, "The processes run different versions: "+strings.Join(versions, ", ")+".")
	}
	p.Chosen = strings.Join(p.Query["status"], ",")
	if strings.Contains(p.Chosen, ",") {
		p.Several = strings.ReplaceAll(p.Chosen, ",", ", ")
	}
	for _, s := range statuses {
		p.Statuses = append(p.Statuses, string(s))
		p.Tiles = append(p.Tiles, tile{s, p.Overview.Counts[s], a.publicPath + "/?status=" + string(s), p.Chosen == string(s)})
	}
	if since := p.Overview.CompleteSince; since != nil {
		p.Warnings = append(p.Warnings, "The counts are of the shipments since "+since.UTC().Format(time.DateTime)+". An older one is found by its id.")
	}
	status = http.StatusOK
	query, err := ParseQuery(p.Query, p.Now)
	if err == nil && p.Overview.Ready {
		var page index.Page
		if page, err = a.Index.List(query); err == nil {
			p.Shipments, p.Total, p.Exact = page.Shipments, page.Total, page.Exact
			if page.Next != "" {
				p.Next = a.withCursor(r.URL, page.Next)
			}
		}
	}
	if err != nil {
		p.Wrong, status = err.Error(), http.StatusBadRequest
	}
	page, _ = a.execute("list", p) // An error is logged.
	return status, page
}

// versionsOf are the versions of the processes that are there, sorted.
func versionsOf(processes []presence.Heard) (versions []string) {
	for _, p := range processes {
		if !p.Lost() {
			versions = append(versions, p.Version)
		}
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}

type rejectionsPage struct {
	frame

	Query      url.Values
	Rejections []shownRejection
	Open       []uint64
	Next       string
	Wrong      string
}

// shownRejection is a rejection, and whether something is left to do about it.
type shownRejection struct {
	streams.StoredRejection

	State    streams.RejectionState
	Standing string
}

// rejectionsPage shows rejections.
func (a *api) rejectionsPage(w http.ResponseWriter, r *http.Request, found []streams.StoredRejection, next string, wrong error) {
	p := rejectionsPage{frame: a.frame("Rejections", "rejections"), Query: r.URL.Query(), Next: next}
	status := http.StatusOK
	if wrong == nil {
		ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
		defer cancel()
		standings, err := streams.Standings(ctx, a.JetStream, found)
		a.note(r, err)
		if err != nil {
			wrong, standings = errUnavailable, make([]streams.RejectionStanding, len(found))
		}
		for i, rejection := range found {
			shown := shownRejection{StoredRejection: rejection, State: standings[i].State}
			switch standings[i].State {
			case streams.RejectionOpen:
				p.Open = append(p.Open, rejection.Sequence)
			default:
				shown.Standing = standings[i].String()
			}
			p.Rejections = append(p.Rejections, shown)
		}
	}
	switch {
	case errors.Is(wrong, errUnavailable):
		p.Wrong, status = "JetStream does not answer. Try again.", http.StatusServiceUnavailable
	case wrong != nil:
		p.Wrong, status = wrong.Error(), http.StatusBadRequest
	}
	a.render(w, status, "rejections", p)
}

// errUnavailable stands for JetStream that does not answer.
var errUnavailable = errors.New("JetStream does not answer")
