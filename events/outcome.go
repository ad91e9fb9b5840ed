package events

import (
	"fmt"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"

	"shipments/shipment"
)

// Lineage is what all outcome events of one process have in common: the
// shipment, the run of the process, and its trigger.
type Lineage struct {
	ShipmentID string `json:"shipmentId"`
	// RunID is the Temporal run that owns the shipment. It is part of every
	// event's id: the events of two runs differ.
	RunID         string `json:"runId"`
	CausationID   string `json:"causationId"`
	CorrelationID string `json:"correlationId"`
	TraceParent   string `json:"traceParent,omitempty"`
	TraceState    string `json:"traceState,omitempty"`
	// Category is the shipment's. The events do not have it; metrics do. It is empty
	// for a process that is older than this field.
	Category shipment.Category `json:"category,omitempty"`
}

// NewLineage continues the lineage of a trigger.
func NewLineage(trigger ShipmentCreated, runID string) Lineage {
	correlation := trigger.CorrelationID
	if correlation == "" {
		correlation = trigger.ID
	}
	return Lineage{
		ShipmentID:    trigger.Data.ShipmentID,
		RunID:         runID,
		CausationID:   trigger.ID,
		CorrelationID: correlation,
		TraceParent:   trigger.TraceParent,
		TraceState:    trigger.TraceState,
	}
}

// Outcome is an outcome event to be published.
type Outcome struct {
	Lineage Lineage `json:"lineage"`
	Type    string  `json:"type"`
	// Occurrence numbers the events of a type that repeats, from 1. It is 0 for the
	// other types.
	Occurrence int `json:"occurrence,omitempty"`
	// Sequence numbers the shipment's events from 1.
	Sequence int `json:"sequence"`
	// Time is the process's time, not the publisher's: it stays the same in a retry.
	Time time.Time `json:"time"`
	Data any       `json:"data"`
}

// namespace makes the name-based UUIDs (RFC 9562, version 5) of our events.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte(Source))

// NameID is the name-based UUID (RFC 9562, version 5) of a name in the namespace
// of [Source]. The same name always has the same id.
func NameID(name string) string { return uuid.NewSHA1(namespace, []byte(name)).String() }

// EventID is the deterministic id of the run's event of one type: each attempt to
// publish it publishes the same event. Occurrence is that of [Outcome].
func (l Lineage) EventID(eventType string, occurrence int) string {
	name := eventType + "\n" + l.ShipmentID + "\n" + l.RunID
	if occurrence > 0 {
		name += "\n" + strconv.Itoa(occurrence)
	}
	return NameID(name)
}

// CloudEvent makes the event. Its dataschema is served at publicURL.
func (o Outcome) CloudEvent(publicURL string) (event.Event, error) {
	ev := event.New(event.CloudEventsVersionV1)
	if row, _ := Lookup(o.Type); row.Repeats != (o.Occurrence > 0) {
		return ev, fmt.Errorf("%s: occurrence %d", o.Type, o.Occurrence)
	}
	ev.SetID(o.Lineage.EventID(o.Type, o.Occurrence))
	ev.SetType(o.Type)
	ev.SetSource(Source)
	ev.SetSubject(o.Lineage.ShipmentID)
	ev.SetTime(o.Time.UTC())
	ev.SetDataSchema(SchemaURL(publicURL, o.Type))
	ev.SetExtension("correlationid", o.Lineage.CorrelationID)
	ev.SetExtension("causationid", o.Lineage.CausationID)
	ev.SetExtension("sequence", fmt.Sprintf("%08d", o.Sequence))
	if o.Lineage.TraceParent != "" {
		ev.SetExtension("traceparent", o.Lineage.TraceParent)
	}
	if o.Lineage.TraceState != "" {
		ev.SetExtension("tracestate", o.Lineage.TraceState)
	}
	if err := ev.SetData(event.ApplicationJSON, o.Data); err != nil {
		return ev, fmt.Errorf("%s: set data: %w", o.Type, err)
	}
	if err := ev.Validate(); err != nil {
		return ev, fmt.Errorf("%s: %w", o.Type, err)
	}
	return ev, nil
}

// Accepted is the data of shipments.accepted, the ledger entry of a shipment.
type Accepted struct {
	ShipmentID    string            `json:"shipmentId"`
	Category      shipment.Category `json:"category"`
	WorkflowID    string            `json:"workflowId"`
	RunID         string            `json:"runId"`
	Trigger       EventRef          `json:"trigger"`
	ContentDigest string            `json:"contentDigest"`
}

// Manifested is the data of shipments.manifested.
type Manifested struct {
	ShipmentID     string                   `json:"shipmentId"`
	ManifestedLegs []shipment.ManifestedLeg `json:"manifestedLegs"`
}

// DocumentsGenerated is the data of shipments.documents-generated.
type DocumentsGenerated struct {
	ShipmentID        string             `json:"shipmentId"`
	ShipmentDocuments shipment.Documents `json:"shipmentDocuments"`
}

// CollectionDeclined is the data of shipments.collection-declined.
type CollectionDeclined struct {
	ShipmentID string `json:"shipmentId"`
	// CollectionDate is the day that could not be booked.
	CollectionDate string           `json:"collectionDate"`
	Faults         []shipment.Fault `json:"faults"`
	// RebookableUntil is until when a rebooking can be requested; nil if none can.
	RebookableUntil *time.Time `json:"rebookableUntil,omitempty"`
	// Request is the request for the rebooking; nil for the first booking.
	Request *EventRef `json:"request,omitempty"`
}

// CollectionBooked is the data of shipments.collection-booked.
type CollectionBooked struct {
	ShipmentID        string                     `json:"shipmentId"`
	CollectionDate    string                     `json:"collectionDate"`
	CollectionBooking shipment.CollectionBooking `json:"collectionBooking"`
	// Request is the request for the rebooking; nil for the first booking.
	Request *EventRef `json:"request,omitempty"`
}

// ManifestationVoided is the data of shipments.manifestation-voided.
type ManifestationVoided struct {
	ShipmentID string               `json:"shipmentId"`
	VoidedLegs []shipment.VoidedLeg `json:"voidedLegs"`
}

// Completed is the data of shipments.completed.
type Completed = shipment.Result

// Cancelled is the data of shipments.cancelled.
type Cancelled struct {
	ShipmentID   string                 `json:"shipmentId"`
	Status       shipment.Status        `json:"status"`
	Cancellation *shipment.Cancellation `json:"cancellation"`
	// Request is the request for the cancellation; nil if an operator cancelled.
	Request *EventRef `json:"request,omitempty"`
}

// Failed is the data of shipments.failed.
type Failed struct {
	ShipmentID string            `json:"shipmentId"`
	Status     shipment.Status   `json:"status"`
	Stage      shipment.Stage    `json:"stage"`
	Failure    *shipment.Failure `json:"failure"`
}
