// Package events is the contract with publishers and subscribers: the
// CloudEvents that the service takes and publishes, their subjects, and the JSON
// Schemas of their data. It is pure. Package streams, beneath it, reads and
// writes the events in JetStream.
//
//   - events.go: event types, streams, subjects
//   - schema.go: the JSON Schemas, which are in the folder schemas
//   - reasons.go: the codes of the reasons for which an input is rejected
//   - decode.go: a message, in either content mode, becomes a CloudEvent
//   - attributes.go: the context attributes of an event
//   - created.go: a CloudEvent becomes a shipment to be processed
//   - plain.go: a short cut for shipments that are valid beyond doubt
//   - request.go: a CloudEvent becomes a request for a shipment
//   - outcome.go: outcome events
//   - rejection.go: rejections, the dead letters of inputs
//
// The events follow CloudEvents 1.0 (https://github.com/cloudevents/spec) and
// its NATS protocol binding. Everything is safe for concurrent use.
package events
