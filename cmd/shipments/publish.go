package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// source is the CloudEvents source of what the command line publishes.
const source = "/shipments/cli"

func newPublish() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "publish ID... | publish --file data.json",
		Short: "Publish shipments.created events",
		Long: `Publish shipments.created events: sample shipments with the given ids, or the
shipment (or CloudEvent) in a file, which is checked before it is published. It is
not published if the shipment is known with other content: conflict.

Sample shipments are published only if the hosts run with SHIPMENTS_EMULATION on.
Their ids decide what happens: the first character is 1 for domestic, 2 for
international with paperless trade, anything else for international; the last one
is 1 if the manifestation is to fail, 2 for the booking, 3 for the first booking
only.

A file is checked with the carrier table in SHIPMENTS_CARRIERS. Without one, while
the hosts emulate, the demo's two carriers are known.`,
		Example: `  shipments publish 15916b8a5d11456f9934ed91c2bd82c0
  shipments publish --file shipment.json
  jq .data event.json | shipments publish --file -`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if (file == "") == (len(ids) == 0) {
				return fmt.Errorf("%s needs shipment ids, or a file with --file, and not both: use %s", cmd.CommandPath(), cmd.UseLine())
			}
			if err := checkIDs(ids...); err != nil {
				return err
			}
			s, err := connect(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			if file != "" {
				return s.publishFile(cmd, file)
			}
			if err := s.allowSamples(cmd); err != nil {
				return err
			}
			for _, id := range ids {
				ev, err := events.NewCreated(uuid.NewString(), source, time.Now(), sample.Shipment(id, time.Now()))
				if err != nil {
					return err
				}
				if err := s.publish(cmd, ev, id); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "file with a shipment or CloudEvent in JSON; - reads standard input")
	return cmd
}

// publish publishes an event. Repeating it does no harm: JetStream recognises it
// by its message id.
func (s *session) publish(cmd *cobra.Command, ev event.Event, id string) error {
	s.stamp(&ev)
	return s.store(cmd, ev, id, func(ctx context.Context) (uint64, error) { return s.publisher.PublishCreated(ctx, ev, id) })
}

// publishFile publishes what is in a file, unless its shipment is known with other
// content: the consumer would reject it.
func (s *session) publishFile(cmd *cobra.Command, file string) error {
	rules, err := s.rules(cmd)
	if err != nil {
		return err
	}
	ev, created, err := read(file, cmd.InOrStdin(), rules)
	if err != nil {
		return err
	}
	s.stamp(&ev)
	err = s.store(cmd, ev, created.Data.ShipmentID, func(ctx context.Context) (uint64, error) {
		return s.publisher.PublishUnlessConflict(ctx, ev, created, rules)
	})
	var conflict *streams.ContentConflictError
	if errors.As(err, &conflict) {
		return fmt.Errorf("%s was not published: shipment %s: %w", file, created.Data.ShipmentID, err)
	}
	return err
}

// store has an event stored, and says so.
func (s *session) store(cmd *cobra.Command, ev event.Event, id string, publish func(context.Context) (uint64, error)) error {
	var sequence uint64
	err := ask(cmd.Context(), s.js, func(ctx context.Context) (err error) {
		sequence, err = publish(ctx)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "published %s as event %s, %s sequence %d\n", id, ev.ID(), events.StreamShipments, sequence)
	return nil
}

// read reads a shipment or a CloudEvent, and checks it as the consumer does.
func read(file string, stdin io.Reader, rules shipment.Rules) (event.Event, events.ShipmentCreated, error) {
	var none events.ShipmentCreated
	in := stdin
	if file != "-" {
		f, err := os.Open(file) //nolint:gosec // the user names it
		if err != nil {
			return event.Event{}, none, err
		}
		defer f.Close()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, events.MaxMessageBytes+1))
	if err != nil {
		return event.Event{}, none, fmt.Errorf("read %s: %w", file, err)
	}
	ev, reasons := events.Decode(dataHeader(body), body)
	if len(reasons) > 0 {
		return ev, none, invalid(file, reasons)
	}
	created, reasons := events.ParseCreated(ev, "", rules)
	if len(reasons) > 0 {
		return ev, none, invalid(file, reasons)
	}
	if reason := rules.TooFarAhead(created.Data, time.Now()); reason != nil {
		return ev, none, invalid(file, []shipment.Reason{*reason})
	}
	return ev, created, nil
}

// dataHeader returns the headers that make a CloudEvent of plain data, and none
// for a CloudEvent.
func dataHeader(body []byte) map[string][]string {
	if events.IsEvent(body) {
		return nil
	}
	return events.DataHeader(uuid.NewString(), source, time.Now())
}

func invalid(file string, reasons []shipment.Reason) error {
	var list strings.Builder
	for _, r := range reasons {
		fmt.Fprintf(&list, "\n  %s", r)
	}
	return fmt.Errorf("%s is not valid and was not published:%s", file, list.String())
}
