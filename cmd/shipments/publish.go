package main

import (
	"encoding/json"
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
shipment (or CloudEvent) in a file, which is checked before it is published.

While SHIPMENTS_EMULATION is on where the hosts run, ids drive what happens:
starting with 1 domestic, with 2 international with paperless trade, otherwise
international; ending with 1 the manifestation fails, with 2 the booking, with 3
the first booking only.`,
		Example: `  shipments publish 15916b8a5d11456f9934ed91c2bd82c0
  shipments publish --file shipment.json
  jq .data event.json | shipments publish --file -`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if (file == "") == (len(ids) == 0) {
				return errors.New("name shipment ids, or a file with --file")
			}
			if err := checkIDs(ids...); err != nil {
				return err
			}
			s, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			if file != "" {
				ev, id, err := s.read(file, cmd.InOrStdin())
				if err != nil {
					return err
				}
				return s.publish(cmd, ev, id)
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

func (s *session) publish(cmd *cobra.Command, ev event.Event, id string) error {
	sequence, err := s.publisher.PublishCreated(cmd.Context(), ev, id)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "published %s as event %s, %s sequence %d\n", id, ev.ID(), events.StreamShipments, sequence)
	return nil
}

// read reads a shipment or a CloudEvent and checks it like the consumer does.
func (s *session) read(file string, stdin io.Reader) (event.Event, string, error) {
	in := stdin
	if file != "-" {
		f, err := os.Open(file) //nolint:gosec // the user names it
		if err != nil {
			return event.Event{}, "", err
		}
		defer f.Close()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, events.MaxMessageBytes+1))
	if err != nil {
		return event.Event{}, "", fmt.Errorf("read %s: %w", file, err)
	}
	ev, reasons := events.Decode(dataHeader(body), body)
	if len(reasons) > 0 {
		return ev, "", notAcceptable(file, reasons)
	}
	created, reasons := events.ParseCreated(ev, "", s.config.Rules())
	if len(reasons) > 0 {
		return ev, "", notAcceptable(file, reasons)
	}
	return ev, created.Data.ShipmentID, nil
}

// dataHeader makes a CloudEvent of plain data; a CloudEvent needs no headers.
func dataHeader(body []byte) map[string][]string {
	var head struct {
		SpecVersion *string `json:"specversion"`
	}
	if json.Unmarshal(body, &head) == nil && head.SpecVersion != nil {
		return nil
	}
	return events.DataHeader(uuid.NewString(), source, time.Now())
}

func notAcceptable(file string, reasons []shipment.Reason) error {
	var list strings.Builder
	for _, r := range reasons {
		fmt.Fprintf(&list, "\n  %s", r)
	}
	return fmt.Errorf("%s is not acceptable and was not published:%s", file, list.String())
}
