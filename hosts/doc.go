// Package hosts has the table of the hosts, which are process roles that can be
// deployed on their own, and wires them. One process runs any number of hosts on
// one connection to NATS and one to Temporal.
//
//   - hosts.go: the table
//   - config.go, validate.go: the configuration, from the environment
//   - natsconn.go, natscontext.go: how the program logs in to NATS
//   - http_access.go: who may ask what of the HTTP API
//   - temporal_access.go: how the program logs in to Temporal
//   - payload_keys.go, codec.go: the encryption of what Temporal stores, and its
//     decryption for the Temporal UI
//   - values.go, risks.go: the values with their sources, and which are risky, for people
//   - principal.go: who uses the program
//   - environment.go, nearest.go: variables that are set and not used
//   - run.go: a process, from its start to its drain
//   - provision.go, provision_streams.go: what the servers have to provide before
//     the hosts work
//   - find_nats.go, find_temporal.go, tls.go: why a server cannot be used
//   - doctor.go: what `shipments doctor` asks of a configuration
//   - check.go: what is missing for these hosts: the carrier table, a carrier's token
//   - errors.go: errors that end the start
//   - consumer.go, worker.go, http.go: how each kind of host runs
//   - admin.go: the listeners, and what operators see
//   - readiness.go: whether the hosts can do their work
//   - measure.go: the metrics of the process
//   - tracing.go: the traces of the process
//   - tokens.go: carriers that refuse their token
//   - polls.go: how Temporal answers the polls of the workers
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
