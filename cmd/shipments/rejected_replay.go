package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"shipments/events/streams"
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
		Long: `Publish rejected events again after their cause was removed: the same bytes and
headers on the same subject. Only the headers for JetStream ("Nats-...") are left
out, and the message id is a new one.

An event that has had its effect meanwhile is recognised, and has no second one.
One that is still not valid is rejected again, with a rejection of its own.
Replaying more than once, or after an interruption, does no harm.

A replayed rejection is marked, and "shipments rejected ls" shows it as done.

With --all, those rejections are replayed that are open and were stored when the
command began. If some of them cannot be, the others are, and the command fails at
the end.`,
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
			s, err := connect(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			r := &replay{session: s, out: cmd.OutOrStdout(), run: uuid.NewString(), dryRun: dryRun}
			if all {
				// All are found before the first is published, so that new rejections
				// of replayed events are not replayed in turn.
				err := filter.each(cmd.Context(), s.js, func(found selected) {
					if found.State == streams.RejectionOpen {
						sequences = append(sequences, found.Sequence)
					} else {
						r.done++
					}
				})
				if err != nil {
					r.failed = append(r.failed, fmt.Errorf("find the rejections: %w", err))
				}
			}
			return r.each(cmd.Context(), sequences)
		},
	}
	filter.addFlags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "replay all open rejections, or those that --reason, --since and --shipment select")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be published, and publish nothing")
	return cmd
}

// checkChoice checks that sequences or --all say what to replay, not both.
func checkChoice(sequences []string, all bool, filter rejectionFilter) error {
	filtered := filter != rejectionFilter{}
	switch {
	case len(sequences) > 0 && all:
		return errors.New("sequences and --all exclude each other: use one of them")
	case len(sequences) > 0 && filtered:
		return errors.New("--reason, --since and --shipment select among all: leave them out, or use --all instead of sequences")
	case len(sequences) == 0 && !all && filtered:
		return errors.New("--reason, --since and --shipment need --all: add it to replay what they select")
	case len(sequences) == 0 && !all:
		return errors.New("shipments rejected replay needs sequences that `shipments rejected ls` shows, or --all")
	}
	return nil
}

// replay is one run of the command.
type replay struct {
	*session

	out    io.Writer
	run    string
	dryRun bool
	done   int // rejections that were selected and are not open
	failed []error
}

// each replays rejections, also after one that fails.
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
	if r.done > 0 {
		fmt.Fprintf(r.out, "%d more were replayed or superseded before.\n", r.done)
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
	var ack *jetstream.PubAck
	err = ask(ctx, r.js, func(ctx context.Context) (err error) {
		ack, err = r.publisher.Replay(ctx, rejected.Rejection, r.run, r.config.Principal())
		return err
	})
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
