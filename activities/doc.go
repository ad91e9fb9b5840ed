// Package activities has the activities of the process: what it does to the
// world outside of Temporal.
//
//   - publishing.go: stores outcome events and rejections in JetStream
//   - documents.go: renders and stores the documents
//   - carriers.go: calls the carriers
//   - deadline.go: until when a carrier is called, and what is waited for then
//   - tokens.go: watches whether carriers accept their tokens
//   - labels.go: stores the labels that carriers give
//
// Activities are methods of structs that hold their dependencies. Workflows name
// them through nil pointers of these types, never by string. All of them are
// idempotent and safe for concurrent use. A business failure, such as a carrier
// that has declined, is part of the result. An error is a technical fault, which
// is worth a retry unless it says otherwise.
package activities
