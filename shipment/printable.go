package shipment

import (
	"fmt"
	"strings"
	"unicode"
)

// Typeface is what documents are printed with.
type Typeface interface {
	// Unprintable returns the characters of a text that cannot be printed, each once;
	// nothing if all can be. The text is normalised. It is safe for concurrent use.
	Unprintable(text string) []rune
}

// maxCharacters limits how many characters a message names.
const maxCharacters = 10

// printable requires that a text can be printed.
func (v *validation) printable(at place, member, value string) {
	if v.rules.Typeface == nil || isASCII(value) {
		return
	}
	if characters := v.rules.Typeface.Unprintable(value); len(characters) > 0 {
		v.add(CodeUnprintableText, at, member, "no font here prints %s: use other letters, such as Latin ones", inWords(characters))
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// inWords names characters: "U+5C71 山, U+7530 田".
func inWords(characters []rune) string {
	var names []string
	for i, r := range characters {
		if i == maxCharacters {
			names = append(names, fmt.Sprintf("and %d more", len(characters)-i))
			break
		}
		name := fmt.Sprintf("%U", r)
		if unicode.IsGraphic(r) && !unicode.IsMark(r) {
			name += " " + string(r)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
