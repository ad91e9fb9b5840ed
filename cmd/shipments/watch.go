package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"shipments/events"
)

func newWatch() *cobra.Command {
	return &cobra.Command{
		Use:   "watch [ID]",
		Short: "Show outcome events and rejections as they are stored",
		Long: `Show outcome events and rejections as they are stored, one line each, until
interrupted. With an id, that shipment's story is shown from its beginning.`,
		Example: `  shipments watch
  shipments watch 15916b8a5d11456f9934ed91c2bd82c0`,
		Args: takes(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, policy := "", jetstream.DeliverNewPolicy
			if len(args) == 1 {
				id, policy = args[0], jetstream.DeliverAllPolicy
				if err := checkIDs(id); err != nil {
					return err
				}
			}
			s, err := connect(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			group, ctx := errgroup.WithContext(cmd.Context())
			for _, stream := range []string{events.StreamEvents, events.StreamRejections} {
				group.Go(func() error { return s.follow(ctx, cmd.OutOrStdout(), stream, events.StorySubjects(id), policy) })
			}
			return group.Wait()
		},
	}
}

// follow prints the messages of a stream until ctx is done, which is no error.
func (s *session) follow(ctx context.Context, out io.Writer, stream, filter string, policy jetstream.DeliverPolicy) error {
	err := s.print(ctx, out, stream, filter, policy)
	if err != nil && ctx.Err() == nil && !errors.Is(err, jetstream.ErrMsgIteratorClosed) {
		return fmt.Errorf("follow %s: %w", stream, err)
	}
	return nil
}

func (s *session) print(ctx context.Context, out io.Writer, stream, filter string, policy jetstream.DeliverPolicy) error {
	consumer, err := s.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{filter}, DeliverPolicy: policy,
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		fmt.Fprintln(out, line(msg))
	}
}

// line is an event in one line.
func line(msg jetstream.Msg) string {
	var ev event.Event
	if err := json.Unmarshal(msg.Data(), &ev); err != nil {
		return fmt.Sprintf("%s: not a CloudEvent: %v", msg.Subject(), err)
	}
	detail := ""
	switch ev.Type() {
	case events.TypeFailed:
		var failed events.Failed
		if ev.DataAs(&failed) == nil && failed.Failure != nil {
			for _, fault := range failed.Failure.Faults {
				detail += fmt.Sprintf("  %s: %s %v", failed.Stage, fault.Description, fault.Errors)
			}
		}
	case events.TypeRejected:
		var rejected events.Rejection
		if ev.DataAs(&rejected) == nil && len(rejected.Reasons) > 0 {
			detail = "  " + rejected.Reasons[0].String()
		}
	}
	return fmt.Sprintf("%s  %-32s %s%s", ev.Time().Local().Format(time.TimeOnly), ev.Type(), ev.Subject(), detail)
}
