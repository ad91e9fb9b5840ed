// Package contract has the documents from which programs can be written and
// generated: openapi.yaml of the HTTP API, and asyncapi.yaml of the events in NATS.
// The API serves them, and a page made of them.
//
// The documents are made by the command in the folder generate, from the parts
// that are written by hand there and from the tables of the code: the event types
// and their schemas, the codes of reasons, the scopes of routes. Package
// contracttest, beneath this one, holds what is sent and stored against them.
//
//   - contract.go: the documents as JSON
//   - page.go, view.go: the page, and what it shows of the documents; its template and its
//     style are in the folder page
//   - json.go: YAML becomes JSON
package contract
