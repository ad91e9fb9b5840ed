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

// typeface is what a document is set in.
type typeface interface {
	// addTo makes it known to a document.
	addTo(pdf *fpdf.Fpdf)
	// use sets following text in a style and a size in points.
	use(pdf *fpdf.Fpdf, style style, size float64)
	// width is how wide printable text is in a style and a size in points, in
	// millimetres.
	width(pdf *fpdf.Fpdf, style style, size float64, text string) float64
	// shared says whether what is drawn in one document can be put into another.
	shared() bool
	// printable replaces what it cannot show.
	printable(text string) string
	// encode turns printable text into what the document holds.
	encode(text string) string
}

// typefaceFor picks the typeface of a document by all the text that may be in
// it. The standard one costs next to nothing; the embedded one has to be parsed
// and cut to size for every document, which takes some milliseconds.
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
// 9.6.2.2), with the languages of western Europe.
type standard struct{}

const helvetica = "Helvetica"

// fontStyles are the styles as the PDF library calls them.
var fontStyles = [...]string{plain: "", bold: "B"}

// addTo defines the fonts without the widths of their characters, which no
// document holds. The library's own definitions have them, and take longer to
// parse than it takes to draw a document.
func (standard) addTo(pdf *fpdf.Fpdf) {
	pdf.AddFontFromBytes(helvetica, fontStyles[plain], []byte(`{"Tp":"Core","Name":"Helvetica"}`), nil)
	pdf.AddFontFromBytes(helvetica, fontStyles[bold], []byte(`{"Tp":"Core","Name":"Helvetica-Bold"}`), nil)
}

func (standard) use(pdf *fpdf.Fpdf, style style, size float64) {
	pdf.SetFont(helvetica, fontStyles[style], size)
}

// standardWidths are those of the characters of Windows-1252, by style, in
// millimetres per point: the library's.
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

// embedded is Go's own font, which covers the WGL4 set: Latin, Greek and
// Cyrillic. It is part of the binary.
type embedded struct{}

const fontFamily = "go"

// outline is that of bold text, which the font lacks, in millimetres per point.
const outline = 0.012

// The text rendering modes of PDF (ISO 32000, 9.3.6) that are used.
const (
	fill          = 0
	fillAndStroke = 2
)

func (embedded) addTo(pdf *fpdf.Fpdf) {
	pdf.AddUTF8FontFromBytes(fontFamily, "", goregular.TTF)
	pdf.SetFont(fontFamily, "", smallest)
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

// width is not that of a style: bold text has the same glyphs.
func (embedded) width(pdf *fpdf.Fpdf, _ style, size float64, text string) float64 {
	current, _ := pdf.GetFontSize()
	return pdf.GetStringWidth(text) * size / current
}

// shared is false: a document holds the glyphs that were drawn in it alone.
func (embedded) shared() bool { return false }

func (embedded) encode(text string) string { return text }

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
