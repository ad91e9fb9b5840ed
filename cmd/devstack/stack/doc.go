// Package stack runs NATS, Temporal, the Temporal UI and the hosts in one
// process, for development, demonstrations and end-to-end tests.
//
//   - command.go: the command and its flags
//   - banner.go: what the command prints
//   - stack.go: options; start and stop, in order
//   - check.go: what is checked, and which ports are taken, before anything starts
//   - nats.go: the NATS server
//   - temporal.go: the Temporal server
//   - temporal_services.go: its services, with listeners of the stack's
//   - temporal_settings.go: its configuration
//   - sqlite.go: its stores
//   - ui.go: the Temporal UI
//   - hosts.go: the hosts
package stack
