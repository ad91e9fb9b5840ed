// Package permissions has the table of what each role may do in NATS, which is
// what its work needs and no more, and prints it for the configuration of a
// server.
//
//   - roles.go: the table
//   - format.go: the forms that it is printed in
//
// What the table is for, and what it does not defend against, is in
// docs/security.md.
package permissions
