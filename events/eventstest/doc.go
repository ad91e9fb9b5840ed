// Package eventstest runs a real NATS server with JetStream for tests.
//
//   - eventstest.go: starts the server, and reads what its streams hold
package eventstest
