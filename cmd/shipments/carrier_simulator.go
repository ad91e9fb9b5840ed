package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"shipments/activities/carriers"
	"shipments/api"
)

func newCarrierSimulator() *cobra.Command {
	var (
		address   string
		emulation bool
		faults    carriers.Chaos
	)
	cmd := &cobra.Command{
		Use:   "carrier-simulator",
		Short: "Serve the carrier HTTP API from a simulator, with faults on demand",
		Long: `Serve the carrier HTTP API (GET /openapi.yaml describes it) from a simulator.
It remembers what each Idempotency-Key was answered, and GET /v1/effects counts
the effects of every key: each has to be 1, whatever the faults.

With CARRIER_SIMULATOR_TOKEN set, calls have to bear that token.`,
		Example: `  shipments carrier-simulator --latency 50ms --errors 0.1 --throttled 0.05 --dropped 0.05
  curl http://127.0.0.1:43220/v1/effects`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for name, p := range map[string]float64{"errors": faults.Errors, "throttled": faults.Throttled, "dropped": faults.Dropped} {
				if p < 0 || p > 1 {
					return fmt.Errorf("--%s is %v: a probability is from 0 to 1", name, p)
				}
			}
			var listen net.ListenConfig
			listener, err := listen.Listen(cmd.Context(), "tcp", address)
			if err != nil {
				return err
			}
			simulator := carriers.NewServer(carriers.Simulator{Emulation: emulation}, os.Getenv("CARRIER_SIMULATOR_TOKEN"), faults)
			fmt.Fprintf(cmd.OutOrStdout(), "Carrier simulator on http://%s (seed %d)\n", listener.Addr(), faults.Seed)
			return serveUntilDone(cmd.Context(), listener, simulator)
		},
	}
	f := cmd.Flags()
	f.StringVar(&address, "addr", "127.0.0.1:43220", "address to listen on")
	f.BoolVar(&emulation, "emulation", true, "decline what the shipment id asks to be declined")
	f.DurationVar(&faults.Latency, "latency", 0, "how long every call takes")
	f.Float64Var(&faults.Errors, "errors", 0, "probability of a 500 before the effect")
	f.Float64Var(&faults.Throttled, "throttled", 0, "probability of a 429")
	f.DurationVar(&faults.RetryAfter, "retry-after", time.Second, "what a 429 asks for, in whole seconds")
	f.Float64Var(&faults.Dropped, "dropped", 0, "probability of a dropped connection after the effect")
	f.Uint64Var(&faults.Seed, "seed", 1, "seed of the faults")
	return cmd
}

// serveUntilDone serves until ctx is done, and lets requests finish.
func serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := api.Server(handler)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
