// Package events is the contract with publishers and subscribers: the
// CloudEvents that the service takes and publishes, their subjects, and the JSON
// Schemas of their data. It is pure. Package streams, beneath it, reads and
// writes the events in JetStream.
//
// What all events share:
//
//   - table.go: the table of event types, and what follows from it
//   - events.go: event types, streams, limits
//   - subject.go: the subjects of events
//   - schema.go: the JSON Schemas, which are in the folder schemas
//   - violation.go: what violates a schema, in sentences
//   - reasons.go: the codes of the reasons for which an input is rejected
//
// Decoding what others published:
//
//   - decode.go: a message, in either content mode, becomes a CloudEvent
//   - headers.go: the headers that make an event in binary mode
//   - mediatype.go: which content types are JSON in UTF-8
//   - attributes.go: the context attributes of an event
//   - json.go: what JSON a message may have
//   - created.go: a CloudEvent becomes a shipment to be processed
//   - normalise.go: the text of data gets its one form
//   - shortcut.go: shipments that are valid beyond doubt skip the schema
//   - trace.go: the W3C Trace Context of an event or a message
//   - request.go: a CloudEvent becomes a request for a shipment
//
// Making what the service publishes:
//
//   - outcome.go: outcome events
//   - rejection.go: rejections, the dead letters of inputs
//
// The events follow CloudEvents 1.0 (https://github.com/cloudevents/spec) and
// its NATS protocol binding. Everything is safe for concurrent use.
package events
