package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
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

// selected is a rejection that a filter selects, and how it stands.
type selected struct {
	streams.StoredRejection
	streams.RejectionStanding
}

// each calls do for the selected rejections, oldest first. Those that are stored
// after the call are left out. A reason code that is not known, and that no
// rejection has, is an error.
func (f *rejectionFilter) each(ctx context.Context, js jetstream.JetStream, do func(selected)) error {
	last, err := streams.LastSequence(ctx, js, events.StreamRejections)
	if err != nil {
		return err
	}
	from := time.Unix(0, 0)
	if f.since > 0 {
		from = time.Now().Add(-f.since)
	}
	const batchSize = 100 // A rejection may have half a megabyte.
	var batch []streams.StoredRejection
	var failed error
	found := false
	flush := func() bool {
		var standings []streams.RejectionStanding
		if standings, failed = streams.Standings(ctx, js, batch); failed != nil {
			return false
		}
		for i, r := range batch {
			do(selected{r, standings[i]})
		}
		batch = batch[:0]
		return true
	}
	err = streams.Rejections(ctx, js, f.shipment, from, func(r streams.StoredRejection) bool {
		if r.Sequence > last {
			return false
		}
		if f.reason == "" || slices.ContainsFunc(r.Reasons, func(reason shipment.Reason) bool { return reason.Code == f.reason }) {
			batch, found = append(batch, r), true
		}
		return (len(batch) < batchSize || flush()) && r.Sequence < last
	})
	if failed == nil {
		flush()
	}
	if !found && f.reason != "" && !slices.Contains(events.ReasonCodes(), f.reason) {
		failed = errors.Join(failed, fmt.Errorf("--reason %s is not a reason: use one of %s", readable(f.reason), strings.Join(events.ReasonCodes(), ", ")))
	}
	return errors.Join(err, failed)
}

func newRejectedList() *cobra.Command {
	var (
		filter       rejectionFilter
		asJSON, open bool
	)
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List rejected events, oldest first",
		Long: `List rejected events, oldest first, and how each stands:

  open        nothing has become of it since
  replayed    it was published again by "shipments rejected replay"; if it was
              rejected again, that is another rejection
  superseded  what it asked for has happened later, by another event`,
		Example: `  shipments rejected ls --open
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
			return list.end(filter.each(cmd.Context(), s.js, func(r selected) {
				if !open || r.State == streams.RejectionOpen {
					list.add(r)
				}
			}))
		},
	}
	filter.addFlags(cmd)
	cmd.Flags().BoolVar(&open, "open", false, "only those that are open")
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

func (l *rejectionList) add(r selected) {
	l.found++
	if l.asJSON {
		l.err = errors.Join(l.err, json.NewEncoder(l.out).Encode(r))
		return
	}
	if l.found == 1 {
		fmt.Fprintln(l.table, "SEQUENCE\tTIME\tSTATE\tSHIPMENT\tINPUT\tREASON")
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
	fmt.Fprintf(l.table, "%d\t%s\t%s\t%s\t%s %d\t%s\n", r.Sequence, r.Time.Local().Format(time.DateTime), r.State, shipmentID,
		readable(r.Input.Subject), r.Input.StreamSequence, reason)
}

// end ends the list. err is what ended it early, if anything did.
func (l *rejectionList) end(err error) error {
	if l.found == 0 && !l.asJSON && err == nil {
		fmt.Fprintln(l.out, "Nothing was rejected.")
	}
	return errors.Join(err, l.err, l.table.Flush())
}
