// Command devstack runs the whole shipment process manager in one process, with
// nothing but Go installed: a NATS server with JetStream, the Temporal server on
// SQLite, the Temporal UI, and the hosts.
//
// It is a module of its own, so that the production module requires no server.
//
//   - main.go: signals and the exit code
package main
