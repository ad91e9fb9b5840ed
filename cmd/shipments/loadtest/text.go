package loadtest

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"shipments/shipment"
)

// WriteText writes the report for people.
func (r Report) WriteText(out io.Writer) error {
	var b strings.Builder
	r.heading(&b)
	r.table(&b)
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "Note: %s.\n", note)
	}
	r.verdict(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

func (r Report) heading(b *strings.Builder) {
	w := tabwriter.NewWriter(b, 0, 0, 3, ' ', 0)
	row := func(name string, count int, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%d", name, count)
		if format != "" {
			fmt.Fprintf(w, "\t"+format, args...)
		}
		fmt.Fprintln(w)
	}
	names := make([]string, len(r.Categories))
	for i, category := range r.Categories {
		names[i] = string(category)
	}
	pace := "as fast as possible"
	if r.OfferedPerSecond > 0 {
		pace = fmt.Sprintf("%.4g per second offered", r.OfferedPerSecond)
	}
	example := ids{run: r.Run, categories: r.Categories}.id(0)
	fmt.Fprintf(b, "Run %s: shipment ids such as %s\n\n", r.Run, example)
	row("Shipments", r.Shipments, "%s; workers: %d, %s", strings.Join(names, ", "), r.Workers, pace)
	row("Published", r.Published, "in %.1f s", r.PublishSeconds)
	throughput := fmt.Sprintf("in %.1f s: %.1f per second", r.ElapsedSeconds, r.Throughput)
	if r.SteadyThroughput > 0 {
		throughput += fmt.Sprintf("; %.1f without the first and the last tenth", r.SteadyThroughput)
	}
	row("Completed", r.Completed, "%s", throughput)
	row("Failed", r.Failed+r.Cancelled, "")
	row("Rejected", r.Rejected, "")
	if r.Unfinished > 0 {
		row("Unfinished", r.Unfinished, "acknowledged, and not ended yet")
	}
	row("Lost", r.Lost, "")
	row("Doubled", r.Doubled, "")
	_ = w.Flush() // Into memory.
}

func (r Report) table(b *strings.Builder) {
	b.WriteString("\n")
	w := tabwriter.NewWriter(b, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "milliseconds to\tcount\tp50\tp95\tp99\tmax\t\n")
	row := func(name string, l Latency) {
		if l.Count == 0 {
			fmt.Fprintf(w, "%s\t0\t-\t-\t-\t-\t\n", name)
			return
		}
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t\n", name, l.Count, l.P50, l.P95, l.P99, l.Max)
	}
	row("accepted", r.Latencies.Accepted)
	row("manifested", r.Latencies.Manifested)
	row("documents", r.Latencies.DocumentsGenerated)
	row("booked *", r.Latencies.CollectionBooked)
	row("completed *", r.Latencies.Completed)
	_ = w.Flush() // Into memory.
	fmt.Fprintf(b, "* less the collection delay of %v (--collection-delay)\n", time.Duration(r.CollectionDelayMS*float64(time.Millisecond)))
}

func (r Report) verdict(b *strings.Builder) {
	b.WriteString("\n")
	if r.OK {
		b.WriteString("OK: every shipment was completed, and every outcome of each is stored exactly once.\n")
		return
	}
	b.WriteString("NOT OK\n")
	for _, p := range r.Problems {
		fmt.Fprintf(b, "- %s\n", p.Message)
		for _, e := range p.Examples {
			detail := ""
			if e.Detail != "" {
				detail = ": " + e.Detail
			}
			fmt.Fprintf(b, "    %s%s\n", e.ShipmentID, detail)
		}
		if more := p.Count - len(p.Examples); more > 0 && len(p.Examples) > 0 {
			fmt.Fprintf(b, "    and %d more\n", more)
		}
		if p.Look != "" {
			fmt.Fprintf(b, "  see: %s\n", p.Look)
		}
	}
}

// ParseCategories reads a list of categories such as a flag's.
func ParseCategories(names []string) []shipment.Category {
	list := make([]shipment.Category, len(names))
	for i, name := range names {
		list[i] = shipment.Category(strings.TrimSpace(name))
	}
	return list
}
