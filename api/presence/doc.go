// Package presence lets the processes that run hosts say over NATS that they are
// there, in which version, and whether they can do their work. The pages show it.
//
//   - presence.go: what a process says, and how it says it
//   - follow.go: what is known of the others
//
// Nothing is stored, and nothing depends on it: a message that is lost is followed
// by another one.
package presence
