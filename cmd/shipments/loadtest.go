package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"shipments/cmd/shipments/loadtest"
	"shipments/shipment"
)

func newLoadtest() *cobra.Command {
	var (
		config     loadtest.Config
		categories []string
		file       string
	)
	cmd := &cobra.Command{
		Use:   "loadtest",
		Short: "Publish many shipments, follow them to their end, and report throughput, latencies, losses and doubles",
		Long: `Publish many sample shipments at a pace, follow them to their end, and report
throughput and latencies, and whether anything was lost or doubled: at the end
the streams are read again and compared with what was published. The hosts have
to run with SHIPMENTS_EMULATION on.

The default are international shipments with two legs, the most common kind and
not the cheapest one; several categories take turns.

Latencies run from just before a shipment is handed to JetStream to the arrival
of its events, by this process's clock. Those that contain the collection timer
are shown without it.

Ctrl-C stops publishing and reports on what was published so far. Exit code 0
means that every shipment was completed and every outcome is stored exactly once.`,
		Example: `  shipments loadtest
  shipments loadtest --workers 4 --shipments 500 --rate 40 --categories domestic,international
  shipments loadtest --json report.json`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config.Categories = loadtest.ParseCategories(categories)
			return runLoadtest(cmd, config, file)
		},
	}
	f := cmd.Flags()
	f.IntVar(&config.Workers, "workers", loadtest.DefaultWorkers, "workers that publish")
	f.IntVar(&config.Shipments, "shipments", loadtest.DefaultShipments, "shipments that each worker publishes")
	f.DurationVar(&config.Delay, "delay", loadtest.DefaultDelay, "time between two shipments of one worker; 0 publishes as fast as possible")
	f.Float64Var(&config.Rate, "rate", 0, "shipments per second over all workers, instead of --delay")
	f.StringSliceVar(&categories, "categories", []string{string(shipment.International)}, "categories that take turns: domestic, international, international-pt")
	f.DurationVar(&config.CollectionDelay, "collection-delay", 0, "the hosts' collection timer, to subtract from latencies (default SHIPMENTS_COLLECTION_DELAY)")
	f.DurationVar(&config.Timeout, "timeout", loadtest.DefaultTimeout, "give up when nothing has moved for so long")
	f.StringVar(&file, "json", "", "write the report to this file too, as JSON")
	return cmd
}

func runLoadtest(cmd *cobra.Command, config loadtest.Config, file string) error {
	if cmd.Flags().Changed("rate") && cmd.Flags().Changed("delay") {
		return errors.New("--delay and --rate exclude each other: use one of them")
	}
	if cmd.Flags().Changed("rate") && config.Rate <= 0 {
		return fmt.Errorf("--rate is %v: it has to be positive", config.Rate)
	}
	if err := config.Validate(); err != nil {
		return err
	}
	s, err := connect(cmd)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.allowSamples(cmd); err != nil {
		return err
	}
	asJSON := io.Discard
	if file != "" {
		// Before the run, so that a file that cannot be written ends the command early.
		f, err := os.Create(file) //nolint:gosec // the user names it
		if err != nil {
			return err
		}
		defer f.Close()
		asJSON = f
	}
	config.JS, config.Publisher = s.js, s.publisher
	if !cmd.Flags().Changed("collection-delay") {
		config.CollectionDelay = s.config.CollectionDelay
	}
	config.Progress, config.Terminal = cmd.ErrOrStderr(), isatty.IsTerminal(os.Stderr.Fd())
	report, err := loadtest.Run(cmd.Context(), config)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(asJSON)
	encoder.SetIndent("", "  ")
	if err := errors.Join(report.WriteText(cmd.OutOrStdout()), encoder.Encode(report)); err != nil {
		return err
	}
	if !report.OK {
		return exitCodeError(1)
	}
	return nil
}
