// Package faults has the tests that inject faults into the whole system:
// nats-server, the Temporal server and the hosts run as processes of their own.
// The tests kill, pause and restart them, and proxies in between lose replies, cut
// and stall connections. Every test names its row of the fault table, and ends with
// the same oracle.
//
//   - main_test.go: roles of the test binary; the table that is printed at the end
//   - site_test.go: the servers of a test
//   - hosts_test.go: the hosts of a test
//   - waiting_test.go: starting processes, waiting, logs
//   - proxy_test.go: the proxy
//   - load_test.go: what is published
//   - oracle_test.go: what has to hold in the end
//   - rows_consumer_test.go: rows about the consumer and the hosts
//   - rows_nats_test.go: rows about NATS
//   - rows_temporal_test.go: rows about Temporal, carriers and documents
//   - rows_secrets_test.go: rows about certificates and keys
//   - cluster_test.go: three NATS servers
//   - alerts_test.go: faults and the alerts that fire; prometheus_test.go: a Prometheus that evaluates them
//   - chaos_test.go: random faults for a long time
//   - parked_test.go: many shipments that wait for the same moment
package faults
