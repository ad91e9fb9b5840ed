// Package why finds out where a shipment stands and what it waits for, for an
// operator who is asked why it is stuck.
//
//   - why.go: [Ask], which joins what JetStream and Temporal have
//   - report.go: [Report], what is found out
//   - story.go: what JetStream has: inputs, outcome events, rejections, the consumer
//   - executions.go: what Temporal has: the executions of a process, and what they wait for
//   - history.go: the history of one execution: timers, failures, signals
//   - calls.go: the carrier calls in a history
//   - text.go: the report as text
//
// What JetStream has is shown without Temporal too; the report then says what is
// missing. Nothing is changed anywhere.
package why
