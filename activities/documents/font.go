package documents

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// The documents' font is Go's own, which covers the WGL4 set: Latin, Greek and
// Cyrillic. It is part of the binary.
const fontFamily = "go"

// replacement stands for text that the font has no glyph for.
const replacement = '?'

// glyphs answers which characters the font has. Fonts do not change: what was
// asked once is remembered.
var glyphs = struct {
	sync.Mutex

	font  *sfnt.Font
	known map[rune]bool
}{font: parseFont(), known: map[rune]bool{}}

func parseFont() *sfnt.Font {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic(err) // The font is part of the binary.
	}
	return font
}

func hasGlyph(r rune) bool {
	glyphs.Lock()
	defer glyphs.Unlock()
	has, known := glyphs.known[r]
	if !known {
		index, err := glyphs.font.GlyphIndex(nil, r)
		has = err == nil && index != 0
		if len(glyphs.known) < 1<<16 {
			glyphs.known[r] = has
		}
	}
	return has
}

// printable replaces what the font lacks, so that text in any script can be
// drawn: combining marks without a glyph vanish, everything else is shown as
// a replacement.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case hasGlyph(r):
			return r
		case unicode.IsMark(r) || unicode.IsControl(r):
			return -1
		default:
			return replacement
		}
	}, text)
}
