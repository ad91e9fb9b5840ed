package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

// maxRequestBytes bounds the body of a request for a shipment.
const maxRequestBytes = 16 << 10

// requested is the reply to a request that was published.
type requested struct {
	ShipmentID string `json:"shipmentId"`
	// EventID is the id of the event that was published: a rejection names it.
	EventID string `json:"eventId"`
}

// cancel publishes a request to cancel the shipment in the path.
func (a *api) cancel(w http.ResponseWriter, r *http.Request) {
	a.request(w, r, events.TypeCancellationRequested)
}

// rebook publishes a request to book the collection of the shipment in the path
// for another day.
func (a *api) rebook(w http.ResponseWriter, r *http.Request) {
	a.request(w, r, events.TypeRebookingRequested)
}

// request publishes a request whose data is the body and the id in the path. Only
// the process can say whether it has an effect: a rejection says why it has none.
func (a *api) request(w http.ResponseWriter, r *http.Request, eventType string) {
	id := r.PathValue("shipmentId")
	if !shipment.ValidID(id) {
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	members, ok := readObject(w, r)
	if !ok {
		return
	}
	if given, has := members["shipmentId"]; has && given != id {
		problem(w, http.StatusUnprocessableEntity, "the shipment id in the body is not that in the path")
		return
	}
	members["shipmentId"] = id
	data, err := json.Marshal(members)
	if err != nil {
		problem(w, http.StatusBadRequest, "the body is not a JSON object")
		return
	}
	if ev, ok := a.validRequest(w, eventType, id, data); ok && a.mayBeAsked(w, r, id) && a.storeRequest(w, r, ev, id) {
		w.Header().Set("Location", a.publicPath+"/shipments/"+id)
		writeJSON(w, http.StatusAccepted, "application/json", requested{ShipmentID: id, EventID: ev.ID()})
	}
}

// readObject reads a body that is a JSON object. It is not ok if it is none; the
// reply is written then.
func readObject(w http.ResponseWriter, r *http.Request) (map[string]any, bool) {
	if encoding, plain := isPlain(r.Header); !plain {
		unsupportedEncoding(w, encoding)
		return nil, false
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := cmp.Or(parameters["charset"], "utf-8"); err != nil || media != event.ApplicationJSON || !strings.EqualFold(charset, "utf-8") {
		w.Header().Set("Accept-Post", event.ApplicationJSON)
		problem(w, http.StatusUnsupportedMediaType, "use application/json, in UTF-8")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request has at most %d bytes", maxRequestBytes))
		return nil, false
	case err != nil:
		problem(w, http.StatusBadRequest, "the body ends before its announced length, or too late")
		return nil, false
	}
	if !utf8.Valid(body) {
		problem(w, http.StatusBadRequest, "the body is not valid UTF-8")
		return nil, false
	}
	var members map[string]any
	if json.Unmarshal(body, &members) != nil || members == nil {
		problem(w, http.StatusBadRequest, "the body is not a JSON object")
		return nil, false
	}
	return members, true
}

// mayBeAsked reports whether a request for a shipment makes sense: it is known and
// has not ended. The reply is written otherwise.
func (a *api) mayBeAsked(w http.ResponseWriter, r *http.Request, id string) bool {
	result, err := a.readStatus(r, id)
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		problem(w, http.StatusNotFound, "no shipment with this id is known")
	case err != nil:
		unavailable(w)
	case result.Status != shipment.Pending:
		problem(w, http.StatusConflict, "the shipment has ended: its status is "+string(result.Status))
	default:
		return true
	}
	return false
}

// validRequest makes the event of a request, as the consumer will read it. It is not ok
// if the request is not valid; the reply is written then.
func (a *api) validRequest(w http.ResponseWriter, eventType, shipmentID string, data []byte) (event.Event, bool) {
	ev, err := newRequest(uuid.NewString(), eventType, shipmentID, data)
	if err != nil {
		a.Log.Error().Err(err).Str("shipment", shipmentID).Msg("A request cannot be made")
		problem(w, http.StatusInternalServerError, "the request cannot be made")
		return ev, false
	}
	if _, reasons := events.ParseRequest(ev, events.Subject(eventType, shipmentID)); len(reasons) > 0 {
		problem(w, http.StatusUnprocessableEntity, "the request is not valid", reasons...)
		return ev, false
	}
	return ev, true
}

// newRequest makes the event of a request.
func newRequest(id, eventType, shipmentID string, data []byte) (event.Event, error) {
	ev := event.New(event.CloudEventsVersionV1)
	ev.SetID(id)
	ev.SetType(eventType)
	ev.SetSource(source)
	ev.SetSubject(shipmentID)
	ev.SetTime(time.Now().UTC())
	err := ev.SetData(event.ApplicationJSON, json.RawMessage(data))
	return ev, err
}

// storeRequest publishes the event of a request. It is not ok if that failed; the reply
// is written then.
func (a *api) storeRequest(w http.ResponseWriter, r *http.Request, ev event.Event, id string) (ok bool) {
	stamp(r, &ev)
	ctx, cancel := context.WithTimeout(r.Context(), publishTimeout)
	defer cancel()
	_, err := a.Publisher.PublishInput(ctx, ev, id)
	a.note(r, err)
	if err != nil {
		unavailable(w)
	}
	return err == nil
}
