package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"shipments/events/streams"
	"shipments/hosts"
)

func newStreams() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "streams",
		Short: "Check and provision the JetStream streams, the durable consumer and the bucket of documents",
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "Print the differences to what the service needs; exit code 1 if one has to be settled",
		Args:  takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStreams(cmd, func(ctx context.Context, s *session) error {
				differences, err := hosts.CheckStreams(ctx, s.js, s.config)
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
				if onlyKept(differences) {
					return nil
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
			return withStreams(cmd, func(ctx context.Context, s *session) error { return s.applyStreams(ctx, cmd.OutOrStdout()) })
		},
	}
	cmd.AddCommand(check, apply)
	return cmd
}

// applyStreams creates and updates what is missing or differs, and prints it.
func (s *session) applyStreams(ctx context.Context, out io.Writer) error {
	differences, err := hosts.ApplyStreams(ctx, s.js, s.config)
	var refused *streams.StreamConflictError
	if err != nil && !errors.As(err, &refused) {
		return hosts.Unusable(s.config, err)
	}
	if err == nil {
		if err := hosts.RecordSettings(ctx, s.js, s.config); err != nil {
			return hosts.Unusable(s.config, err)
		}
	}
	if onlyKept(differences) {
		fmt.Fprintln(out, "Streams and consumer are as they should be.")
		return nil
	}
	if printErr := printDifferences(out, differences); printErr != nil {
		return printErr
	}
	if err != nil {
		return errors.New("nothing was changed: settle the refused differences first")
	}
	fmt.Fprintln(out, "Applied.")
	return nil
}

// onlyKept reports whether nothing is to be changed.
func onlyKept(differences []streams.Difference) bool {
	return !slices.ContainsFunc(differences, func(d streams.Difference) bool { return d.Change != streams.Keep })
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
