package events

import (
	"slices"

	"shipments/shipment"
)

// Kind is the direction of an event.
type Kind string

// The kinds.
const (
	// KindInput: others publish it, the service takes it.
	KindInput Kind = "input"
	// KindOutcome: a process publishes it.
	KindOutcome Kind = "outcome"
	// KindRejection: an input had no effect.
	KindRejection Kind = "rejection"
)

// EventType is a row of the table of event types.
type EventType struct {
	// Name is the CloudEvents type, and the subject without the shipment id.
	Name string
	Kind Kind
	// Request: the input asks something of a process that runs.
	Request bool
	Stream  string
	// Says is what the event means, in one line.
	Says string
	// Data is the zero value of the Go type of the event's data.
	Data any
	// Repeats: a story may have the event several times. [Outcome.Occurrence] tells
	// them apart.
	Repeats bool
	// Ends: nothing follows in the shipment's story.
	Ends bool
	// Position is the event's place in the story of a shipment for which all goes
	// well, from 1; 0 if it is not part of that.
	Position int
}

// table has the event types: inputs, outcomes in the order in which a story may
// have them, and the rejection. A new event is a constant in events.go, a row
// here, and a schema.
var table = []EventType{
	{
		Name: TypeCreated, Kind: KindInput, Stream: StreamShipments, Data: shipment.Shipment{},
		Says: "a shipment is to be processed",
	},
	{
		Name: TypeCancellationRequested, Kind: KindInput, Request: true, Stream: StreamShipments, Data: CancellationRequested{},
		Says: "a running shipment is to be cancelled",
	},
	{
		Name: TypeRebookingRequested, Kind: KindInput, Request: true, Stream: StreamShipments, Data: RebookingRequested{},
		Says: "a collection whose booking failed is to be booked for another day",
	},
	{
		Name: TypeAccepted, Kind: KindOutcome, Stream: StreamEvents, Data: Accepted{}, Position: 1,
		Says: "a process has accepted the shipment; the permanent ledger",
	},
	{
		Name: TypeManifested, Kind: KindOutcome, Stream: StreamEvents, Data: Manifested{}, Position: 2,
		Says: "every leg was accepted by its carrier",
	},
	{
		Name: TypeDocumentsGenerated, Kind: KindOutcome, Stream: StreamEvents, Data: DocumentsGenerated{}, Position: 3,
		Says: "the documents can be fetched",
	},
	{
		Name: TypeCollectionDeclined, Kind: KindOutcome, Stream: StreamEvents, Data: CollectionDeclined{}, Repeats: true,
		Says: "a booking of the collection has failed; one for each attempt",
	},
	{
		Name: TypeCollectionBooked, Kind: KindOutcome, Stream: StreamEvents, Data: CollectionBooked{}, Position: 4,
		Says: "the carrier will collect",
	},
	{
		Name: TypeManifestationVoided, Kind: KindOutcome, Stream: StreamEvents, Data: ManifestationVoided{},
		Says: "legs that had been manifested were voided",
	},
	{
		Name: TypeCompleted, Kind: KindOutcome, Stream: StreamEvents, Data: Completed{}, Ends: true, Position: 5,
		Says: "the end: success",
	},
	{
		Name: TypeFailed, Kind: KindOutcome, Stream: StreamEvents, Data: Failed{}, Ends: true,
		Says: "the end: a carrier declined, or a rule was broken",
	},
	{
		Name: TypeCancelled, Kind: KindOutcome, Stream: StreamEvents, Data: Cancelled{}, Ends: true,
		Says: "the end: the process was cancelled",
	},
	{
		Name: TypeRejected, Kind: KindRejection, Stream: StreamRejections, Data: Rejection{}, Ends: true,
		Says: "an input had no effect",
	},
}

// Table returns the table of event types: inputs first, then outcomes in the
// order in which a story may have them, then the rejection.
func Table() []EventType { return slices.Clone(table) }

// Lookup finds the row of an event type.
func Lookup(name string) (EventType, bool) {
	i := slices.IndexFunc(table, func(t EventType) bool { return t.Name == name })
	if i < 0 {
		return EventType{}, false
	}
	return table[i], true
}

// names are the names of the event types that match, in the table's order.
func names(matches func(EventType) bool) []string {
	var found []string
	for i := range table {
		if matches(table[i]) {
			found = append(found, table[i].Name)
		}
	}
	return found
}

// Types are all event types.
func Types() []string { return names(func(EventType) bool { return true }) }

// InputTypes are the types of the events that the service takes.
func InputTypes() []string { return names(func(t EventType) bool { return t.Kind == KindInput }) }

// OutcomeTypes are the types of the events that a process publishes, in the
// order in which a story may have them.
func OutcomeTypes() []string { return names(func(t EventType) bool { return t.Kind == KindOutcome }) }

// Story are the types of the events of a shipment for which all goes well, in
// their order.
func Story() []string { return names(func(t EventType) bool { return t.Position > 0 }) }

// Endings are the types of the outcome events after which nothing follows.
func Endings() []string {
	return names(func(t EventType) bool { return t.Kind == KindOutcome && t.Ends })
}

// IsRequest reports whether an event type is that of a [Request].
func IsRequest(eventType string) bool {
	t, known := Lookup(eventType)
	return known && t.Request
}

// StreamSubjects are the subjects that a stream has. The last token of a subject
// is the shipment id. Publishers of inputs may leave it out; with any other tokens
// an input is taken too, and rejected, because a message that no stream takes is
// lost without a word.
func StreamSubjects(stream string) []string {
	var subjects []string
	for i := range table {
		switch {
		case table[i].Stream != stream:
		case table[i].Kind == KindInput:
			subjects = append(subjects, table[i].Name, table[i].Name+".>")
		default:
			subjects = append(subjects, table[i].Name+".*")
		}
	}
	return subjects
}
