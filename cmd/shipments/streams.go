package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"shipments/events/streams"

	"github.com/spf13/cobra"
)

func newStreams() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "streams",
		Short: "Check and provision the JetStream streams and the durable consumer",
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "Show what differs from what is wanted; exit code 1 if anything does",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStreams(cmd, func(ctx context.Context, s *session) error {
				differences, err := streams.Check(ctx, s.js, s.config.StreamReplicas)
				if err != nil {
					return err
				}
				if len(differences) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "Streams and consumer are as they should be.")
					return nil
				}
				if err := printDifferences(cmd.OutOrStdout(), differences); err != nil {
					return err
				}
				return exitCodeError(1)
			})
		},
	}
	apply := &cobra.Command{
		Use:   "apply",
		Short: "Create and update what is missing or differs; refuse what would lose data",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStreams(cmd, func(ctx context.Context, s *session) error {
				differences, err := streams.Provision(ctx, s.js, s.config.StreamReplicas)
				var refused *streams.RefusedError
				if err != nil && !errors.As(err, &refused) {
					return err
				}
				if len(differences) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "Streams and consumer are as they should be.")
					return nil
				}
				if printErr := printDifferences(cmd.OutOrStdout(), differences); printErr != nil {
					return printErr
				}
				if err != nil {
					return errors.New("nothing was changed: some differences are not for this command to settle")
				}
				fmt.Fprintln(cmd.OutOrStdout(), "Applied.")
				return nil
			})
		},
	}
	cmd.AddCommand(check, apply)
	return cmd
}

func withStreams(cmd *cobra.Command, do func(context.Context, *session) error) error {
	s, err := connect(cmd.Context())
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*connectTimeout)
	defer cancel()
	return do(ctx, s)
}

func printDifferences(out io.Writer, differences []streams.Difference) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHANGE\tOBJECT\tSETTING\tIS\tWANTED")
	for _, d := range differences {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", d.Change, d.Object, d.Setting, d.Have, d.Want)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range differences {
		if d.Advice != "" {
			fmt.Fprintf(out, "\n%s, %s: %s.\n", d.Object, d.Setting, d.Advice)
		}
	}
	return nil
}
