package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

func newRejectedShow() *cobra.Command {
	var raw bool
	cmd := &cobra.Command{
		Use:   "show SEQUENCE",
		Short: "Show a rejected event: its reasons, and the input as it was",
		Example: `  shipments rejected show 12
  shipments rejected show 12 --raw > input.json`,
		Args: takes(1, 1, "the sequence of a rejection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sequences, err := parseSequences(args)
			if err != nil {
				return err
			}
			s, err := connect(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			rejected, err := readRejection(cmd.Context(), s.js, sequences[0])
			if err != nil {
				return err
			}
			if raw {
				_, err := cmd.OutOrStdout().Write(rejected.Input.Data)
				return err
			}
			var standings []streams.RejectionStanding
			err = ask(cmd.Context(), s.js, func(ctx context.Context) (err error) {
				standings, err = streams.Standings(ctx, s.js, []streams.StoredRejection{rejected})
				return err
			})
			if err != nil {
				return err
			}
			return printRejection(cmd.OutOrStdout(), rejected, standings[0])
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "write the input's bytes alone, unchanged")
	return cmd
}

func parseSequences(args []string) ([]uint64, error) {
	sequences := make([]uint64, 0, len(args))
	for _, arg := range args {
		sequence, err := strconv.ParseUint(arg, 10, 64)
		if err != nil || sequence == 0 {
			return nil, fmt.Errorf("%q is not a sequence: use one that `shipments rejected ls` shows", arg)
		}
		sequences = append(sequences, sequence)
	}
	return sequences, nil
}

// readRejection reads one rejection. Its errors name it.
func readRejection(ctx context.Context, js jetstream.JetStream, sequence uint64) (streams.StoredRejection, error) {
	var r streams.StoredRejection
	err := ask(ctx, js, func(ctx context.Context) (err error) {
		r, err = streams.ReadRejection(ctx, js, sequence)
		return err
	})
	if errors.Is(err, streams.ErrNoRejection) {
		return r, fmt.Errorf("there is no rejection %d: use a sequence that `shipments rejected ls` shows", sequence)
	}
	return r, err
}

func printRejection(out io.Writer, r streams.StoredRejection, standing streams.RejectionStanding) error {
	fmt.Fprintf(out, "Rejection  %d, stored %s\n", r.Sequence, r.Time.Local().Format(time.RFC3339))
	if r.ShipmentID != "" {
		fmt.Fprintf(out, "Shipment   %s\n", r.ShipmentID)
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(out, "Reason     %s\n", reasonText(reason))
	}
	fmt.Fprintf(out, "State      %s\n", standing)
	in := r.Input
	fmt.Fprintf(out, "Input      %s sequence %d on %s, stored %s, delivered %d times\n",
		readable(in.Stream), in.StreamSequence, readable(in.Subject), in.StoredAt.Local().Format(time.RFC3339), in.Deliveries)
	header, err := events.UnescapeHeaders(in.Headers)
	if err != nil {
		return fmt.Errorf("decode the input's headers: %w", err)
	}
	printMessage(out, header, in.Data)
	return nil
}

// printMessage prints headers, sorted, and data. Control characters are escaped,
// so that no input changes the terminal.
func printMessage(out io.Writer, header map[string][]string, data []byte) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(out, "Header     %s: %s\n", readable(name), readable(value))
		}
	}
	fmt.Fprintf(out, "Data       %d bytes: %.2000q\n", len(data), data)
}

// reasonText is a reason for a terminal. Its path has names from the input.
func reasonText(r shipment.Reason) string {
	if r.Path != "" {
		r.Path = readable(r.Path)
	}
	return r.String()
}

// readable quotes a text, unless a terminal shows it exactly as it is.
func readable(s string) string {
	if q := strconv.Quote(s); s == "" || s != strings.TrimSpace(s) || q != `"`+s+`"` {
		return q
	}
	return s
}
