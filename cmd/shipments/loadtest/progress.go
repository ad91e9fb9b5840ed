package loadtest

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// window is what the shown rate is measured over.
	window = 10 * time.Second
	// lineEvery is how often a line is written where there is no terminal.
	lineEvery = 5 * time.Second
	barWidth  = 20
)

// progress shows how a run goes: a bar that is redrawn in place on a terminal,
// lines elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	recent   []reading
	lastLine time.Duration
}

// reading is how many shipments had ended at a time.
type reading struct {
	at    time.Duration
	ended int
}

func newProgress(out io.Writer, terminal bool) *progress {
	if out == nil {
		out = io.Discard
	}
	return &progress{out: out, terminal: terminal}
}

// show is called at every tick.
func (p *progress) show(elapsed time.Duration, c counts) {
	p.recent = append(p.recent, reading{at: elapsed, ended: c.ended})
	for elapsed-p.recent[0].at > window {
		p.recent = p.recent[1:]
	}
	switch {
	case p.terminal:
		// Without automatic margins a narrow terminal cuts the line off instead
		// of scrolling.
		fmt.Fprintf(p.out, "\r\x1b[?7l%s %s\x1b[K\x1b[?7h", bar(c), p.line(elapsed, c))
	case elapsed-p.lastLine >= lineEvery:
		p.lastLine = elapsed
		fmt.Fprintln(p.out, p.line(elapsed, c))
	}
}

// end shows the last state and leaves the line.
func (p *progress) end(elapsed time.Duration, c counts) {
	p.lastLine = elapsed - lineEvery
	p.show(elapsed, c)
	if p.terminal {
		fmt.Fprint(p.out, "\n\n")
	}
}

func (p *progress) line(elapsed time.Duration, c counts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%3d%%  %d/%d published, %d accepted, %d completed", 100*c.ended/c.total, c.published, c.total, c.accepted, c.completed)
	if c.failed > 0 {
		fmt.Fprintf(&b, ", %d FAILED", c.failed)
	} else {
		b.WriteString(", 0 failed")
	}
	if c.publishErrors > 0 {
		fmt.Fprintf(&b, ", %d publish errors", c.publishErrors)
	}
	rate := p.rate()
	fmt.Fprintf(&b, ", %.1f/s, %s", rate, elapsed.Round(time.Second))
	if left := c.total - c.ended; left > 0 && rate > 0 {
		eta := time.Duration(float64(left) / rate * float64(time.Second))
		fmt.Fprintf(&b, ", %s left", eta.Round(time.Second))
	}
	return b.String()
}

// rate is how many shipments ended per second recently.
func (p *progress) rate() float64 {
	first, last := p.recent[0], p.recent[len(p.recent)-1]
	if last.at <= first.at {
		return 0
	}
	return float64(last.ended-first.ended) / (last.at - first.at).Seconds()
}

func bar(c counts) string {
	full := barWidth * c.ended / c.total
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", barWidth-full) + "]"
}
