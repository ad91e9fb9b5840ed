// Package hosts has the table of the hosts, which are process roles that can be
// deployed on their own, and wires them. One process runs any number of hosts on
// one connection to NATS and one to Temporal.
//
//   - hosts.go: the table
//   - config.go, validate.go: the configuration, from the environment
//   - environment.go, nearest.go: variables that are set and not used
//   - run.go: a process, from its start to its drain
//   - provision.go: what the servers have to provide before the hosts work
//   - find_nats.go, find_temporal.go, tls.go: why a server cannot be used
//   - check.go: what ends the hosts although their configuration is valid
//   - errors.go: errors that end the start
//   - consumer.go, worker.go, http.go: how each kind of host runs
//   - nats.go, temporal.go: the clients
//   - outage.go: log lines about a server that goes away
//   - log.go: the logger
//   - emulation.go: whether the running service emulates, for the commands
//   - backlog.go: the tasks that wait for the orchestrator
//   - tuning.go: options of the workers
//   - search_attributes.go: search attributes of the namespace
//   - version.go: the version of the program
//   - failpoints.go, failpoints_off.go: crashes on demand, for tests
package hosts
