package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"shipments/events/streams"
	"shipments/hosts"
)

func newStreams() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "streams",
		Short: "Check and provision the JetStream streams and the durable consumer",
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "Print the differences to what the service needs; exit code 1 if there are any",
		Args:  takesNone,
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
		Short: "Create what is missing and update what differs, unless that would lose data",
		Args:  takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStreams(cmd, func(ctx context.Context, s *session) error {
				differences, err := streams.Provision(ctx, s.js, s.config.StreamReplicas)
				var refused *streams.RefusedError
				if err != nil && !errors.As(err, &refused) {
					return hosts.Unusable(s.config, err)
				}
				if len(differences) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "Streams and consumer are as they should be.")
					return nil
				}
				if printErr := printDifferences(cmd.OutOrStdout(), differences); printErr != nil {
					return printErr
				}
				if err != nil {
					return errors.New("nothing was changed: settle the refused differences first")
				}
				fmt.Fprintln(cmd.OutOrStdout(), "Applied.")
				return nil
			})
		},
	}
	cmd.AddCommand(check, apply)
	return cmd
}

// withStreams repeats do, which has to be idempotent, as [ask] does.
func withStreams(cmd *cobra.Command, do func(context.Context, *session) error) error {
	s, err := connect(cmd)
	if err != nil {
		return err
	}
	defer s.close()
	return ask(cmd.Context(), s.js, func(ctx context.Context) error { return do(ctx, s) })
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
