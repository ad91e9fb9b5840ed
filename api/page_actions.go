package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"shipments/events"
	"shipments/shipment"
)

// maxForm bounds the body of a form.
const maxForm = 4 << 10

// act does what the form of a page asks for, as the routes for programs do, and
// leads back to the page.
func (a *api) act(w http.ResponseWriter, r *http.Request) {
	if a.UI != UIOperate {
		problem(w, http.StatusForbidden, "the pages only show: SHIPMENTS_UI is not operate")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		problem(w, http.StatusBadRequest, "the form cannot be read")
		return
	}
	switch r.PathValue("action") {
	case "cancel":
		a.actRequest(w, r, events.TypeCancellationRequested, "reason")
	case "rebook":
		a.actRequest(w, r, events.TypeRebookingRequested, "collectionDate")
	case "replay":
		a.actReplay(w, r)
	default:
		problem(w, http.StatusNotFound, "no action has this name")
	}
}

// actRequest publishes a request for the shipment in a form.
func (a *api) actRequest(w http.ResponseWriter, r *http.Request, eventType, member string) {
	id := r.PostForm.Get("shipment")
	if !shipment.ValidID(id) {
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	data, err := json.Marshal(map[string]string{"shipmentId": id, member: r.PostForm.Get(member)})
	if err != nil {
		problem(w, http.StatusBadRequest, "the form cannot be read")
		return
	}
	if ev, ok := a.validRequest(w, eventType, id, data); ok && a.mayBeAsked(w, r, id) && a.storeRequest(w, r, ev, id) {
		http.Redirect(w, r, a.publicPath+pathOf(id), http.StatusSeeOther) //nolint:gosec // the id is valid, and a segment of a path
	}
}

// maxReplays bounds the rejections that one form replays: those of a page.
const maxReplays = maxRejections

// actReplay replays the rejections in a form.
func (a *api) actReplay(w http.ResponseWriter, r *http.Request) {
	var sequences []uint64
	for _, text := range r.PostForm["sequence"] {
		sequence, err := strconv.ParseUint(text, 10, 64)
		if err != nil || len(sequences) == maxReplays {
			sequences = nil
			break
		}
		sequences = append(sequences, sequence)
	}
	if len(sequences) == 0 {
		problem(w, http.StatusBadRequest, fmt.Sprintf("use the sequences of rejections, %d at most", maxReplays))
		return
	}
	for _, sequence := range sequences {
		if _, ok := a.replayRejection(w, r, sequence); !ok {
			return // Those before are marked as replayed.
		}
	}
	http.Redirect(w, r, a.publicPath+"/rejections", http.StatusSeeOther)
}
