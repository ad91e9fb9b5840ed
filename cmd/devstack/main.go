// Command devstack runs the whole shipment process manager in one process, with
// nothing but Go installed: a NATS server with JetStream, the Temporal server
// on SQLite, the Temporal UI, and the seven hosts.
//
// It is a module of its own, so that the production module carries no server.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // Not every machine has time zones.

	"shipments/cmd/devstack/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := stack.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "devstack:", err)
		os.Exit(1)
	}
}
