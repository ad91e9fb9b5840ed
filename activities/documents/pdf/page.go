package pdf

import (
	"shipments/activities/documents/typeface"
)

// Page is what is drawn on a page. Places are in millimetres from the upper left
// corner, sizes of text in points.
type Page struct {
	width, height float64
	content       []segment
	copied        *copiedPage // of another document
	// encoded is the content as [Fonts.Encode] has made it with encodedWith.
	encoded     []byte
	encodedWith *Fonts
}

// segment is a piece of a page's content: operators (PDF's drawing commands) that
// are the same in every document, a line of text, or a picture.
type segment struct {
	operators []byte
	font      *typeface.Font
	glyphs    []typeface.Glyph
	size      float64
	left      float64 // in points, like base and size
	base      float64
	picture   *picture
}

const pointsPerMm = 72 / 25.4

// NewPage starts a page of a size in millimetres.
func NewPage(width, height float64) *Page { return &Page{width: width, height: height} }

// Width is the width of the page in millimetres.
func (p *Page) Width() float64 { return p.width }

// Height is the height of the page in millimetres.
func (p *Page) Height() float64 { return p.height }

// operators returns the operators at the end of the content, to be appended to.
func (p *Page) operators() *[]byte {
	if n := len(p.content); n > 0 && p.content[n-1].operators != nil {
		return &p.content[n-1].operators
	}
	p.content = append(p.content, segment{operators: make([]byte, 0, 256)})
	return &p.content[len(p.content)-1].operators
}

// operation appends an operator with its numbers.
func (p *Page) operation(operator string, numbers ...float64) {
	out := p.operators()
	for _, n := range numbers {
		*out = append(appendNumber(*out, n), ' ')
	}
	*out = append(append(*out, operator...), '\n')
}

// place converts a place to PDF's, in points from the lower left corner.
func (p *Page) place(x, y float64) (float64, float64) {
	return x * pointsPerMm, (p.height - y) * pointsPerMm
}

// Grey sets the colour of what is drawn next: 0 is black, 1 is white. A page starts
// with black.
func (p *Page) Grey(grey float64) {
	p.operation("g", grey)
	p.operation("G", grey)
}

// Line draws a line. The width is in millimetres.
func (p *Page) Line(x1, y1, x2, y2, width float64) {
	p.operation("w", width*pointsPerMm)
	x1, y1 = p.place(x1, y1)
	x2, y2 = p.place(x2, y2)
	p.operation("m", x1, y1)
	p.operation("l", x2, y2)
	p.operation("S")
}

// Fill fills rectangles. Each is its left, top, width and height.
func (p *Page) Fill(rectangles ...[4]float64) {
	for _, r := range rectangles {
		x, y := p.place(r[0], r[1]+r[3])
		p.operation("re", x, y, r[2]*pointsPerMm, r[3]*pointsPerMm)
	}
	p.operation("f")
}

// Helvetica writes a text on the base line at y, from x. The text is encoded by
// [EncodeHelvetica].
func (p *Page) Helvetica(x, y, size float64, bold bool, encoded string) {
	name := "/H "
	if bold {
		name = "/B "
	}
	x, y = p.place(x, y)
	out := p.operators()
	*out = append(*out, "BT "+name...)
	*out = append(appendNumber(*out, size), " Tf "...)
	*out = append(appendNumber(*out, x), ' ')
	*out = append(appendNumber(*out, y), " Td "...)
	*out = append(*out, literal(encoded)+" Tj ET\n"...)
}

// emboldening is the width of the stroke around the glyphs of a font that is not
// bold where bold text is wanted, as a part of the size.
const emboldening = 0.034

// Runs writes text on the base line at y, from x, with the glyphs of fonts.
func (p *Page) Runs(x, y, size float64, bold bool, runs []typeface.Run) {
	left, base := p.place(x, y)
	for _, run := range runs {
		embolden := bold && !run.Font.Bold
		if embolden {
			p.operation("w", size*emboldening)
			p.operation("Tr", 2) // fill, and stroke the outline (ISO 32000, 9.3.6)
		}
		p.content = append(p.content, segment{font: run.Font, glyphs: run.Glyphs, size: size, left: left, base: base})
		if embolden {
			p.operation("Tr", 0)
		}
		left += float64(advance(run.Glyphs)) * size / 1000
	}
}

// advance is how far text goes, in thousandths of its size.
func advance(glyphs []typeface.Glyph) int {
	width := 0
	for _, glyph := range glyphs {
		width += glyph.Advance
	}
	return width
}

// RunsWidth is the width of text that [Page.Runs] writes, in millimetres.
func RunsWidth(size float64, runs []typeface.Run) float64 {
	width := 0
	for _, run := range runs {
		width += advance(run.Glyphs)
	}
	return float64(width) * size / 1000 / pointsPerMm
}
