// Package contracttest holds what tests send, receive and store against the documents
// of package contract: requests and replies against openapi.yaml, messages
// against asyncapi.yaml. Whatever the documents do not have fails the test, and
// so does what they have and no test has seen.
//
//   - document.go: schemas within a document
//   - undocumented.go: members that a schema does not have
//   - watch.go: a handler between a test and the API
//   - check.go, request.go: one request with its reply
//   - message.go, stored.go: messages, all that streams hold
//   - seen.go: what the tests of a package have seen of openapi.yaml
package contracttest
