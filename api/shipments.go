package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// source is the CloudEvents source of the events that the API publishes.
const source = "/shipments/api"

// accepted is the reply to a shipment that was published.
type accepted struct {
	ShipmentID string `json:"shipmentId"`
	WorkflowID string `json:"workflowId"`
}

// reserved are the first path segments of other routes: no sample shipment has
// such an id.
var reserved = []string{"shipments", "schemas", "shipment-documents", "healthz", "readyz"}

// NoSamples is why a sample shipment is refused with emulation off: its carriers
// may be real ones. A remedy follows it.
const NoSamples = "sample shipments are made only while SHIPMENTS_EMULATION is on"

// createSample publishes a sample shipment for the id in the path.
func (a *api) createSample(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("shipmentId")
	switch {
	case slices.Contains(reserved, id):
		w.Header().Set("Allow", http.MethodGet)
		problem(w, http.StatusMethodNotAllowed, "use GET")
		return
	case !a.Rules.Emulation:
		problem(w, http.StatusForbidden, NoSamples+": POST the shipment's data to /shipments")
		return
	case !shipment.ValidID(id):
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	ev, err := events.NewCreated(uuid.NewString(), source, time.Now(), sample.Shipment(id, time.Now()))
	if err != nil {
		a.Log.Error().Err(err).Str("shipment", id).Msg("A sample shipment cannot be made")
		problem(w, http.StatusInternalServerError, "the sample shipment cannot be made")
		return
	}
	a.publish(w, r, ev, id, "/"+id)
}

// create publishes the shipment, or the CloudEvent, in the body.
func (a *api) create(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, events.MaxMessageBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a shipment has at most %d bytes", events.MaxMessageBytes))
		return
	case err != nil:
		problem(w, http.StatusBadRequest, "the body ends before its announced length, or too late")
		return
	}
	header, ok := eventHeader(r.Header)
	if !ok {
		w.Header().Set("Accept-Post", "application/json, "+events.ContentType)
		problem(w, http.StatusUnsupportedMediaType, "use application/json for a shipment, "+events.ContentType+" for a CloudEvent")
		return
	}
	ev, reasons := events.Decode(header, body)
	if len(reasons) > 0 {
		problem(w, http.StatusBadRequest, "the body is not a valid event", reasons...)
		return
	}
	created, reasons := events.ParseCreated(ev, "", a.Rules)
	if len(reasons) > 0 {
		problem(w, http.StatusUnprocessableEntity, "the shipment is not valid", reasons...)
		return
	}
	id := created.Data.ShipmentID
	a.publish(w, r, ev, id, "/shipments/"+id)
}

// eventHeader returns the headers to decode the body with: those of a
// CloudEvent unchanged, and for a shipment's plain data those of a new event. It
// is not ok if the body is neither.
func eventHeader(header http.Header) (map[string][]string, bool) {
	for name := range header {
		if strings.HasPrefix(strings.ToLower(name), "ce-") {
			return header, true
		}
	}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err != nil, len(header.Values("Content-Type")) > 1:
		return nil, false
	case strings.HasPrefix(media, "application/cloudevents"):
		return header, true
	case media != event.ApplicationJSON:
		return nil, false
	}
	return events.DataHeader(uuid.NewString(), source, time.Now()), true
}

// publish stores the event and replies when JetStream has confirmed it.
func (a *api) publish(w http.ResponseWriter, r *http.Request, ev event.Event, id, location string) {
	ctx, cancel := context.WithTimeout(r.Context(), publishTimeout)
	defer cancel()
	_, err := a.Publisher.PublishCreated(ctx, ev, id)
	a.note(r, err)
	if errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum) {
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a shipment's event has at most %d bytes", events.MaxMessageBytes))
		return
	}
	if err != nil {
		unavailable(w)
		return
	}
	w.Header().Set("Location", location)
	writeJSON(w, http.StatusAccepted, "application/json", accepted{ShipmentID: id, WorkflowID: shipment.ProcessID(id)})
}

// status replies with the status of the shipment in the path.
func (a *api) status(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("shipmentId")
	if !shipment.ValidID(id) {
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	result, err := streams.ReadStatus(ctx, a.JetStream, id)
	a.note(r, err)
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		problem(w, http.StatusNotFound, "no shipment with this id is known")
	case err != nil:
		unavailable(w)
	default:
		writeJSON(w, http.StatusOK, "application/json", result)
	}
}
