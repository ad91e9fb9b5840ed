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

// accepted is the answer to a shipment that was published.
type accepted struct {
	ShipmentID string `json:"shipmentId"`
	WorkflowID string `json:"workflowId"`
}

// reserved are the first path segments of other routes.
var reserved = []string{"shipments", "schemas", "shipment-documents", "healthz", "readyz"}

// createSample publishes a sample shipment for the id in the path.
func (a *api) createSample(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("shipmentId")
	switch {
	case slices.Contains(reserved, id):
		w.Header().Set("Allow", http.MethodGet)
		problem(w, http.StatusMethodNotAllowed, "use GET")
		return
	case !a.Rules.Emulation:
		problem(w, http.StatusForbidden, "sample shipments are made only while SHIPMENTS_EMULATION is on: POST the shipment's data to /shipments")
		return
	case !shipment.ValidID(id):
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	ev, err := events.NewCreated(uuid.NewString(), source, time.Now(), sample.Shipment(id, time.Now()))
	if err != nil {
		a.unavailable(w, err)
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
		problem(w, http.StatusBadRequest, "the body could not be read to its end")
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
		problem(w, http.StatusBadRequest, "the body is no event", reasons...)
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
// CloudEvent as they are, and for a shipment's plain data those that make it
// one. It is not ok if the body is something else.
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

// publish stores the event and answers only when JetStream has it.
func (a *api) publish(w http.ResponseWriter, r *http.Request, ev event.Event, id, location string) {
	ctx, cancel := context.WithTimeout(r.Context(), publishTimeout)
	defer cancel()
	_, err := a.Publisher.PublishCreated(ctx, ev, id)
	if errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum) {
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a shipment's event has at most %d bytes", events.MaxMessageBytes))
		return
	}
	if err != nil {
		a.unavailable(w, err)
		return
	}
	w.Header().Set("Location", location)
	writeJSON(w, http.StatusAccepted, "application/json", accepted{ShipmentID: id, WorkflowID: shipment.ProcessID(id)})
}

// status tells how the shipment in the path stands.
func (a *api) status(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("shipmentId")
	if !shipment.ValidID(id) {
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	result, err := streams.ReadStatus(ctx, a.JetStream, id)
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		problem(w, http.StatusNotFound, "no shipment with this id is known")
	case err != nil:
		a.unavailable(w, err)
	default:
		writeJSON(w, http.StatusOK, "application/json", result)
	}
}

// unavailable answers when JetStream does not: the client may try again.
func (a *api) unavailable(w http.ResponseWriter, err error) {
	a.Log.Warn().Err(err).Msg("A request could not be served")
	problem(w, http.StatusServiceUnavailable, "JetStream does not answer; try again")
}
