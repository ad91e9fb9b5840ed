// Package consumer feeds the shipment processes: it takes the events of the
// SHIPMENTS stream and starts, or signals, one Temporal process for each
// shipment. A request is signalled to the process of its shipment.
//
//	SHIPMENTS ──pull──▶ handle ──judge──▶ verdict ──settle──▶ ack │ reject + term │ hand back
//	           │          │ as many at once as there are slots
//	           │          └─ while Temporal is away: stop pulling, keep what is held alive, try again
//	           └─ while enough shipments are in flight: stop pulling
//
// The files, along that way:
//
//   - consumer.go: the consumer, its options and its run
//   - delivery.go: the pull protocol
//   - admission.go: bounds the shipments in flight
//   - verdict.go: judges a message
//   - start.go, start_options.go: starts a process, or signals it
//   - request.go: signals a request to a process that runs
//   - history.go: what the history of a process says of an event
//   - persist.go: settles a message after its verdict
//   - quarantine.go: messages that fail again and again
//   - errors.go: classes of Temporal's errors
//
// A message is acknowledged only after Temporal has accepted its event, or
// after its rejection is stored. The process may crash at any point in between:
// the message is delivered again, and an event that had its effect is recognised.
package consumer
