// Package check compares the alerts and the dashboard of deploy/monitoring with the
// metrics that there are.
//
//   - doc.go: this map; the tests are all there is
//   - check_test.go: what the PromQL of alerts and dashboard names
//   - testdata/metrics.txt: the metrics of a dev stack after its end-to-end run. A test
//     of cmd/devstack/e2e fails when a scrape lacks one of them.
//
// It is a module of its own, so that production's go.mod never has a PromQL parser.
package check
