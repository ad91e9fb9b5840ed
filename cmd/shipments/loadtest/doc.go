// Package loadtest measures a running system: it publishes shipments at a
// pace, follows what becomes of them, and in the end compares the streams with
// what was published.
//
//   - config.go: what is asked for
//   - run.go: the run from its beginning to its end
//   - ids.go: shipment ids that carry the run and a number
//   - publish.go: publishes at a pace
//   - follow.go: reads the streams
//   - tracker.go: the state of each shipment, and the latencies
//   - verify.go: lost and doubled outcomes
//   - report.go, text.go: the report, and its form for people
//   - progress.go: the line that is shown during the run
//
// It shares the machine with the system that it measures, so it is frugal: of a
// message it looks at the subject alone, which names event and shipment, and a
// shipment costs 24 bytes of memory.
package loadtest
