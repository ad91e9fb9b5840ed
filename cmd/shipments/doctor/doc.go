// Package doctor tries what the hosts need, and says what to do about what is wrong. It
// changes nothing anywhere: it reads, and asks servers for what they say of themselves.
//
//   - doctor.go: [Examine], and [Check], the result of one check
//   - nats.go: NATS and JetStream: server, streams, consumer, disk, clock
//   - permissions.go: what the user of NATS may do, against what a role needs
//   - temporal.go: Temporal: namespace, search attributes, workers of each task queue, clock
//   - outside.go: carriers, the public URL, the admin listener
//   - text.go: the checks as text
package doctor
