package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/spf13/cobra"

	"shipments/api"
	"shipments/events"
	"shipments/events/streams"
)

// watching is what watch was asked for.
type watching struct {
	id           string
	types        []string // empty for all
	since, until time.Time
	asJSON       bool
}

func newWatch() *cobra.Command {
	var w watching
	var types []string
	var since, until string
	cmd := &cobra.Command{
		Use:   "watch [ID]",
		Short: "Show outcome events and rejections as they are stored",
		Long: `Show outcome events and rejections as they are stored, one line each and in the
order of their time, until interrupted. With an id, that shipment's story is shown
from its beginning; with --since, what was stored since then comes first; with
--until, it ends there.`,
		Example: `  shipments watch
  shipments watch 15916b8a5d11456f9934ed91c2bd82c0
  shipments watch --type failed,rejected --since 24h
  shipments watch --since 2026-11-26 --until 2026-11-27 --json | jq .event.data`,
		Args: takes(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				w.id = args[0]
				if err := checkIDs(w.id); err != nil {
					return err
				}
			}
			query, err := api.ParseQuery(url.Values{"since": {since}, "until": {until}}, time.Now())
			if err != nil {
				return namingFlags(err)
			}
			w.since, w.until = query.Since, query.Until
			if w.types, err = parseTypes(types); err != nil {
				return err
			}
			s, err := connect(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			return s.watch(cmd, w)
		},
	}
	cmd.Flags().StringSliceVar(&types, "type", nil, "these `types` alone, such as failed, cancelled or rejected; several with commas")
	cmd.Flags().StringVar(&since, "since", "", "stored from this `time` on: a time, a day (UTC), or a duration before now")
	cmd.Flags().StringVar(&until, "until", "", "stored before this `time`; end there")
	cmd.Flags().BoolVar(&w.asJSON, "json", false, "print one JSON object per line")
	return cmd
}

// watchedStreams are those that watch shows.
var watchedStreams = []string{events.StreamEvents, events.StreamRejections}

// parseTypes reads the types of outcome events and rejections, with "shipments." or
// without.
func parseTypes(names []string) ([]string, error) {
	var known, found []string
	for _, t := range events.Table() {
		if slices.Contains(watchedStreams, t.Stream) {
			known = append(known, strings.TrimPrefix(t.Name, "shipments."))
		}
	}
	for _, name := range names {
		name = strings.TrimPrefix(name, "shipments.")
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--type: %q is not one: use %s", name, strings.Join(known, ", "))
		}
		found = append(found, "shipments."+name)
	}
	return found, nil
}

// watch prints what is stored until ctx is done, which is no error.
func (s *session) watch(cmd *cobra.Command, w watching) error {
	ctx := cmd.Context()
	if w.id != "" {
		err := ask(ctx, s.js, func(ctx context.Context) error {
			_, err := streams.ReadStatus(ctx, s.js, w.id)
			return err
		})
		if errors.Is(err, streams.ErrUnknownShipment) {
			fmt.Fprintln(cmd.ErrOrStderr(), "No shipment with id "+w.id+" is known. What is stored of it from now on is shown.")
		} else if err != nil {
			return err
		}
	}
	ranges := make([]streams.Range, len(watchedStreams))
	for i, stream := range watchedStreams {
		ranges[i] = streams.Range{Stream: stream, Since: w.since}
		if w.id != "" {
			ranges[i].Subject = events.StorySubjects(w.id)
		}
		if w.id != "" || !w.since.IsZero() || !w.until.IsZero() {
			continue
		}
		err := ask(ctx, s.js, func(ctx context.Context) error {
			last, err := streams.LastSequence(ctx, s.js, stream)
			ranges[i].From = last + 1
			return err
		})
		if err != nil {
			return err
		}
	}
	err := merge(ctx, s.js, ranges, w.until, func(stream string, msg streams.Followed) error {
		return w.print(cmd.OutOrStdout(), stream, msg)
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was interrupted
	}
	return err
}

// watched is a line of watch as JSON.
type watched struct {
	Stream   string    `json:"stream"`
	Sequence uint64    `json:"sequence"`
	StoredAt time.Time `json:"storedAt"`
	Type     string    `json:"type"`
	// Event is the CloudEvent; nil if the message is none, which Data has then.
	Event *event.Event `json:"event,omitempty"`
	Data  []byte       `json:"data,omitempty"`
}

func (w watching) print(out io.Writer, stream string, msg streams.Followed) error {
	eventType, _ := events.SplitSubject(msg.Subject)
	if len(w.types) > 0 && !slices.Contains(w.types, eventType) {
		return nil
	}
	ev, reasons := events.Decode(msg.Header, msg.Data)
	if w.asJSON {
		line := watched{Stream: stream, Sequence: msg.Sequence, StoredAt: msg.Time, Type: eventType}
		if len(reasons) == 0 {
			line.Event = &ev
		} else {
			line.Data = msg.Data
		}
		return json.NewEncoder(out).Encode(line)
	}
	text := "not a CloudEvent"
	if len(reasons) == 0 {
		text = readable(ev.Subject()) + detail(ev)
	}
	_, err := fmt.Fprintf(out, "%s  %-32s %s\n", msg.Time.Local().Format(time.DateTime), eventType, text)
	return err
}

// detail is what a line says of an event beside its type.
func detail(ev event.Event) string {
	text := ""
	switch ev.Type() {
	case events.TypeFailed:
		var failed events.Failed
		if ev.DataAs(&failed) == nil && failed.Failure != nil {
			for _, fault := range failed.Failure.Faults {
				text += fmt.Sprintf("  %s: %s %q", failed.Stage, fault.Description, fault.Errors)
			}
		}
	case events.TypeCollectionDeclined:
		var declined events.CollectionDeclined
		if ev.DataAs(&declined) == nil {
			for _, fault := range declined.Faults {
				text += fmt.Sprintf("  %s: %s %q", declined.CollectionDate, fault.Description, fault.Errors)
			}
			if until := declined.RebookableUntil; until != nil {
				text += "  rebookable until " + until.Local().Format(time.DateTime)
			}
		}
	case events.TypeCancelled:
		var cancelled events.Cancelled
		if ev.DataAs(&cancelled) == nil && cancelled.Cancellation != nil {
			text = "  " + readable(cancelled.Cancellation.Reason)
		}
	case events.TypeRejected:
		var rejected events.Rejection
		if ev.DataAs(&rejected) == nil && len(rejected.Reasons) > 0 {
			text = "  " + readable(rejected.Reasons[0].String())
		}
	}
	return text
}
