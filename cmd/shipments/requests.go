package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

func newCancel() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "cancel ID --reason TEXT",
		Short: "Ask for a shipment to be cancelled",
		Long: `Ask for a shipment to be cancelled: its booking is taken back and its legs are
voided. The request is an event; "shipments status --wait" shows what became of it,
and a rejection says why it had no effect.`,
		Example: `  shipments cancel 1-order-4710 --reason 'the customer changed her mind'`,
		Args:    takes(1, 1, "a shipment id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return errors.New("--reason is not set: say why the shipment is cancelled")
			}
			return request(cmd, args[0], events.TypeCancellationRequested, events.CancellationRequested{ShipmentID: args[0], Reason: reason})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why the shipment is cancelled")
	return cmd
}

func newRebook() *cobra.Command {
	var date string
	cmd := &cobra.Command{
		Use:     "rebook ID --date DAY",
		Short:   "Ask for a collection whose booking failed to be booked for another day",
		Example: `  shipments rebook 1-order-4710 --date 2030-01-16`,
		Args:    takes(1, 1, "a shipment id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := time.Parse(time.DateOnly, date); err != nil {
				return errors.New("--date needs a day such as 2030-01-16")
			}
			return request(cmd, args[0], events.TypeRebookingRequested, events.RebookingRequested{ShipmentID: args[0], CollectionDate: date})
		},
	}
	cmd.Flags().StringVar(&date, "date", "", "the new `day` of collection, such as 2030-01-16, in the shipment's time zone")
	return cmd
}

// request publishes a request for a shipment that is known and has not ended.
func request(cmd *cobra.Command, id, eventType string, data any) error {
	if err := checkIDs(id); err != nil {
		return err
	}
	ev := event.New(event.CloudEventsVersionV1)
	ev.SetID(uuid.NewString())
	ev.SetType(eventType)
	ev.SetSource(source)
	ev.SetSubject(id)
	ev.SetTime(time.Now().UTC())
	if err := ev.SetData(event.ApplicationJSON, data); err != nil {
		return err
	}
	if _, reasons := events.ParseRequest(ev, events.Subject(eventType, id)); len(reasons) > 0 {
		return invalid("the request", reasons)
	}
	s, err := connect(cmd)
	if err != nil {
		return err
	}
	defer s.close()
	result, err := s.status(cmd, id, false, 0)
	switch {
	case errors.Is(err, streams.ErrUnknownShipment):
		return fmt.Errorf("no shipment with id %s is known", id)
	case err != nil:
		return err
	case result.Status != shipment.Pending:
		return fmt.Errorf("shipment %s has ended: its status is %s", id, result.Status)
	}
	s.stamp(&ev)
	var sequence uint64
	err = ask(cmd.Context(), s.js, func(ctx context.Context) (err error) {
		sequence, err = s.publisher.PublishInput(ctx, ev, id)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "requested for %s as event %s, %s sequence %d\n", id, ev.ID(), events.StreamShipments, sequence)
	return nil
}
