// Command shipments is the shipment process manager: it runs the hosts, and
// publishes, follows and inspects shipments.
//
//   - main.go: signals, exit codes
//   - root.go: the commands; arguments.go: what is wrong with a command line
//   - connect.go: the connection to NATS; patience.go: requests to JetStream that are
//     retried while a cluster elects a leader
//   - run.go: runs hosts; healthcheck.go: asks whether they are ready
//   - publish.go, status.go, watch.go: one shipment; why.go: what it waits for, and what happened
//   - merge.go: streams in the order of time
//   - doctor.go: what the hosts need; config.go: the configuration
//   - ls.go: the recent shipments; requests.go: cancellations and rebookings
//   - rejected.go, rejected_show.go, rejected_replay.go: rejected events
//   - streams.go: streams and the durable consumer; nats.go: permissions in NATS
//   - codec.go: the encryption of what Temporal stores
//   - token.go: bearer tokens of the HTTP API
//   - loadtest.go: many shipments
//   - carrier.go: checks a carrier's service; carrier_simulator.go: a carrier to try things with
//   - version.go: the program's version
package main
