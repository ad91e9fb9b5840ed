// Package ports finds TCP ports for servers that take a port number instead of a
// listener, and holds them until these servers listen, also across restarts. A server
// that takes a listener, or takes port 0 and reports its address, does not need this
// package.
//
//   - ports.go: finding, holding and releasing a port
//   - ephemeral.go: the range of ports to choose from
package ports
