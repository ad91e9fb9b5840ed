// Package payloads encrypts what Temporal stores: the inputs and results of
// workflows and activities, signals, memos, summaries, and the messages of
// failures. Search attributes are not encrypted, and neither are ids.
//
//   - codec.go: the codec
//   - converter.go: the converters that a Temporal client is made with
//   - server.go: decryption over HTTP, for the Temporal UI
package payloads
