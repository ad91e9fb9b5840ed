// Package consumer takes the events of the SHIPMENTS stream to Temporal: it starts
// one process for each shipment, or signals it, and signals a request to the
// process of its shipment.
//
//	SHIPMENTS ──pull──▶ handle ──decide──▶ verdict ──settle──▶ double ack │ reject + term │ nak
//	           │          │ as many at once as there are slots
//	           │          └─ while Temporal is unavailable: keep held messages in progress, retry
//	           └─ while Temporal is unavailable: one message per 10 s
//	              while enough shipments are in flight: one per second
//
// The files, along that way:
//
//   - consumer.go: the consumer, its configuration, its run
//   - session.go: one run: the loop that pulls, the handlers
//   - pull.go: the pull protocol
//   - delivery.go: a message, and the ways to answer it
//   - admission.go: limits the shipments in flight
//   - underway.go: counts those whose documents are not generated yet
//   - verdict.go: decides what becomes of a message
//   - start.go, start_options.go: starts a process, or signals it
//   - request.go: signals a request to a process that runs
//   - quarantine.go: messages that were delivered too often
//   - history.go: finds a message in the history of a process
//   - retry.go: repeats an attempt until there is a verdict
//   - outage.go: the time during which a server is unavailable
//   - observe.go: what became of the messages, and the consumer's state, for metrics
//   - trace.go: the spans of the messages
//   - last_error.go: why the consumer cannot do its work, for readiness
//   - errors.go: classifies errors
//   - settle.go: carries a verdict out
//
// A message is acked only after Temporal has accepted its event, or after its
// rejection is stored. The process may crash at any point in between: JetStream
// redelivers the message, and an event that has had its effect is recognised.
package consumer
