// Package pace repeats and waits: the two things about time that activities,
// the consumer and the commands have in common.
//
//   - pace.go: Every repeats a call at an interval, Sleep waits or is interrupted
package pace
