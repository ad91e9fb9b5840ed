// Package carriers calls the carriers' systems.
//
//   - carriers.go: [Client], with the requests and replies of its calls
//   - table.go: the carrier table, which an operator writes: [Table], [LoadTable]
//   - protocol.go: how carriers can be called; a new protocol is added here
//   - http.go: [HTTP], the client of the JSON API that openapi.yaml describes
//   - simulator.go: [Simulator], a carrier in the process, for demos and tests
//   - server.go: [Server], which serves that JSON API from a simulator, with chaos
//
// # What a client has to do
//
// A carrier that says no has declined. That is a business outcome: it is part of
// the reply, and the process reacts to it. An error is a technical fault, and
// the activity that made the call is retried.
//
// A retried call has the same idempotency key as the first one. It must have the
// effect of one call and get the same answer, however often it is made.
package carriers
