// Command shipments is the shipment process manager: it runs the hosts, and
// publishes, follows and inspects shipments.
//
//   - main.go: signals, exit codes
//   - root.go: the commands; arguments.go: what is wrong with a command line
//   - connect.go: the connection to NATS; patience.go: questions that are repeated
//   - run.go: runs hosts; healthcheck.go: asks whether they are ready
//   - publish.go, status.go, watch.go: one shipment
//   - rejected.go, rejected_show.go, rejected_replay.go: rejected events
//   - streams.go: streams and the durable consumer
//   - loadtest.go: many shipments
//   - carrier_simulator.go: a carrier to try things with
//   - version.go: the program's version
package main
