package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Normalise returns text in the one form that the service works with:
//
//   - Unicode normalisation form C (UAX #15): a letter and its combining accent
//     become one character.
//   - Every kind of space (no-break, thin, ideographic, …), every tab and every line
//     separator (U+2028, U+2029) becomes a plain space; space and line breaks at both
//     ends go.
//   - The hyphens that look like one (U+2010, U+2011, U+2212, U+FE63, U+FF0D)
//     become "-". Dashes stay.
//   - Format characters (zero width space and joiners, soft hyphen, byte order
//     mark, direction marks), variation selectors and fillers vanish.
//
// Control characters within the text stay, so that the schema rejects them where they stand. The
// result is normalised: Normalise(Normalise(s)) == Normalise(s). It may have more
// bytes than s, because some compositions are excluded from form C; a bound on
// the length applies to the result.
func Normalise(s string) string {
	if isPlain(s) {
		return trim(s)
	}
	// Format characters go first: one between a letter and its accent keeps them
	// from being composed. Folding comes before composition for the same reason.
	folded := strings.Map(fold, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	return strings.TrimSpace(norm.NFC.String(folded))
}

// Code is [Normalise] for what is made of ASCII letters and digits, such as a
// postal code or a number: fullwidth letters, digits and signs become ASCII too, and
// every dash becomes "-". Its result is normalised as well: Code(Code(s)) == Code(s).
func Code(s string) string {
	if isPlain(s) {
		return trim(s)
	}
	return Normalise(strings.Map(foldCode, s))
}

// foldCode maps fullwidth forms and dashes to ASCII.
func foldCode(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r >= '\u2012' && r <= '\u2015':
		return '-'
	default:
		return r
	}
}

// Compact is [Code] without the given characters, and with the letters of ASCII in
// capitals: "de 123.456.789" is "DE123456789" without spaces and dots. What is
// without is no letter and no digit.
func Compact(s, without string) string {
	if isCompact(s) {
		return s
	}
	s = Code(s)
	compact := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(without, r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		default:
			return r
		}
	}, s)
	if isPlain(compact) {
		return trim(compact)
	}
	return Normalise(compact)
}

// isCompact reports whether s has only capitals and digits of ASCII.
func isCompact(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isPlain reports whether s is printable ASCII and Latin letters up to U+02FF.
// Folding leaves those alone, and each of them is in form C whatever stands beside it.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= ' ' && c <= '~':
		case c >= 0xc3 && c <= 0xcb && i+1 < len(s) && s[i+1]&0xc0 == 0x80: // U+00C0 to U+02FF
			i++
		default:
			return false
		}
	}
	return true
}

// trim removes the plain spaces at both ends. Most texts have none.
func trim(s string) string {
	if s == "" || (s[0] != ' ' && s[len(s)-1] != ' ') {
		return s
	}
	return strings.Trim(s, " ")
}

// fillers are the other characters that nobody sees: the combining grapheme joiner and
// the fillers of Hangul.
const fillers = "\u034f\u115f\u1160\u3164\uffa0"

// fold maps a character to the one that stands for it, or to nothing.
func fold(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case r < '\u00a0': // ASCII, and control characters
		return r
	case unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp), r == '\u2800': // a Braille pattern without a dot
		return ' '
	case r == '\u2010', r == '\u2011', r == '\u2212', r == '\ufe63', r == '\uff0d':
		return '-'
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), strings.ContainsRune(fillers, r):
		return -1
	default:
		return r
	}
}
