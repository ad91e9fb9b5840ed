package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"shipments/events/streams"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func newRejectedReplay() *cobra.Command {
	var (
		filter rejectionFilter
		all    bool
		dryRun bool
	)
	cmd := &cobra.Command{
		Use:   "replay SEQUENCE... | replay --all",
		Short: "Publish rejected events again, exactly as they were",
		Long: `Publish rejected events again, once what was wrong has been set right: the same
bytes and headers on the same subject. Only the headers that are addressed to
JetStream ("Nats-...") are left out, and the message id is a new one.

An event that has had its effect meanwhile is recognised, and has no second one.
One that is still not acceptable is rejected again, as a rejection of its own.
Replaying more than once, or after an interruption, does no harm.

With --all the rejections are replayed that were stored when the command began.
If some cannot be, the others are, and the command fails at the end.`,
		Example: `  shipments rejected replay 12 15
  shipments rejected replay --all --reason unknown-carrier --since 24h --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkChoice(args, all, filter); err != nil {
				return err
			}
			sequences, err := parseSequences(args)
			if err := errors.Join(err, filter.check()); err != nil {
				return err
			}
			s, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			r := &replay{session: s, out: cmd.OutOrStdout(), run: uuid.NewString(), dryRun: dryRun}
			if all {
				// All are found before the first is published: what the replay
				// itself leads to is not replayed in turn.
				err := filter.each(cmd.Context(), s.js, func(found streams.StoredRejection) { sequences = append(sequences, found.Sequence) })
				if err != nil {
					r.failed = append(r.failed, fmt.Errorf("find the rejections: %w", err))
				}
			}
			return r.each(cmd.Context(), sequences)
		},
	}
	filter.addFlags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "replay all rejections, or those that --reason, --since and --shipment choose")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "publish nothing, and show what would be published")
	return cmd
}

// checkChoice checks that it is said, in one way, what to replay.
func checkChoice(sequences []string, all bool, filter rejectionFilter) error {
	filtered := filter != rejectionFilter{}
	switch {
	case len(sequences) > 0 && all:
		return errors.New("name sequences, or say --all, not both")
	case len(sequences) > 0 && filtered:
		return errors.New("--reason, --since and --shipment choose among all: leave them out, or say --all instead of sequences")
	case len(sequences) == 0 && !all && filtered:
		return errors.New("add --all to replay all that --reason, --since and --shipment choose")
	case len(sequences) == 0 && !all:
		return errors.New("name sequences that `shipments rejected ls` shows, or say --all")
	}
	return nil
}

// replay is one run of the command.
type replay struct {
	*session

	out    io.Writer
	run    string
	dryRun bool
	failed []error
}

// each replays rejections, going on after those that fail.
func (r *replay) each(ctx context.Context, sequences []uint64) error {
	done := 0
	for _, sequence := range sequences {
		if ctx.Err() != nil {
			r.failed = append(r.failed, fmt.Errorf("interrupted before rejection %d: %w", sequence, ctx.Err()))
			break
		}
		if err := r.one(ctx, sequence); err != nil {
			r.failed = append(r.failed, err)
			continue
		}
		done++
	}
	verb := "Replayed"
	if r.dryRun {
		verb = "Would replay"
	}
	fmt.Fprintf(r.out, "%s %d of %d rejections.\n", verb, done, len(sequences))
	if len(r.failed) > 0 {
		return fmt.Errorf("not everything was replayed:\n%w", errors.Join(r.failed...))
	}
	return nil
}

func (r *replay) one(ctx context.Context, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 2*connectTimeout)
	defer cancel()
	rejected, err := readRejection(ctx, r.js, sequence)
	if err != nil {
		return err
	}
	subject := readable(rejected.Input.Subject)
	if r.dryRun {
		msg, err := streams.ReplayMessage(rejected.Rejection, r.run)
		if err != nil {
			return fmt.Errorf("rejection %d: %w", sequence, err)
		}
		fmt.Fprintf(r.out, "rejection %d: %s would be published\n", sequence, subject)
		printMessage(r.out, msg.Header, msg.Data)
		return nil
	}
	ack, err := r.publisher.Replay(ctx, rejected.Rejection, r.run)
	if err != nil {
		return fmt.Errorf("rejection %d: %w", sequence, err)
	}
	note := ""
	if ack.Duplicate {
		note = ", the same message as before"
	}
	fmt.Fprintf(r.out, "rejection %d: %s -> %s sequence %d%s\n", sequence, subject, ack.Stream, ack.Sequence, note)
	return nil
}
