package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Write writes one line for each check, and below it what to do.
func Write(out io.Writer, checks []Check) error {
	width := 0
	count := map[State]int{}
	for _, c := range checks {
		width = max(width, len(c.Name))
		count[c.State]++
	}
	for _, c := range checks {
		if _, err := fmt.Fprintf(out, "%-7s  %-*s  %s\n", c.State, width, c.Name, oneLine(c.Found)); err != nil {
			return err
		}
		if c.Remedy != "" {
			if _, err := fmt.Fprintf(out, "%-7s  %-*s  -> %s\n", "", width, "", oneLine(c.Remedy)); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(out, "%d checks: %d ok, %d with a warning, %d failed, %d skipped.\n", len(checks), count[OK], count[Warning],
		count[Failed], count[Skipped])
	return err
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
