package why

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

// readStory reads what JetStream has of a shipment. It reports whether that is
// anything.
func (c Config) readStory(ctx context.Context, r *Report, id string) (known bool, err error) {
	r.Result, err = streams.ReadStatus(ctx, c.JetStream, id)
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		return false, nil
	case err != nil:
		return false, err
	}
	story, err := streams.ReadStory(ctx, c.JetStream, id, c.Expectations.Inputs...)
	if err != nil {
		return false, err
	}
	if r.Status == shipment.Pending {
		r.Progress = streams.Expect(story.Messages, c.Expectations, r.At)
	}
	if story.Omitted > 0 {
		r.Missing = append(r.Missing, fmt.Sprintf("%d messages of the story: there are too many", story.Omitted))
	}
	requested := r.addStory(story.Messages)
	if r.Status == shipment.Pending {
		c.explainConsumer(ctx, r, story.Messages)
		for _, eventType := range slices.Sorted(maps.Keys(requested)) {
			r.explainRequest(story.Messages, eventType)
		}
	}
	r.documents()
	return true, nil
}

// addStory adds the messages to what happened. It returns the types of the requests among
// them.
func (r *Report) addStory(messages []streams.StoredMessage) map[string]bool {
	requested := map[string]bool{}
	for _, m := range messages {
		o := Occurrence{At: m.Time.UTC(), Stream: m.Stream, Sequence: m.Sequence, What: m.Type}
		t, _ := events.Lookup(m.Type)
		o.Kind = map[events.Kind]string{events.KindInput: "input", events.KindOutcome: "event", events.KindRejection: "rejection"}[t.Kind]
		if ev, reasons := events.Decode(m.Header, m.Data); len(reasons) == 0 {
			o.Detail = details(m, ev.Data())
			if t.Kind == events.KindInput {
				o.Detail = strings.TrimPrefix(o.Detail+fmt.Sprintf(", id %s from %s", clip(ev.ID()), clip(ev.Source())), ", ")
			}
			if t.Request {
				requested[m.Type] = true
			}
			if m.Type == events.TypeAccepted {
				r.trace(ev.Extensions())
			}
		} else if t.Kind == events.KindInput {
			o.Detail = "not valid: " + clip(reasons[0].String())
		}
		if t.Kind == events.KindRejection {
			var data events.Rejection
			if ev, reasons := events.Decode(m.Header, m.Data); len(reasons) == 0 && json.Unmarshal(ev.Data(), &data) == nil {
				o.Detail = rejection(data)
			}
		}
		r.Happened = append(r.Happened, o)
	}
	return requested
}

// details are what an operator wants to know of an event's data.
func details(m streams.StoredMessage, data []byte) string {
	var d struct {
		Category          string                      `json:"category"`
		RunID             string                      `json:"runId"`
		Legs              []json.RawMessage           `json:"legs"`
		ManifestedLegs    []shipment.ManifestedLeg    `json:"manifestedLegs"`
		CollectionDate    string                      `json:"collectionDate"`
		CollectionBooking *shipment.CollectionBooking `json:"collectionBooking"`
		VoidedLegs        []shipment.VoidedLeg        `json:"voidedLegs"`
		RebookableUntil   *time.Time                  `json:"rebookableUntil"`
		Stage             string                      `json:"stage"`
		Reason            string                      `json:"reason"`
		Faults            []shipment.Fault            `json:"faults"`
		Failure           *shipment.Failure           `json:"failure"`
		Cancellation      *shipment.Cancellation      `json:"cancellation"`
	}
	if json.Unmarshal(data, &d) != nil {
		return ""
	}
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, clip(fmt.Sprintf(format, args...)))
		}
	}
	add(d.Category != "", "%s, run %s", d.Category, d.RunID)
	add(len(d.Legs) > 0, "%d leg(s)", len(d.Legs))
	add(d.CollectionDate != "", "collection on %s", d.CollectionDate)
	for _, leg := range d.ManifestedLegs {
		add(true, "carrier %s, tracking %s", leg.CarrierID, strings.Join(leg.TrackingNumbers, " "))
	}
	if b := d.CollectionBooking; b != nil && m.Type == events.TypeCollectionBooked {
		add(true, "booking %s", b.BookingReference)
	}
	for _, leg := range d.VoidedLegs {
		add(true, "carrier %s, tracking %s", leg.CarrierID, strings.Join(leg.TrackingNumbers, " "))
	}
	add(d.Stage != "", "at %s", d.Stage)
	add(d.Reason != "", "%s", d.Reason)
	if d.Failure != nil {
		d.Faults = append(d.Faults, d.Failure.Faults...)
	}
	if d.Cancellation != nil {
		add(true, "%s", d.Cancellation.Reason)
	}
	for _, fault := range d.Faults {
		add(true, "%s", strings.Join(append([]string{fault.Description}, fault.Errors...), ": "))
	}
	if d.RebookableUntil != nil {
		add(true, "can be rebooked until %s", d.RebookableUntil.UTC().Format(time.RFC3339))
	}
	return strings.Join(parts, "; ")
}

func rejection(r events.Rejection) string {
	reasons := make([]string, len(r.Reasons))
	for i, reason := range r.Reasons {
		reasons[i] = clip(reason.String())
	}
	return fmt.Sprintf("of %s %d: %s", r.Input.Stream, r.Input.StreamSequence, strings.Join(reasons, "; "))
}

// explainConsumer says where the consumer is with an input that no process was started
// for.
func (c Config) explainConsumer(ctx context.Context, r *Report, story []streams.StoredMessage) {
	if r.Progress == nil || r.Progress.WaitsFor != shipment.WaitConsumer {
		return
	}
	var input uint64
	for _, m := range story {
		if m.Type == events.TypeCreated {
			input = m.Sequence
		}
	}
	handle, err := c.JetStream.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
	if err != nil {
		what := "the durable consumer " + streams.ConsumerName
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			r.Findings = append(r.Findings, what+" does not exist: start the consumer host, or `shipments streams apply`")
			return
		}
		r.Missing = append(r.Missing, what+": "+err.Error())
		return
	}
	info := handle.CachedInfo()
	switch {
	case info.Delivered.Stream < input:
		text := fmt.Sprintf("the consumer has not got input %d yet: it is at %d, waiting inputs: %d", input, info.Delivered.Stream, info.NumPending)
		if info.NumWaiting == 0 {
			text += "; nobody pulls: is a consumer host running, and what does its /readyz say?"
		}
		r.Findings = append(r.Findings, text)
	case info.AckFloor.Stream < input:
		r.Findings = append(r.Findings, fmt.Sprintf("the consumer has got input %d, and may not have acked it (not acked: %d, delivered again: %d). "+
			"While Temporal does not answer, it keeps them", input, info.NumAckPending, info.NumRedelivered))
	default:
		r.Findings = append(r.Findings,
			fmt.Sprintf("the consumer has acked input %d, so its process was started: the process has not claimed the shipment yet. Does an orchestrator worker run?", input))
	}
}

// explainRequest says that a request has had no effect so far.
func (r *Report) explainRequest(story []streams.StoredMessage, eventType string) {
	var last streams.StoredMessage
	settled := map[uint64]bool{}
	for _, m := range story {
		if m.Type == eventType {
			last = m
		}
		if m.Type == events.TypeRejected {
			var data events.Rejection
			if ev, reasons := events.Decode(m.Header, m.Data); len(reasons) == 0 && json.Unmarshal(ev.Data(), &data) == nil {
				settled[data.Input.StreamSequence] = true
			}
		}
		if eventType == events.TypeRebookingRequested && (m.Type == events.TypeCollectionBooked || m.Type == events.TypeCollectionDeclined) {
			settled[last.Sequence] = true
		}
	}
	if !settled[last.Sequence] {
		r.Findings = append(r.Findings, fmt.Sprintf("%s of %s (input %d) has had no effect yet: a process takes a request at its gate, "+
			"while it waits for a timer, a carrier call or a child workflow", eventType, last.Time.UTC().Format(time.RFC3339), last.Sequence))
	}
}

// trace notes the trace of the process.
func (r *Report) trace(extensions map[string]any) {
	if parent, ok := extensions["traceparent"].(string); ok {
		if parts := strings.Split(parent, "-"); len(parts) == 4 {
			r.Look = append(r.Look, Place{"Trace", parts[1]})
		}
	}
}

// documents notes where the documents are.
func (r *Report) documents() {
	var d *shipment.Documents
	switch {
	case r.Outcome != nil:
		d = &r.Outcome.ShipmentDocuments
	case r.Progress != nil:
		d = r.Progress.ShipmentDocuments
	}
	if d == nil {
		return
	}
	r.Look = append(r.Look, Place{"All documents", d.CombinedDocumentURL}, Place{"Labels", d.LabelsURL}, Place{"Receipt", d.ReceiptURL})
	if d.InvoiceURL != nil {
		r.Look = append(r.Look, Place{"Invoice", *d.InvoiceURL})
	}
}
