// Package activities is what of the process touches the world: the carriers,
// the documents, and the streams that outcome events and rejections go to.
//
// Activities are methods of structs that hold their dependencies. Workflows
// name them through nil pointers of these types, never by string. All are
// idempotent and safe for concurrent use. A carrier that declined is part of the
// result; an error is a technical fault, which Temporal retries.
package activities
