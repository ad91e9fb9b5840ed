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

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/shipment/text"
)

// source is the CloudEvents source of the events that the API publishes.
const source = "/shipments/api"

// accepted is the reply to a shipment that was published.
type accepted struct {
	ShipmentID string `json:"shipmentId"`
	WorkflowID string `json:"workflowId"`
	// EventID is the id of the event that carries the caller's own shipment.
	EventID string `json:"eventId,omitempty"`
}

// reserved are the first path segments of other routes: no sample shipment has
// such an id.
var reserved = []string{
	"shipments", "schemas", "shipment-documents", "rejections", "assets", "live", "actions", "favicon.ico", "healthz", "readyz",
	"openapi.json", "asyncapi.json", "docs", "session",
}

// pathOf is the path of a shipment's page: the short one, unless another route has it.
func pathOf(id string) string {
	if slices.Contains(reserved, id) {
		return "/shipments/" + id
	}
	return "/" + id
}

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
	stamp(r, &ev)
	a.publish(w, r, accepted{ShipmentID: id}, "/"+id, func(ctx context.Context) error {
		_, err := a.Publisher.PublishCreated(ctx, ev, id)
		return err
	})
}

// create publishes the shipment, or the CloudEvent, in the body.
func (a *api) create(w http.ResponseWriter, r *http.Request) {
	if encoding, plain := isPlain(r.Header); !plain {
		unsupportedEncoding(w, encoding)
		return
	}
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
	header, ok := eventHeader(r.Header, body)
	if !ok {
		unsupportedMediaType(w)
		return
	}
	ev, reasons := events.Decode(header, body)
	if len(reasons) > 0 {
		invalidEvent(w, http.StatusBadRequest, "the body is not a valid event", reasons)
		return
	}
	created, reasons := events.ParseCreated(ev, "", a.Rules)
	if len(reasons) > 0 {
		invalidEvent(w, http.StatusUnprocessableEntity, "the shipment is not valid", reasons)
		return
	}
	if reason := a.Rules.TooFarAhead(created.Data, time.Now()); reason != nil {
		problem(w, http.StatusUnprocessableEntity, "the shipment is not valid", *reason)
		return
	}
	id := created.Data.ShipmentID
	stamp(r, &ev)
	a.publish(w, r, accepted{ShipmentID: id, EventID: created.ID}, "/shipments/"+id, func(ctx context.Context) error {
		_, err := a.Publisher.PublishUnlessConflict(ctx, ev, created, a.Rules)
		return err
	})
}

func unsupportedEncoding(w http.ResponseWriter, encoding string) {
	w.Header().Set("Accept-Encoding", "identity")
	problem(w, http.StatusUnsupportedMediaType, fmt.Sprintf("the content encoding %q is not supported: send the body as it is", text.Clip(encoding, 40)))
}

// isPlain reports whether a body is sent as it is, and else its content encoding.
func isPlain(header http.Header) (encoding string, plain bool) {
	encoding = strings.Join(header.Values("Content-Encoding"), ", ")
	for coding := range strings.SplitSeq(encoding, ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return encoding, false
		}
	}
	return "", true
}

// invalidEvent replies to a body that has reasons to be rejected, with status, or
// with 415 if the first reason is about its media type or charset.
func invalidEvent(w http.ResponseWriter, status int, detail string, reasons []shipment.Reason) {
	switch reasons[0].Code {
	case events.CodeUnsupportedContentType, events.CodeUnsupportedDataContentType:
		unsupportedMediaType(w, reasons...)
	default:
		problem(w, status, detail, reasons...)
	}
}

func unsupportedMediaType(w http.ResponseWriter, reasons ...shipment.Reason) {
	w.Header().Set("Accept-Post", "application/json, "+events.ContentType)
	problem(w, http.StatusUnsupportedMediaType, "use application/json for a shipment, "+events.ContentType+" for a CloudEvent, both in UTF-8", reasons...)
}

// eventHeader returns the headers to decode the body with: those of a
// CloudEvent unchanged, also if it is sent as plain JSON, and for a shipment's data
// those of a new event. It is not ok if the body is neither.
func eventHeader(header http.Header, body []byte) (map[string][]string, bool) {
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
	case !events.IsJSON(media):
		return nil, false
	case events.IsEvent(body):
		return header, true
	}
	data := events.DataHeader(uuid.NewString(), source, time.Now())
	data["content-type"] = header.Values("Content-Type") // Its charset is checked.
	return data, true
}

// publish has an event stored by store, and replies when JetStream has confirmed
// it. location is the path of the shipment below the public URL.
func (a *api) publish(w http.ResponseWriter, r *http.Request, reply accepted, location string, store func(context.Context) error) {
	ctx, cancel := context.WithTimeout(r.Context(), publishTimeout)
	defer cancel()
	err := store(ctx)
	a.note(r, err)
	var conflict *streams.ContentConflictError
	switch {
	case errors.As(err, &conflict):
		problem(w, http.StatusConflict, "the shipment is known with other content", events.ConflictReason(conflict.Known))
	case errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum):
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a shipment's event has at most %d bytes", events.MaxMessageBytes))
	case err != nil:
		unavailable(w)
	default:
		reply.WorkflowID = shipment.ProcessID(reply.ShipmentID)
		w.Header().Set("Location", a.publicPath+location)
		writeJSON(w, http.StatusAccepted, "application/json", reply)
	}
}

// status replies with the status of the shipment in the path.
func (a *api) status(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("shipmentId")
	if !shipment.ValidID(id) {
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	w.Header().Add("Vary", "Accept")
	if a.wantsPage(r) {
		a.shipmentPage(w, r, id)
		return
	}
	wait, err := waitParameter(r)
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	var result shipment.Result
	if wait > 0 {
		release, ok := a.takeSlot(w)
		if !ok {
			return
		}
		defer release()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + sendTimeout)) // A recorder in a test has none.
		result, err = a.waitForEnd(r, id, wait)
	} else {
		result, err = a.readStatus(r, id)
	}
	if err == nil {
		err = a.addProgress(r, &result)
	}
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		problem(w, http.StatusNotFound, "no shipment with this id is known")
	case err != nil:
		unavailable(w)
	default:
		writeJSON(w, http.StatusOK, "application/json", result)
	}
}

// readStatus reads how a shipment stands.
func (a *api) readStatus(r *http.Request, id string) (shipment.Result, error) {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	result, err := streams.ReadStatus(ctx, a.JetStream, id)
	a.note(r, err)
	return result, err
}

// addProgress adds to the status of a pending shipment how far it is.
func (a *api) addProgress(r *http.Request, result *shipment.Result) error {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	known, _ := a.Index.Find(result.ShipmentID)
	expected := a.expectations()
	expected.Inputs = []uint64{known.InputSequence}
	err := streams.AddProgress(ctx, a.JetStream, result, expected)
	a.note(r, err)
	return err
}

func (a *api) expectations() streams.Expectations {
	return streams.Expectations{Rules: a.Rules, CarrierDeadline: a.CarrierDeadline}
}
