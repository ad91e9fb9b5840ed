package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"shipments/events"
)

func newRejected() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rejected",
		Short: "List and show rejected events",
	}
	cmd.AddCommand(newRejectedList(), newRejectedShow())
	return cmd
}

func newRejectedList() *cobra.Command {
	var (
		since  time.Duration
		reason string
		id     string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List rejected events, oldest first",
		Example: `  shipments rejected ls
  shipments rejected ls --since 24h --reason schema-violation`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if id != "" && id != events.UnknownShipment {
				if err := checkIDs(id); err != nil {
					return err
				}
			}
			s, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			from := time.Unix(0, 0)
			if since > 0 {
				from = time.Now().Add(-since)
			}
			list := newRejectionList(cmd.OutOrStdout(), asJSON)
			err = events.Rejections(cmd.Context(), s.js, id, from, func(r events.StoredRejection) bool {
				if reason == "" || r.Reasons[0].Code == reason {
					list.add(r)
				}
				return true
			})
			return errors.Join(err, list.end())
		},
	}
	cmd.Flags().DurationVar(&since, "since", 0, "only those of the last such time, for example 24h")
	cmd.Flags().StringVar(&reason, "reason", "", "only those with this reason code")
	cmd.Flags().StringVar(&id, "shipment", "", "only those of this shipment; \"unknown\" for those without a valid id")
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

func (l *rejectionList) add(r events.StoredRejection) {
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
	more := ""
	if n := len(r.Reasons) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	fmt.Fprintf(l.table, "%d\t%s\t%s\t%s %d\t%s%s\n", r.Sequence, r.Time.Local().Format(time.DateTime), shipmentID,
		r.Input.Subject, r.Input.StreamSequence, r.Reasons[0], more)
}

func (l *rejectionList) end() error {
	if l.found == 0 && !l.asJSON {
		fmt.Fprintln(l.out, "Nothing was rejected.")
	}
	return errors.Join(l.err, l.table.Flush())
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
			sequence, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || sequence == 0 {
				return fmt.Errorf("%q is no sequence: use one that `shipments rejected ls` shows", args[0])
			}
			s, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			stream, err := s.js.Stream(cmd.Context(), events.StreamRejections)
			if err != nil {
				return fmt.Errorf("look up stream %s: %w", events.StreamRejections, err)
			}
			msg, err := stream.GetMsg(cmd.Context(), sequence)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				return fmt.Errorf("there is no rejection %d: use a sequence that `shipments rejected ls` shows", sequence)
			}
			if err != nil {
				return fmt.Errorf("read rejection %d: %w", sequence, err)
			}
			rejected, err := events.DecodeRejection(msg)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if raw {
				_, err := out.Write(rejected.Input.Data)
				return err
			}
			fmt.Fprintf(out, "Rejection  %d, stored %s\n", rejected.Sequence, rejected.Time.Local().Format(time.RFC3339))
			if rejected.ShipmentID != "" {
				fmt.Fprintf(out, "Shipment   %s\n", rejected.ShipmentID)
			}
			for _, r := range rejected.Reasons {
				fmt.Fprintf(out, "Reason     %s\n", r)
			}
			in := rejected.Input
			fmt.Fprintf(out, "Input      %s sequence %d on %s, stored %s, delivered %d times\n",
				in.Stream, in.StreamSequence, in.Subject, in.StoredAt.Local().Format(time.RFC3339), in.Deliveries)
			for name, values := range in.Headers {
				for _, value := range values {
					fmt.Fprintf(out, "Header     %s: %s\n", name, value)
				}
			}
			// Quoted, so that no input plays tricks with the terminal.
			fmt.Fprintf(out, "Data       %d bytes: %.2000q\n", len(in.Data), in.Data)
			return nil
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "write the input's bytes alone, exactly as they were")
	return cmd
}
