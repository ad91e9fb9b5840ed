package typeface

import (
	"iter"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// simpleScripts are the scripts that are written from left to right, in which each
// character has one shape and stands behind the one before.
var simpleScripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Common, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Yi,
	unicode.Ethiopic, unicode.Cherokee, unicode.Canadian_Aboriginal, unicode.Tifinagh, unicode.Lisu, unicode.Vai,
	unicode.Coptic, unicode.Gothic, unicode.Runic, unicode.Ogham, unicode.Glagolitic, unicode.Osage, unicode.Deseret,
	unicode.Braille,
}

// accents are the marks that [Font.appendGlyphs] can place.
var accents = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x0300, Hi: 0x034e, Stride: 1}, {Lo: 0x0350, Hi: 0x035b, Stride: 1}, {Lo: 0x0363, Hi: 0x036f, Stride: 1},
		{Lo: 0x0483, Hi: 0x0487, Stride: 1}, {Lo: 0x1ab0, Hi: 0x1abd, Stride: 1}, {Lo: 0x1dc0, Hi: 0x1dcc, Stride: 1},
		{Lo: 0x20d0, Hi: 0x20dc, Stride: 1}, {Lo: 0xfe20, Hi: 0xfe2f, Stride: 1},
	},
}

// objectReplacement (U+FFFC) stands for something that got lost, such as a picture.
const objectReplacement = '\ufffc'

// standsAlone reports whether a character is printed as it stands, if a font has it.
func standsAlone(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= ' ' && r <= '~'
	case r >= 0xa1 && r < 0x250: // Latin-1 Supplement, Latin Extended-A and -B
		return r != 0xad
	case r == unicode.ReplacementChar || r == objectReplacement || !unicode.IsGraphic(r) || unicode.IsMark(r) || isConjoining(r):
		return false
	case !unicode.In(r, simpleScripts...):
		return false
	}
	properties, _ := bidi.LookupRune(r)
	class := properties.Class()
	return class != bidi.R && class != bidi.AL && class != bidi.AN
}

// isConjoining reports whether r is one of the letters that make up a Korean
// syllable, which form C leaves apart only where no such syllable is in use.
func isConjoining(r rune) bool {
	return r >= 0x1100 && r <= 0x11ff || r >= 0xa960 && r <= 0xa97f || r >= 0xd7b0 && r <= 0xd7ff
}

// isAccent reports whether r is a mark that is printed with the letter before it.
func isAccent(r rune) bool { return unicode.Is(accents, r) }

// combiningClass says where a mark belongs (Unicode Standard, 4.3).
func combiningClass(r rune) uint8 {
	return norm.NFC.PropertiesString(string(r)).CCC()
}

// clusters are the characters of a text, each with the marks that belong to it. A
// cluster is valid until the next one.
func clusters(text string) iter.Seq[[]rune] {
	return func(yield func([]rune) bool) {
		var buffer [8]rune
		cluster := buffer[:0]
		for _, r := range text {
			if len(cluster) > 0 && (r < 0x300 || !unicode.IsMark(r)) {
				if !yield(cluster) {
					return
				}
				cluster = cluster[:0]
			}
			cluster = append(cluster, r)
		}
		if len(cluster) > 0 {
			yield(cluster)
		}
	}
}

// isLatin reports whether a text has only letters and signs that the fonts in the
// binary have for sure: ASCII and those up to U+024F.
func isLatin(text string) bool {
	for _, r := range text {
		if r < ' ' || r > '~' && r < 0xa1 || r == 0xad || r >= 0x250 {
			return false
		}
	}
	return true
}
