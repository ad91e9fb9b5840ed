package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

func newRejected() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rejected",
		Short: "List, show and replay rejected events",
	}
	cmd.AddCommand(newRejectedList(), newRejectedShow(), newRejectedReplay())
	return cmd
}

// rejectionFilter chooses among the rejections, by flags that all commands share.
type rejectionFilter struct {
	since    time.Duration
	reason   string
	shipment string
}

func (f *rejectionFilter) addFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.since, "since", 0, "only those of the last such time, for example 24h")
	cmd.Flags().StringVar(&f.reason, "reason", "", "only those with this reason code among their reasons")
	cmd.Flags().StringVar(&f.shipment, "shipment", "", "only those of this shipment; \"unknown\" for those without a valid id")
}

func (f *rejectionFilter) check() error {
	if f.since < 0 {
		return fmt.Errorf("--since %s lies in the future: use a positive duration", f.since)
	}
	if f.shipment != "" && f.shipment != events.UnknownShipment {
		return checkIDs(f.shipment)
	}
	return nil
}

// each calls do for the rejections that are stored now, oldest first, and not
// for those that are added meanwhile.
func (f *rejectionFilter) each(ctx context.Context, js jetstream.JetStream, do func(streams.StoredRejection)) error {
	stream, err := js.Stream(ctx, events.StreamRejections)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", events.StreamRejections, err)
	}
	last := stream.CachedInfo().State.LastSeq
	from := time.Unix(0, 0)
	if f.since > 0 {
		from = time.Now().Add(-f.since)
	}
	return streams.Rejections(ctx, js, f.shipment, from, func(r streams.StoredRejection) bool {
		if r.Sequence > last {
			return false
		}
		if f.reason == "" || slices.ContainsFunc(r.Reasons, func(reason shipment.Reason) bool { return reason.Code == f.reason }) {
			do(r)
		}
		return r.Sequence < last
	})
}

func newRejectedList() *cobra.Command {
	var (
		filter rejectionFilter
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List rejected events, oldest first",
		Example: `  shipments rejected ls
  shipments rejected ls --since 24h --reason schema-violation`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := filter.check(); err != nil {
				return err
			}
			s, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			list := newRejectionList(cmd.OutOrStdout(), asJSON)
			return list.end(filter.each(cmd.Context(), s.js, list.add))
		},
	}
	filter.addFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return cmd
}

// rejectionList prints rejections as they are found.
type rejectionList struct {
	asJSON bool
	out    io.Writer
	table  *tabwriter.Writer
	found  int
	err    error
}

func newRejectionList(out io.Writer, asJSON bool) *rejectionList {
	return &rejectionList{asJSON: asJSON, out: out, table: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

func (l *rejectionList) add(r streams.StoredRejection) {
	l.found++
	if l.asJSON {
		l.err = errors.Join(l.err, json.NewEncoder(l.out).Encode(r))
		return
	}
	if l.found == 1 {
		fmt.Fprintln(l.table, "SEQUENCE\tTIME\tSHIPMENT\tINPUT\tREASON")
	}
	shipmentID := r.ShipmentID
	if shipmentID == "" {
		shipmentID = "-"
	}
	reason := "-"
	if len(r.Reasons) > 0 {
		reason = reasonText(r.Reasons[0])
	}
	if n := len(r.Reasons) - 1; n > 0 {
		reason += fmt.Sprintf(" (and %d more)", n)
	}
	fmt.Fprintf(l.table, "%d\t%s\t%s\t%s %d\t%s\n", r.Sequence, r.Time.Local().Format(time.DateTime), shipmentID,
		readable(r.Input.Subject), r.Input.StreamSequence, reason)
}

// end ends the list, which err may have cut short.
func (l *rejectionList) end(err error) error {
	if l.found == 0 && !l.asJSON && err == nil {
		fmt.Fprintln(l.out, "Nothing was rejected.")
	}
	return errors.Join(err, l.err, l.table.Flush())
}

func newRejectedShow() *cobra.Command {
	var raw bool
	cmd := &cobra.Command{
		Use:   "show SEQUENCE",
		Short: "Show a rejected event: reasons, and the input as it was",
		Example: `  shipments rejected show 12
  shipments rejected show 12 --raw > input.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sequences, err := parseSequences(args)
			if err != nil {
				return err
			}
			s, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			ctx, cancel := context.WithTimeout(cmd.Context(), 2*connectTimeout)
			defer cancel()
			rejected, err := readRejection(ctx, s.js, sequences[0])
			if err != nil {
				return err
			}
			if raw {
				_, err := cmd.OutOrStdout().Write(rejected.Input.Data)
				return err
			}
			return printRejection(cmd.OutOrStdout(), rejected)
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "write the input's bytes alone, exactly as they were")
	return cmd
}

func parseSequences(args []string) ([]uint64, error) {
	sequences := make([]uint64, 0, len(args))
	for _, arg := range args {
		sequence, err := strconv.ParseUint(arg, 10, 64)
		if err != nil || sequence == 0 {
			return nil, fmt.Errorf("%q is no sequence: use one that `shipments rejected ls` shows", arg)
		}
		sequences = append(sequences, sequence)
	}
	return sequences, nil
}

// readRejection reads one rejection. Its errors name it.
func readRejection(ctx context.Context, js jetstream.JetStream, sequence uint64) (streams.StoredRejection, error) {
	r, err := streams.ReadRejection(ctx, js, sequence)
	if errors.Is(err, streams.ErrNoRejection) {
		return r, fmt.Errorf("there is no rejection %d: use a sequence that `shipments rejected ls` shows", sequence)
	}
	return r, err
}

func printRejection(out io.Writer, r streams.StoredRejection) error {
	fmt.Fprintf(out, "Rejection  %d, stored %s\n", r.Sequence, r.Time.Local().Format(time.RFC3339))
	if r.ShipmentID != "" {
		fmt.Fprintf(out, "Shipment   %s\n", r.ShipmentID)
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(out, "Reason     %s\n", reasonText(reason))
	}
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

// printMessage prints headers, sorted, and data such that no input plays tricks
// with the terminal.
func printMessage(out io.Writer, header map[string][]string, data []byte) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(out, "Header     %s: %s\n", readable(name), readable(value))
		}
	}
	fmt.Fprintf(out, "Data       %d bytes: %.2000q\n", len(data), data)
}

// reasonText is a reason for a terminal: its path has names from the input.
func reasonText(r shipment.Reason) string {
	if r.Path != "" {
		r.Path = readable(r.Path)
	}
	return r.String()
}

// readable is a text as it is if a terminal shows just that, and else quoted.
func readable(s string) string {
	if q := strconv.Quote(s); s == "" || s != strings.TrimSpace(s) || q != `"`+s+`"` {
		return q
	}
	return s
}
