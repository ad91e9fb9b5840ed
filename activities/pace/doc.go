// Package pace has [Every], which repeats a call at an interval, and [Sleep], which
// waits until a time has passed or a context is done.
//
//   - pace.go: Every repeats a call at an interval, Sleep waits or is interrupted
package pace
