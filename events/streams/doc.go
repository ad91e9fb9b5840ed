// Package streams reads and writes the events of package events in JetStream.
//
//   - config.go: the streams and the durable consumer, as they should be
//   - provision.go: finds differences, creates and updates
//   - publish.go: publishes inputs, and outcome events exactly once
//   - rejection.go: stores rejections exactly once
//   - rejection_index.go: which inputs have been rejected
//   - replay.go: publishes the input of a rejection again
//   - read.go: many messages of a stream
//   - input.go: inputs by their sequence
//   - status.go: the status of a shipment
//   - ledger.go: what process and consumer decide by
//
// Everything is safe for concurrent use.
package streams
