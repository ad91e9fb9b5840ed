package main

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"shipments/cmd/shipments/doctor"
	"shipments/hosts"
	"shipments/hosts/permissions"
)

func newDoctor() *cobra.Command {
	var (
		asJSON  bool
		roles   []string
		timeout time.Duration
	)
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Try what the hosts need, and say what to do about what is wrong",
		Long: `Try what the hosts need, one line for each check, and say what to do about what is
wrong: NATS and JetStream, streams and settings, permissions, storage; Temporal, its
namespace, search attributes, and the workers of each task queue; carriers and their
tokens; clocks; the public URL. Nothing is changed.

Give it the environment of a host: then it tries as that host. With --role it compares
the user's permissions in NATS with what a role needs.

Exit codes: 0 if nothing has failed, 1 otherwise; warnings do not count.`,
		Example: `  shipments doctor
  NATS_USER=consumer NATS_PASSWORD_FILE=consumer.txt shipments doctor --role consumer
  shipments doctor --json | jq '.[] | select(.state == "failed")'`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, role := range roles {
				if _, err := permissions.Named(permissions.Options{}, role); err != nil {
					return err
				}
			}
			config, log, err := loadConfig()
			if err != nil {
				return err
			}
			patient := doctor.Patient{Config: config, Roles: roles, Timeout: timeout}
			patient.NATS, patient.JetStream, patient.NATSError = hosts.Dial(cmd.Context(), config, cmd.Name(), log)
			if patient.NATS != nil {
				defer patient.NATS.Close()
			}
			patient.Temporal, _, err = hosts.NewTemporalClient(config, log)
			if err != nil {
				return err
			}
			defer patient.Temporal.Close()
			checks := doctor.Examine(cmd.Context(), patient)
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				encoder.SetEscapeHTML(false)
				err = encoder.Encode(checks)
			} else {
				err = doctor.Write(cmd.OutOrStdout(), checks)
			}
			if err == nil && !doctor.Healthy(checks) {
				return exitCodeError(exitFailure)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringSliceVar(&roles, "role", []string{"operator"}, "`roles` whose permissions in NATS are compared with the user's")
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "bound of each question, a `duration`")
	return cmd
}
