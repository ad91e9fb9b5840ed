// Package shipment is the domain: what a shipment is, which rules it has to
// follow, how it is classified and scheduled, and how its process can end.
//
//   - shipment.go: a shipment and its parts
//   - rules.go: the rules, and the reasons that a shipment breaks them
//   - category.go: domestic, international, or international with paperless trade
//   - schedule.go: when a collection is booked
//   - outcome.go: how a process ends
//
// Everything here is pure: no function reads a clock, an environment variable
// or a socket, and time zones are taken to be the same on every host. So the
// same code runs in the consumer, in the HTTP API and, deterministically, in
// workflows. All types are plain data made to be serialised as JSON, and safe for
// concurrent use as long as nobody writes.
package shipment
