package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

func newStatus() *cobra.Command {
	var (
		wait, asJSON bool
		timeout      time.Duration
	)
	cmd := &cobra.Command{
		Use:   "status ID",
		Short: "Print the status of a shipment",
		Long: `Print the status of a shipment, as JetStream holds it: it works with every worker
and Temporal down.

Exit codes: 0 pending, success or cancelled, 2 failure, 3 rejected, 1 unknown;
"shipments --help" lists the others.`,
		Example: `  shipments status 15916b8a5d11456f9934ed91c2bd82c0
  shipments status --wait --json 15916b8a5d11456f9934ed91c2bd82c0 | jq .outcome`,
		Args: statusArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			if err := checkIDs(id); err != nil {
				return err
			}
			s, err := connect(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			result, err := s.status(cmd, id, wait, timeout)
			if errors.Is(err, streams.ErrUnknownShipment) {
				return fmt.Errorf("no shipment with id %s is known", id)
			}
			if err != nil {
				return err
			}
			if err := printResult(cmd.OutOrStdout(), result, asJSON); err != nil {
				return err
			}
			switch result.Status {
			case shipment.Failed:
				return exitCodeError(2)
			case shipment.Rejected:
				return exitCodeError(3)
			case shipment.Pending, shipment.Success, shipment.Cancelled, shipment.Duplicate:
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&wait, "wait", "w", false, "wait until the process has ended")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "with --wait: stop waiting after this `duration`; 0 waits for as long as it takes")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// statusArguments takes one id. A second argument may be meant for --wait.
func statusArguments(cmd *cobra.Command, args []string) error {
	err := takes(1, 1, "a shipment id")(cmd, args)
	if len(args) > 1 && cmd.Flags().Changed("wait") {
		return fmt.Errorf("%w; --wait has no value, and --timeout 5s bounds it", err)
	}
	return err
}

// status reads the status, and with wait until it is no longer pending. It
// reads again whenever an event of the shipment is published, and every second
// in case one was missed.
func (s *session) status(cmd *cobra.Command, id string, wait bool, timeout time.Duration) (shipment.Result, error) {
	ctx := cmd.Context()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	published := make(chan struct{}, 1)
	sub, err := s.js.Conn().Subscribe(events.StorySubjects(id), notify(published))
	if err != nil {
		return shipment.Result{}, fmt.Errorf("subscribe: %w", err)
	}
	defer sub.Unsubscribe() //nolint:errcheck // the connection closes next
	for first := true; ; first = false {
		var result shipment.Result
		err := ask(ctx, s.js, func(ctx context.Context) (err error) {
			result, err = streams.ReadStatus(ctx, s.js, id)
			return err
		})
		pending, unknown := err == nil && result.Status == shipment.Pending, errors.Is(err, streams.ErrUnknownShipment)
		switch {
		case wait && ctx.Err() != nil:
			return result, stoppedWaiting(ctx, id)
		case !wait || (!pending && !unknown):
			return result, err
		case unknown && first:
			fmt.Fprintf(cmd.ErrOrStderr(), "No shipment with id %s is known yet: waiting for it.\n", id)
		}
		select {
		case <-published:
		case <-time.After(time.Second):
		case <-ctx.Done():
			return result, stoppedWaiting(ctx, id)
		}
	}
}

func stoppedWaiting(ctx context.Context, id string) error {
	return fmt.Errorf("stopped waiting: shipment %s has not ended (%w)", id, ctx.Err())
}

func printResult(out io.Writer, result shipment.Result, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(result)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) }
	row("Shipment", result.ShipmentID)
	row("Status", string(result.Status))
	if o := result.Outcome; o != nil {
		for i, leg := range o.ManifestedLegs {
			row(fmt.Sprintf("Leg %d", i+1), "carrier "+leg.CarrierID)
			row("  tracking", strings.Join(leg.TrackingNumbers, " "))
			row("  labels", leg.LabelsURL)
		}
		row("Labels", o.ShipmentDocuments.LabelsURL)
		if o.ShipmentDocuments.InvoiceURL != nil {
			row("Invoice", *o.ShipmentDocuments.InvoiceURL)
		}
		row("Receipt", o.ShipmentDocuments.ReceiptURL)
		row("Combined", o.ShipmentDocuments.CombinedDocumentURL)
		row("Collection", "carrier "+o.CollectionBooking.CarrierID)
		row("  booking", o.CollectionBooking.BookingReference)
		row("  location", o.CollectionBooking.LocationReference)
	}
	if result.Failure != nil {
		for _, fault := range result.Failure.Faults {
			row("Fault", fault.Description)
			for _, e := range fault.Errors {
				row("  error", e)
			}
		}
	}
	if c := result.Cancellation; c != nil {
		row("Reason", c.Reason)
	}
	for _, reason := range result.Reasons {
		row("Reason", reason.String())
	}
	return w.Flush()
}

// notify signals every message, at most one signal at a time.
func notify(wake chan<- struct{}) nats.MsgHandler {
	return func(*nats.Msg) {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}
