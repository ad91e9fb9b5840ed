package why

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"shipments/cmd/shipments/rows"
	"shipments/shipment"
)

// Write writes the report for people, with times of a location.
func (r *Report) Write(out io.Writer, loc *time.Location) error {
	moment := func(t time.Time) string { return t.In(loc).Format(time.DateTime + " MST") }
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("Shipment", "%s", r.ShipmentID)
	row("Status", "%s", cmp.Or(string(r.Status), "unknown to JetStream"))
	for _, finding := range r.Findings {
		row("Finding", "%s", finding)
	}
	rows.Rows(func(name, value string) { row(name, "%s", value) }).End(r.Result)
	if p := r.Progress; p != nil {
		row("Stage", "%s, since %s (%s)", p.Stage, moment(p.Since), r.from(p.Since))
		row("Waits", "%s%s", p.Says(loc), r.left(p.Until))
		if p.BookingAt != nil && p.WaitsFor != shipment.WaitBookingTime {
			row("Booking", "of the collection due at %s%s", moment(*p.BookingAt), r.left(p.BookingAt))
		}
	}
	for _, wait := range r.Waits {
		row("On record", "%s", wait.text(r, moment))
	}
	for _, missing := range r.Missing {
		row("Missing", "%s", missing)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nWhat happened (times in %s)\n", r.At.In(loc).Format("MST"))
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, o := range r.Happened {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", o.At.In(loc).Format(time.DateTime+".000"), o.kind(), o.text())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(out, "\nWhere to look\n")
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, e := range r.Executions {
		fmt.Fprintf(w, "  %s\t%s, %s, queue %s, run %s\n", e.WorkflowID, e.Type, e.Status, e.TaskQueue, e.RunID)
	}
	for _, place := range r.Look {
		fmt.Fprintf(w, "  %s\t%s\n", place.Name, place.Where)
	}
	return w.Flush()
}

func (o Occurrence) kind() string {
	if o.Sequence > 0 {
		return fmt.Sprintf("%s %d", o.Kind, o.Sequence)
	}
	return o.Kind
}

func (o Occurrence) text() string {
	parts := []string{o.What}
	if o.Answer != "" {
		answer := o.Answer
		if o.Attempts > 1 {
			answer += fmt.Sprintf(" (attempt %d)", o.Attempts)
		}
		parts = append(parts, answer)
	}
	if o.IdempotencyKey != "" {
		parts = append(parts, "key "+o.IdempotencyKey)
	}
	if o.Detail != "" {
		parts = append(parts, o.Detail)
	}
	return strings.Join(parts, "; ")
}

// text is a wait in words.
func (w Wait) text(r *Report, moment func(time.Time) string) string {
	parts := []string{strings.TrimSuffix(w.Kind+": "+w.What, ": ")}
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(!w.Since.IsZero(), "since %s (%s)", moment(w.Since), r.from(w.Since))
	if w.Attempt > 0 && w.Kind != "workflow task" {
		add(w.Running, "attempt %d is under way%s", w.Attempt, strings.TrimRight(" at "+w.Worker, " at"))
		add(!w.Running && w.NextAttempt != nil, "attempt %d at %s", w.Attempt, momentOf(w.NextAttempt, moment))
		add(!w.Running && w.NextAttempt == nil, "attempt %d waits for a worker", w.Attempt)
	}
	add(w.LastError != "", "last error: %s", w.LastError)
	add(w.Until != nil && w.Kind == "timer", "fires %s%s", momentOf(w.Until, moment), r.left(w.Until))
	add(w.Until != nil && w.Kind != "timer", "given up %s%s", momentOf(w.Until, moment), r.left(w.Until))
	add(w.IdempotencyKey != "", "key %s", w.IdempotencyKey)
	return strings.Join(parts, "; ")
}

func momentOf(t *time.Time, moment func(time.Time) string) string {
	if t == nil {
		return ""
	}
	return moment(*t)
}

// from is how long ago a time was.
func (r *Report) from(t time.Time) string { return brief(r.At.Sub(t)) + " ago" }

// left is how far a time is ahead, or past, in parentheses.
func (r *Report) left(t *time.Time) string {
	if t == nil {
		return ""
	}
	if left := t.Sub(r.At); left > 0 {
		return " (in " + brief(left) + ")"
	}
	return " (" + r.from(*t) + ")"
}

// brief is a duration in its two largest units.
func brief(d time.Duration) string {
	if d >= time.Hour {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
}
