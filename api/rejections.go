package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"shipments/api/auth"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

// rejectionParameters are the parameters of GET /rejections.
var rejectionParameters = []string{"reason", "shipment", "since", "limit", "before"}

const (
	defaultRejections = 20
	maxRejections     = 100
)

// rejectionList is the reply of GET /rejections.
type rejectionList struct {
	Rejections []streams.StoredRejection `json:"rejections"`
	// Next is the path of the next page.
	Next string `json:"next,omitempty"`
}

// listRejections replies with the newest rejections that the parameters select.
func (a *api) listRejections(w http.ResponseWriter, r *http.Request) {
	parameters, err := url.ParseQuery(r.URL.RawQuery)
	var f streams.RejectionFilter
	if err != nil {
		err = errors.New(unreadableQuery)
	} else {
		f, err = parseRejectionFilter(parameters, time.Now())
	}
	if err != nil {
		if a.wantsPage(r) {
			a.rejectionsPage(w, r, nil, "", err)
			return
		}
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	found, next, err := streams.NewestRejections(ctx, a.JetStream, f)
	a.note(r, err)
	if err != nil {
		if a.wantsPage(r) {
			a.rejectionsPage(w, r, nil, "", errUnavailable)
			return
		}
		unavailable(w)
		return
	}
	reply := rejectionList{Rejections: found}
	if next > 0 {
		parameters.Set("before", strconv.FormatUint(next, 10))
		reply.Next = a.publicPath + r.URL.Path + "?" + parameters.Encode()
	}
	if a.wantsPage(r) {
		a.rejectionsPage(w, r, reply.Rejections, reply.Next, nil)
		return
	}
	w.Header().Add("Vary", "Accept")
	writeTagged(w, r, reply)
}

func parseRejectionFilter(parameters url.Values, now time.Time) (streams.RejectionFilter, error) {
	f := streams.RejectionFilter{Limit: defaultRejections}
	var wrong []error
	for name, values := range parameters {
		var err error
		value := values[0]
		switch {
		case !slices.Contains(rejectionParameters, name):
			err = errors.New("no parameter: use reason, shipment, since, limit, before")
		case len(values) > 1:
			err = errors.New("given more than once")
		case value == "":
		case name == "reason":
			f.Reason = value
		case name == "shipment":
			f.Shipment = value
			if !shipment.ValidID(value) {
				err = errors.New("a shipment id has " + shipment.IDRule)
			}
		case name == "since":
			f.Since, err = parseTime(value, now)
		case name == "limit":
			if f.Limit, err = strconv.Atoi(value); err != nil || f.Limit < 1 || f.Limit > maxRejections {
				err = fmt.Errorf("use a number from 1 to %d", maxRejections)
			}
		case name == "before":
			if f.Before, err = strconv.ParseUint(value, 10, 64); err != nil || f.Before == 0 {
				err = errors.New("use the sequence of a rejection")
			}
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
	}
	return f, errors.Join(wrong...)
}

// replayed is the reply to a replay.
type replayed struct {
	// Rejection is the sequence of the rejection, Input that of the input that was
	// published again.
	Rejection uint64 `json:"rejection"`
	Input     uint64 `json:"input"`
	Stream    string `json:"stream"`
}

// replay publishes the input of the rejection in the path again.
func (a *api) replay(w http.ResponseWriter, r *http.Request) {
	sequence, err := strconv.ParseUint(r.PathValue("sequence"), 10, 64)
	if err != nil {
		problem(w, http.StatusBadRequest, "use the sequence of a rejection, which GET /rejections shows")
		return
	}
	if input, ok := a.replayRejection(w, r, sequence); ok {
		writeJSON(w, http.StatusAccepted, "application/json", replayed{Rejection: sequence, Input: input, Stream: events.StreamShipments})
	}
}

// replayRejection publishes the input of a rejection again and returns its new
// sequence. It is not ok if that failed; the reply is written then.
func (a *api) replayRejection(w http.ResponseWriter, r *http.Request, sequence uint64) (input uint64, ok bool) {
	ctx, cancel := context.WithTimeout(r.Context(), publishTimeout)
	defer cancel()
	rejection, err := streams.ReadRejection(ctx, a.JetStream, sequence)
	a.note(r, err)
	switch {
	case errors.Is(err, streams.ErrNoRejection):
		problem(w, http.StatusNotFound, "no rejection with this sequence is stored")
		return 0, false
	case err != nil:
		unavailable(w)
		return 0, false
	}
	run := uuid.NewString()
	if _, err := streams.ReplayMessage(rejection.Rejection, run); err != nil {
		problem(w, http.StatusConflict, "this rejection cannot be replayed: "+err.Error())
		return 0, false
	}
	ack, err := a.Publisher.Replay(ctx, rejection.Rejection, run, auth.Of(r.Context()).Name)
	a.note(r, err)
	if err != nil {
		unavailable(w)
		return 0, false
	}
	return ack.Sequence, true
}
