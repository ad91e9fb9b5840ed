package documents

import (
	"encoding/json"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/encoding/charmap"
)

// typeface is what the text of a document is set in.
type typeface interface {
	// addTo adds the fonts to a document.
	addTo(pdf *fpdf.Fpdf)
	// use selects style and size, in points, of the text that follows.
	use(pdf *fpdf.Fpdf, style style, size float64)
	// width is the width of printable text, in millimetres.
	width(pdf *fpdf.Fpdf, style style, size float64, text string) float64
	// shared reports whether pages that were drawn in one document can be put into
	// another one.
	shared() bool
	// printable replaces the characters that the fonts lack.
	printable(text string) string
	// encode converts printable text to the encoding of the document.
	encode(text string) string
}

// typefaceFor picks the typeface by all the text that may be printed. The standard
// one is preferred: the embedded one is parsed, and cut down to the glyphs that are
// used, for every document.
func typefaceFor(in Input) typeface {
	text, err := json.Marshal(in)
	if err != nil {
		return embedded{}
	}
	for _, r := range string(text) {
		if _, ok := charmap.Windows1252.EncodeRune(r); !ok {
			return embedded{}
		}
	}
	return standard{}
}

// standard is Helvetica, one of the fonts that every PDF viewer has (ISO 32000,
// 9.6.2.2). It covers the languages of western Europe.
type standard struct{}

const helvetica = "Helvetica"

// fontStyles are the PDF library's names of the styles.
var fontStyles = [...]string{plain: "", bold: "B"}

// addTo defines the fonts without the widths of their characters: documents do not
// hold the widths. Parsing the library's own definitions, which have them, would
// take longer than drawing a document.
func (standard) addTo(pdf *fpdf.Fpdf) {
	pdf.AddFontFromBytes(helvetica, fontStyles[plain], []byte(`{"Tp":"Core","Name":"Helvetica"}`), nil)
	pdf.AddFontFromBytes(helvetica, fontStyles[bold], []byte(`{"Tp":"Core","Name":"Helvetica-Bold"}`), nil)
}

func (standard) use(pdf *fpdf.Fpdf, style style, size float64) {
	pdf.SetFont(helvetica, fontStyles[style], size)
}

// standardWidths are the library's widths of the characters of Windows-1252, by
// style, in millimetres per point.
var standardWidths = sync.OnceValue(func() *[len(fontStyles)][256]float64 {
	var widths [len(fontStyles)][256]float64
	pdf := fpdf.New("P", "mm", "A4", "")
	for style := range widths {
		pdf.SetFont(helvetica, fontStyles[style], 1)
		for char := range widths[style] {
			widths[style][char] = pdf.GetStringWidth(string([]byte{byte(char)}))
		}
	}
	return &widths
})

func (standard) width(_ *fpdf.Fpdf, style style, size float64, text string) float64 {
	widths := &standardWidths()[style]
	width := 0.0
	for _, r := range text {
		width += widths[encodeRune(r)]
	}
	return width * size
}

func (standard) shared() bool { return true }

func (standard) printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

func (standard) encode(text string) string {
	encoded := make([]byte, 0, len(text))
	for _, r := range text {
		encoded = append(encoded, encodeRune(r))
	}
	return string(encoded)
}

func encodeRune(r rune) byte {
	if b, ok := charmap.Windows1252.EncodeRune(r); ok {
		return b
	}
	return replacement
}

// embedded is Go's own font, which is part of the binary. It covers the WGL4 set:
// Latin, Greek and Cyrillic.
type embedded struct{}

const fontFamily = "go"

// outline is the width of the stroke around bold text, in millimetres per point. It
// makes up for a bold font.
const outline = 0.012

// Text rendering modes of PDF (ISO 32000, 9.3.6).
const (
	fill          = 0
	fillAndStroke = 2
)

func (embedded) addTo(pdf *fpdf.Fpdf) {
	pdf.AddUTF8FontFromBytes(fontFamily, "", goregular.TTF)
	pdf.SetFont(fontFamily, "", minSize)
}

func (embedded) use(pdf *fpdf.Fpdf, style style, size float64) {
	pdf.SetFont(fontFamily, "", size)
	if style == bold {
		pdf.SetLineWidth(size * outline)
		pdf.SetTextRenderingMode(fillAndStroke)
	} else {
		pdf.SetTextRenderingMode(fill)
	}
}

// width ignores the style: bold text has the same glyphs.
func (embedded) width(pdf *fpdf.Fpdf, _ style, size float64, text string) float64 {
	current, _ := pdf.GetFontSize()
	return pdf.GetStringWidth(text) * size / current
}

// shared is false: a document has only those glyphs that were drawn in it.
func (embedded) shared() bool { return false }

func (embedded) encode(text string) string { return text }

// replacement is printed in place of a character that the font has no glyph for.
const replacement = '?'

// glyphs caches which characters the embedded font has.
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

// printable drops combining marks and control characters without a glyph, and
// replaces every other character without one.
func (embedded) printable(text string) string {
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
