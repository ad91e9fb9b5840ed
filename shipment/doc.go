// Package shipment is the domain: what a shipment is, which rules it has to
// follow, how it is classified and scheduled, and how its process can end.
//
//   - shipment.go: a shipment and its parts
//   - digest.go: what identifies the content of a shipment
//   - normalise.go: the one form of all text
//   - rules.go: the rules, and the reasons for which a shipment is rejected
//   - formats.go: numbers and codes, such as HS codes and telephone numbers
//   - printable.go: text that no font prints
//   - category.go: domestic, international, or international with paperless trade
//   - schedule.go: when a collection is booked
//   - totals.go: what the invoice says: the values of goods as it adds them up, and its defaults
//   - outcome.go: how a process ends
//   - progress.go: how far a process is that has not ended
//
// Everything here is pure: no function reads a clock, an environment variable
// or a socket, and time zones are taken to be the same on every host. So the
// same code runs in the consumer, in the HTTP API and, deterministically, in
// workflows. All types are plain data made to be serialised as JSON, and safe for
// concurrent use as long as nobody writes.
package shipment
