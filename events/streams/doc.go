// Package streams reads and writes the events of package events in JetStream.
//
// What there is:
//
//   - config.go: the streams and the durable consumer, as they should be
//   - provision.go: finds differences, creates and updates
//   - settings.go: the settings that are compared, and how a difference is resolved
//   - monitor.go: the metadata with the limits for `nats server check`
//
// Writing:
//
//   - publish.go: inputs, and outcome events exactly once
//   - occurrence.go: events that a story may have several times, each exactly once
//   - known.go: publishes a shipment unless it is known with other content
//   - reject.go: rejections exactly once
//   - rejection_index.go: which inputs have been rejected
//   - replay.go: publishes the input of a rejection again
//
// Reading:
//
//   - read.go: many messages of a stream: Walk, Last
//   - follow.go: what a stream holds, and then what is stored as it comes
//   - batch.go: the next messages of what is followed, with one request
//   - leader.go: one message, from the leader of its stream
//   - direct.go: one message, from any replica
//   - input.go, rejection.go: inputs and rejections by their sequence
//   - rejection_state.go: whether something is left to do about a rejection
//   - newest.go: the newest rejections
//   - status.go: how a shipment stands
//   - progress.go: how far a pending one is, and what it waits for
//   - ledger.go: ledger entries, and whether an outcome event is stored, from the
//     stream's leader
//   - story.go: all that is stored of a shipment
//
// Everything is safe for concurrent use.
package streams
