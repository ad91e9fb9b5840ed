// Package carriers calls the carriers' systems.
//
//   - carriers.go: [Client], with the requests and replies of its calls
//   - table.go: the carrier table, which an operator writes: [Table], [LoadTable]
//   - protocol.go: how carriers can be called; a new protocol is added here
//   - http.go: [HTTP], the client of the JSON API that openapi.yaml describes; probe.go: tries it
//   - call.go: how one of its calls is made, repeated and reconciled
//   - attempts.go: what the earlier attempts of an activity leave behind
//   - exchange.go: one request and its answer; trace.go: its span
//   - tracking.go: tracking numbers and references; words.go: a carrier's own words
//   - token.go: the token of a carrier, which a file may have
//   - retry_after.go: the pause that a carrier asks for; errors.go: types of errors
//   - simulator.go: [Simulator], a carrier in the process, for demos and tests
//   - labels.go: labels that carriers give; simulator_labels.go: those of the simulator
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
