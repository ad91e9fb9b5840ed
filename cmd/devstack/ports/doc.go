// Package ports finds TCP ports for servers that take a port number instead of
// a listener, and holds them until these servers listen, also across restarts.
// What can be given a listener, or be told port 0 and asked for its address
// afterwards, needs no such port.
//
//   - ports.go: finding, holding and releasing a port
//   - ephemeral.go: the range of ports to choose from
package ports
