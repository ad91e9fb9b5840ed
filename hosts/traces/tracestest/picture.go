package tracestest

import (
	"fmt"
	"slices"
	"strings"
)

// Parent is the id of a span that tests have as a publisher's: "0102030405060708"
// is Parent(0x0102030405060708).
func Parent(id uint64) (span [16]byte) {
	for i := range 8 {
		span[i] = byte(id >> (56 - 8*i))
	}
	return span
}

// Problems are what is wrong with the spans of one shipment: a span whose parent is
// neither among them nor the publisher's, one that is there twice, and one that ended
// before it began.
func Problems(spans []Span, publisher [16]byte) []string {
	var problems []string
	known := map[[16]byte]int{publisher: 1, {}: 1}
	for _, s := range spans {
		known[s.SpanID]++
		if known[s.SpanID] > 1 {
			problems = append(problems, s.Name+" is there twice")
		}
		if s.End.Before(s.Start) {
			problems = append(problems, s.Name+" ended before it began")
		}
	}
	for _, s := range spans {
		if known[s.ParentID] == 0 {
			problems = append(problems, s.Name+" is an orphan")
		}
	}
	return problems
}

// Picture is the tree of the spans as text, each with its kind.
func Picture(spans []Span) string {
	known := map[[16]byte]bool{}
	for _, s := range spans {
		known[s.SpanID] = true
	}
	var b strings.Builder
	var draw func(parent [16]byte, root bool, indent string)
	draw = func(parent [16]byte, root bool, indent string) {
		below := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool {
			if root {
				return known[s.ParentID]
			}
			return s.ParentID != parent
		})
		for _, s := range below {
			kind := strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_"))
			fmt.Fprintf(&b, "%s%s (%s)\n", indent, s.Name, kind)
			draw(s.SpanID, false, indent+"  ")
		}
	}
	draw([16]byte{}, true, "")
	return b.String()
}

// Names counts the spans by their names.
func Names(spans []Span) map[string]int {
	names := map[string]int{}
	for _, s := range spans {
		names[s.Name]++
	}
	return names
}
