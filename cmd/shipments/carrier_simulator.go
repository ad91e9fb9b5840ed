package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"shipments/activities/carriers"
	"shipments/api"
)

// simulatorDrain is how long stopping waits for requests in progress.
const simulatorDrain = 5 * time.Second

func newCarrierSimulator() *cobra.Command {
	var (
		address   string
		simulator carriers.Simulator
		labels    string
		chaos     carriers.Chaos
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
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for name, p := range map[string]float64{"errors": chaos.Errors, "throttled": chaos.Throttled, "dropped": chaos.Dropped} {
				if p < 0 || p > 1 {
					return fmt.Errorf("--%s cannot be %v: use a probability from 0 to 1", name, p)
				}
			}
			types := map[string]string{"": "", "pdf": carriers.LabelPDF, "png": carriers.LabelPNG, "zpl": carriers.LabelZPL}
			contentType, known := types[labels]
			if !known {
				return fmt.Errorf("--labels cannot be %q: use pdf, png or zpl", labels)
			}
			simulator.Labels = contentType
			var listen net.ListenConfig
			listener, err := listen.Listen(cmd.Context(), "tcp", address)
			if err != nil {
				return err
			}
			server := carriers.NewServer(simulator, os.Getenv("CARRIER_SIMULATOR_TOKEN"), chaos)
			fmt.Fprintf(cmd.OutOrStdout(), "Carrier simulator on http://%s (seed %d)\n", listener.Addr(), chaos.Seed)
			return api.Serve(cmd.Context(), listener, server, simulatorDrain, zerolog.New(cmd.ErrOrStderr()).Level(zerolog.WarnLevel))
		},
	}
	f := cmd.Flags()
	f.StringVar(&address, "addr", "127.0.0.1:43220", "address to listen on")
	f.BoolVar(&simulator.Emulation, "emulation", true, "decline what the shipment id asks to decline")
	f.BoolVar(&simulator.SharedNumber, "shared-number", false, "give all packages of a leg one tracking number")
	f.StringVar(&labels, "labels", "", "give labels of its own: pdf, png or zpl")
	f.BoolVar(&chaos.LabelURLs, "label-urls", false, "answer where the labels can be read, instead of the labels")
	f.DurationVar(&chaos.Latency, "latency", 0, "how long every call takes")
	f.Float64Var(&chaos.Errors, "errors", 0, "probability of a 500 before the effect")
	f.Float64Var(&chaos.Throttled, "throttled", 0, "probability of a 429")
	f.DurationVar(&chaos.RetryAfter, "retry-after", time.Second, "what a 429 asks for, in whole seconds")
	f.Float64Var(&chaos.Dropped, "dropped", 0, "probability of a dropped connection after the effect")
	f.Uint64Var(&chaos.Seed, "seed", 1, "seed of the faults; the same seed gives the same faults")
	return cmd
}
