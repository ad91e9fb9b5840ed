// Package traces makes the traces of what the hosts of a process do, and sends them
// to an OpenTelemetry collector (OTLP, http/protobuf).
//
// The packages that do the work know nothing of it but OpenTelemetry's API, which
// does nothing without it. A trace goes from the publisher through the consumer and
// Temporal, in whose headers it is handed on, to the activities, to the carriers and
// the outcome events. The same shipment has the same trace until it waits for an
// hour: what follows is in another one, with a link to the first.
//
// Spans are made by the consumer and by attempts of activities, never by workflow
// code. So a replay, an evicted workflow or a query makes none. Two rules keep
// traces whole however processes end:
//
//   - A span whose parent is another process's is exported only if the parent is: the
//     consumer has its span exported before it starts the process (confirm), and
//     spans below a span of the same process are exported with it (group).
//   - The spans of a local activity are exported once Temporal has accepted the
//     workflow task that it ran in (tasks): a task that is lost is done again.
//
// A process that is killed loses the spans that it has not exported yet, of the last
// second. That is the price of both rules.
//
//   - traces.go: the traces of a process
//   - consumer.go: the spans of messages
//   - activities.go: the spans of attempts of activities
//   - context.go: what is handed on; where another trace begins
//   - propagate.go: how Temporal hands it on
//   - sampling.go: which traces are sampled; the ids
//   - group.go, tasks.go: when spans are exported
//   - queue.go: exports them
//
// Everything is safe for concurrent use.
package traces
