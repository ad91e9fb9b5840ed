package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"shipments/cmd/shipments/why"
	"shipments/events/streams"
	"shipments/hosts"
)

func newWhy() *cobra.Command {
	var asJSON, withoutTemporal bool
	cmd := &cobra.Command{
		Use:   "why ID",
		Short: "Print why a shipment stands where it stands",
		Long: `Print where a shipment stands and since when, what it waits for and until when, what
happened when, and where there is more to see.

Inputs, outcome events and rejections come from JetStream; timers, carrier calls with
their attempts, last errors, idempotency keys and answers come from Temporal. While
Temporal does not answer, the rest is printed, and a line says what is missing. With
encrypted payloads SHIPMENTS_PAYLOAD_KEYS is needed. Nothing is changed.`,
		Example: `  shipments why 15916b8a5d11456f9934ed91c2bd82c0
  shipments why --json 15916b8a5d11456f9934ed91c2bd82c0 | jq '.waits, .findings'`,
		Args: takes(1, 1, "a shipment id"),
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
			expected, err := s.expectations(cmd)
			if err != nil {
				return err
			}
			question := why.Config{
				JetStream: s.js, Namespace: s.config.TemporalNamespace, Address: s.config.TemporalAddress, UI: s.config.TemporalUI, Expectations: expected,
			}
			if !withoutTemporal {
				temporal, converters, err := hosts.NewTemporalClient(s.config, s.log)
				if err != nil {
					return err
				}
				defer temporal.Close()
				question.Temporal, question.Data, question.Failures = temporal, converters.Data, converters.Failure
			}
			report, err := why.Ask(cmd.Context(), question, id)
			if errors.Is(err, streams.ErrUnknownShipment) {
				return fmt.Errorf("no shipment with id %s is known", id)
			}
			if err != nil {
				return err
			}
			if !asJSON {
				return report.Write(cmd.OutOrStdout(), time.Local)
			}
			encoder := json.NewEncoder(cmd.OutOrStdout())
			encoder.SetIndent("", "  ")
			encoder.SetEscapeHTML(false)
			return encoder.Encode(report)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&withoutTemporal, "no-temporal", false, "do not ask Temporal")
	return cmd
}
