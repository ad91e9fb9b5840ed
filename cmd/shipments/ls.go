package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"shipments/api"
	"shipments/api/index"
)

// listWithin bounds how long ls reads the streams.
const listWithin = 2 * time.Minute

func newList() *cobra.Command {
	// The flags are named as the parameters of GET /shipments.
	values := map[string]*string{}
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the recent shipments, newest first",
		Long: `List the recent shipments, newest first, as JetStream holds them: it works with
every host and Temporal down. It reads the ends of the streams, as far back as
SHIPMENTS_INDEX_SHIPMENTS says. On a terminal it prints a table, otherwise one JSON
object per line.`,
		Example: `  shipments ls --status Failure,Rejected --since 24h
  shipments ls --older-than 1h --json | jq .shipmentId
  shipments ls -q order-4710`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			parameters := map[string][]string{}
			for name, value := range values {
				parameters[name] = []string{*value}
			}
			query, err := api.ParseQuery(parameters, time.Now())
			if err != nil {
				return namingFlags(err)
			}
			if limit < 1 {
				return errors.New("--limit is less than 1")
			}
			s, err := connect(cmd)
			if err != nil {
				return err
			}
			defer s.close()
			if !cmd.Flags().Changed("json") {
				asJSON = !isTerminal(cmd.OutOrStdout())
			}
			return s.list(cmd, query, limit, asJSON)
		},
	}
	flag := func(name, parameter, short, usage string) {
		values[parameter] = cmd.Flags().StringP(name, short, "", usage)
	}
	flag("status", "status", "", "Pending, Success, Failure, Cancelled or Rejected; several with commas")
	flag("category", "category", "", "domestic, international or international-pt")
	flag("carrier", "carrier", "", "the `id` of a carrier of any leg")
	flag("stage", "stage", "", "where a pending shipment stands, or where one failed")
	flag("reason", "reason", "", "the code of a rejection, or the first fault of a failure")
	flag("since", "since", "", "published from this `time` on: a time, a day (UTC), or a duration before now")
	flag("until", "until", "", "published before this `time`")
	flag("older-than", "olderThan", "", "pending for longer than this `duration`")
	flag("query", "q", "q", "the beginning of an id, a reference or a tracking number")
	cmd.Flags().IntVar(&limit, "limit", index.DefaultLimit, "how many are listed at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line; the default unless on a terminal")
	return cmd
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// list reads the ends of the streams and prints what a query selects.
func (s *session) list(cmd *cobra.Command, query index.Query, limit int, asJSON bool) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), listWithin)
	defer cancel()
	recent := index.New(index.Config{JetStream: s.js, Shipments: s.config.IndexShipments, Log: zerolog.Nop()})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = recent.Run(ctx) // It returns no error when it is stopped.
	}()
	defer func() {
		cancel()
		<-done
	}()
	select {
	case <-recent.Ready():
	case <-ctx.Done():
		return fmt.Errorf("read the streams: %w: `shipments streams check` says whether they are there", ctx.Err())
	}
	var found []index.Shipment
	total := index.Page{}
	for len(found) < limit {
		query.Limit = min(limit-len(found), index.MaxLimit)
		page, err := recent.List(query)
		if err != nil {
			return err
		}
		found = append(found, page.Shipments...)
		total, query.Cursor = page, page.Next
		if page.Next == "" {
			break
		}
	}
	if asJSON {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		for _, one := range found {
			if err := encoder.Encode(one); err != nil {
				return err
			}
		}
		if len(found) < total.Total {
			fmt.Fprintln(cmd.ErrOrStderr(), counted(found, total)+" --limit lists more.")
		}
		return nil
	}
	return printShipments(cmd.OutOrStdout(), found, total)
}

func printShipments(out io.Writer, found []index.Shipment, page index.Page) error {
	if len(found) > 0 {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "SHIPMENT\tSTATUS\tSTAGE\tPUBLISHED\tCHANGED\tREFERENCE\tREASON")
		for _, s := range found {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ShipmentID, s.Status, dash(string(s.Stage)),
				s.OpenedAt.Local().Format(time.DateTime), s.ChangedAt.Local().Format(time.DateTime), dash(s.Reference), dash(s.Reason))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, counted(found, page))
	return err
}

// counted says how many of the selected shipments were listed.
func counted(found []index.Shipment, page index.Page) string {
	count := fmt.Sprintf("%d of %d shipments", len(found), page.Total)
	if !page.Exact {
		count += "; there may be older ones, from before " + page.CompleteSince.Local().Format(time.DateTime)
	}
	return count + "."
}

// namingFlags says what is wrong with a filter by the flag, where its parameter is said.
func namingFlags(err error) error {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		name, what, named := strings.Cut(line, ": ")
		if !named {
			continue
		}
		for flag, parameter := range map[string]string{"older-than": "olderThan", "query": "q"} {
			if name == parameter {
				name = flag
			}
		}
		lines[i] = "--" + name + ": " + what
	}
	return errors.New(strings.Join(lines, "\n"))
}

// dash stands for nothing in a table; what a terminal would not show as it is, is quoted.
func dash(text string) string {
	if strings.TrimSpace(text) == "" {
		return "-"
	}
	return readable(text)
}
