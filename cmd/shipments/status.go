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

	"shipments/cmd/shipments/rows"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
)

// defaultWait is how long status waits if --timeout does not say.
const defaultWait = 10 * time.Minute

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

Exit codes: 0 pending, success or cancelled, 2 failure, 3 rejected, 1 unknown; with
--wait also 3 if the shipment has not ended within --timeout;
"shipments --help" lists the others.`,
		Example: `  shipments status 15916b8a5d11456f9934ed91c2bd82c0
  shipments status --wait --json 15916b8a5d11456f9934ed91c2bd82c0 | jq .outcome`,
		Args: statusArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			switch {
			case timeout < 0:
				return errors.New("--timeout is negative: use a duration such as 5m, or 0 to wait for as long as it takes")
			case !wait && cmd.Flags().Changed("timeout"):
				return errors.New("--timeout needs --wait")
			}
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
			if err == nil {
				err = s.addProgress(cmd, &result)
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
	cmd.Flags().DurationVar(&timeout, "timeout", defaultWait, "with --wait: stop waiting after this `duration`; 0 waits for as long as it takes")
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
			return result, stoppedWaiting(ctx, cmd, id)
		case !wait || (!pending && !unknown):
			return result, err
		case unknown && first:
			fmt.Fprintf(cmd.ErrOrStderr(), "No shipment with id %s is known yet: waiting for it.\n", id)
		}
		select {
		case <-published:
		case <-time.After(time.Second):
		case <-ctx.Done():
			return result, stoppedWaiting(ctx, cmd, id)
		}
	}
}

// addProgress adds to the status of a pending shipment how far it is.
func (s *session) addProgress(cmd *cobra.Command, result *shipment.Result) error {
	if result.Status != shipment.Pending {
		return nil
	}
	expected, err := s.expectations(cmd)
	if err != nil {
		return err
	}
	return ask(cmd.Context(), s.js, func(ctx context.Context) error { return streams.AddProgress(ctx, s.js, result, expected) })
}

// expectations are what the command computes waits with: its own carrier table, and
// the emulation of the service. Without the table the time of a booking is not known.
func (s *session) expectations(cmd *cobra.Command) (streams.Expectations, error) {
	config := s.config
	on, err := hosts.Emulation(cmd.Context(), s.js)
	if err != nil {
		return streams.Expectations{}, err
	}
	config.Emulation = config.Emulation || on
	if err := config.Validate(); err != nil {
		return streams.Expectations{}, err
	}
	return streams.Expectations{Rules: config.Rules(), CarrierDeadline: config.CarrierDeadline}, nil
}

// stoppedWaiting is the error of a wait that ended without the end of the
// shipment. An interruption is no limit.
func stoppedWaiting(ctx context.Context, cmd *cobra.Command, id string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && cmd.Context().Err() == nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "shipments: stopped waiting: shipment %s has not ended\n", id)
		return exitCodeError(3)
	}
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
	row := rows.Rows(func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) })
	row("Shipment", result.ShipmentID)
	row("Status", string(result.Status))
	printProgress(row, result.Progress)
	row.End(result)
	return w.Flush()
}

// printProgress shows how far a pending shipment is, and what there is of its outcome.
func printProgress(row rows.Rows, p *shipment.Progress) {
	if p == nil {
		return
	}
	row("Stage", string(p.Stage)+", since "+moment(p.Since))
	row("Waits", p.Says(time.Local)+away(p.Until))
	if p.BookingAt != nil && p.WaitsFor != shipment.WaitBookingTime {
		row("Booking", "of the collection due at "+moment(*p.BookingAt))
	}
	for _, fault := range p.Faults {
		row.Fault("Fault", fault)
	}
	row.Legs(p.ManifestedLegs)
	row.Documents(p.ShipmentDocuments)
	row.Booking(p.CollectionBooking)
}

// moment is a time for people.
func moment(t time.Time) string { return t.Local().Format(time.DateTime + " MST") }

// away is how far a time is ahead, or past, in parentheses; nothing for none.
func away(t *time.Time) string {
	if t == nil {
		return ""
	}
	if left := time.Until(*t).Round(time.Second); left > 0 {
		return " (in " + brief(left) + ")"
	} else {
		return " (" + brief(-left) + " ago)"
	}
}

// brief is a duration in its two largest units: 26h3m, 4m10s, 7s.
func brief(d time.Duration) string {
	if d >= time.Hour {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
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
