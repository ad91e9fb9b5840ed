// Command shipments is the shipment process manager: it runs the hosts, and
// publishes, follows and inspects shipments.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // Minimal images have no time zones of their own.

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	var code exitCodeError
	switch {
	case err == nil:
	case errors.As(err, &code):
		os.Exit(int(code))
	default:
		fmt.Fprintln(os.Stderr, "shipments:", err)
		os.Exit(1)
	}
}

// exitCodeError ends the command with a code; what there was to say has been said.
type exitCodeError int

func (c exitCodeError) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "shipments",
		Short: "Shipment process manager: NATS JetStream events in, durable Temporal processes, events out",
		Long: `Shipment process manager: NATS JetStream events in, durable Temporal processes, events out.

The configuration is the environment; "shipments run --help" lists the variables.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newRun(), newPublish(), newStatus(), newWatch(), newRejected(), newStreams(), newLoadtest(), newHealthcheck(), newCarrierSimulator())
	return root
}
