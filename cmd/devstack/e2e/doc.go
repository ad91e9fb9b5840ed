// Package e2e has the tests of the whole system: real NATS, real Temporal, real
// hosts.
//
//   - harness_test.go: a running system, seen from outside
//   - examples_test.go: nine shipments with every category and ending
//   - consumer_test.go: repeats, conflicts and invalid events
//   - requests_test.go: cancellations and rebookings
//   - carriers_test.go: carriers over HTTP
//   - restart_test.go: the dev stack is stopped, killed and started again
//   - processes_test.go: each host in a process of its own
//   - guarded_setup_test.go, guarded_test.go: users, certificates, tokens and keys
//   - retention_test.go: events that come again when Temporal has forgotten them
//   - traces_test.go: traces of shipments, through kills; what they cost
//   - record_test.go: recording histories for the replay tests
//   - metrics_test.go: the metrics after a run
//   - cost_test.go: what a shipment costs
//   - overload_test.go: a burst of shipments
//   - throughput_test.go: the pipeline and the consumer compared with Temporal alone
//   - settings_bench_test.go: settings of the embedded Temporal server
package e2e
