package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
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

// rejectionFilter selects rejections by flags, which ls and replay share.
type rejectionFilter struct {
	since    time.Duration
	reason   string
	shipment string
}

func (f *rejectionFilter) addFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.since, "since", 0, "only those of the last such `duration`, for example 24h")
	cmd.Flags().StringVar(&f.reason, "reason", "", "only those with this reason code among their reasons")
	cmd.Flags().StringVar(&f.shipment, "shipment", "", "only those of this shipment; \"unknown\" for those without a valid id")
}

func (f *rejectionFilter) check() error {
	if f.since < 0 {
		return fmt.Errorf("--since cannot be %s, which is in the future: use a positive duration such as 24h", f.since)
	}
	if f.shipment != "" && f.shipment != events.UnknownShipment {
		return checkIDs(f.shipment)
	}
	return nil
}

// each calls do for the selected rejections, oldest first. Those that are stored
// after the call are left out.
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
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := filter.check(); err != nil {
				return err
			}
			s, err := connect(cmd)
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

// end ends the list. err is what ended it early, if anything did.
func (l *rejectionList) end(err error) error {
	if l.found == 0 && !l.asJSON && err == nil {
		fmt.Fprintln(l.out, "Nothing was rejected.")
	}
	return errors.Join(err, l.err, l.table.Flush())
}
