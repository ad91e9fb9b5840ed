// Package harness runs programs as processes of their own, for tests that
// kill, pause and restart them.
//
//   - harness.go: test binaries that behave as other programs; building the production binary
//   - process.go: a running program
//   - banner.go: the addresses that a dev stack prints
//   - tail.go: the last lines that a program printed
//   - fixtures.go: ports and carrier tables for tests
//   - certificates.go: certificates for tests
package harness
