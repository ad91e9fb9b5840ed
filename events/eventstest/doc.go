// Package eventstest runs a real NATS server with JetStream for tests.
//
//   - server.go: starts and stops the server; ca.go: certificates for it
//   - read.go: what the streams hold
//   - forms.go: events in the forms that publishers use, right and wrong
//   - gate.go: shipments as publishers write them, and what becomes of them
//   - quantiles.go: the median and the 99th percentile of a benchmark's calls
//   - ports: TCP ports for servers that take a number
package eventstest
