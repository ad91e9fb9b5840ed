package documents

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// page draws text into boxes on the pages of a document. Measures are in
// millimetres, font sizes in points.
type page struct {
	pdf *fpdf.Fpdf
	typeface
}

// The sizes of pages.
var (
	labelSize = fpdf.SizeType{Wd: 100, Ht: 150}
	a4        = fpdf.SizeType{Wd: 210, Ht: 297}
)

const (
	minSize    = 4.0  // points; text that does not fit in this size is cut off
	lineHeight = 0.42 // millimetres per point
)

// style is how text is drawn.
type style int

const (
	plain style = iota
	bold
)

// newPage starts a document. It fixes everything that would otherwise differ
// between two renderings of the same input, such as its dates.
func newPage(title string, date time.Time, typeface typeface) *page {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: a4})
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(date)
	pdf.SetModificationDate(date)
	pdf.SetProducer("shipments", true)
	pdf.SetTitle(title, true)
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	// Documents are small: compressing one takes longer than drawing it.
	pdf.SetCompression(false)
	typeface.addTo(pdf)
	return &page{pdf: pdf, typeface: typeface}
}

func (p *page) add(size fpdf.SizeType) { p.pdf.AddPageFormat("P", size) }

// part is a part of a document, on pages of its own.
type part struct {
	size fpdf.SizeType
	// draw draws the part on the current page, and adds pages if it needs more.
	draw func(p *page)
	// drawn has the operators (PDF's drawing commands) of each page. It is nil until
	// the part has been drawn for the first time.
	drawn []string
}

// put adds a part to a document.
func (p *page) put(part *part) {
	if !p.shared() {
		p.add(part.size)
		part.draw(p)
		return
	}
	if part.drawn == nil {
		part.drawn = p.drawApart(part)
	}
	for _, operators := range part.drawn {
		p.add(part.size)
		p.pdf.RawWriteStr(operators)
	}
}

// drawApart draws a part with the fonts of the document, but not into it, and
// returns the operators of each page.
func (p *page) drawApart(part *part) []string {
	var pages []string
	template := p.pdf.CreateTemplateCustom(fpdf.PointType{}, part.size, func(tpl *fpdf.Tpl) {
		part.draw(&page{pdf: &tpl.Fpdf, typeface: p.typeface})
		p.pdf.SetError(tpl.Error())
	})
	for _, drawn := range template.FromPages() {
		pages = append(pages, string(drawn.Bytes()))
	}
	return pages
}

// bytes ends the document.
func (p *page) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := p.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return out.Bytes(), nil
}

// text draws text into a box, left-aligned, from the top. It breaks lines at line
// breaks and between words. Text that does not fit is drawn in a smaller size, and
// cut off with an ellipsis if it does not fit in the smallest one either.
func (p *page) text(x, y, w, h, size float64, style style, text string) {
	lines := p.measure(style, size).wrap(text, w)
	for size > minSize && float64(len(lines))*size*lineHeight > h {
		size = max(minSize, size-0.5)
		lines = p.measure(style, size).wrap(text, w)
	}
	if limit := max(1, int(h/(size*lineHeight))); len(lines) > limit {
		lines = append(lines[:limit-1], p.measure(style, size).shorten(lines[limit-1]+"…", w))
	}
	p.use(p.pdf, style, size)
	for i, line := range lines {
		p.pdf.Text(x, y+(float64(i)+0.8)*size*lineHeight, p.encode(line))
	}
}

// measure breaks text into lines of a width, in one style and size.
type measure struct {
	*page

	style style
	size  float64
}

func (p *page) measure(style style, size float64) measure { return measure{p, style, size} }

func (m measure) width(text string) float64 {
	return m.typeface.width(m.pdf, m.style, m.size, text)
}

// wrap breaks text into lines of a width.
func (m measure) wrap(text string, w float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, m.wrapWords(strings.Fields(m.printable(paragraph)), w)...)
	}
	return lines
}

// wrapWords fills lines with words. A word that is longer than a line is broken.
func (m measure) wrapWords(words []string, w float64) []string {
	var lines []string
	line := ""
	for _, word := range words {
		if joined := strings.TrimSpace(line + " " + word); m.width(joined) <= w {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for m.width(word) > w {
			head := m.head(word, w)
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// head is the longest beginning of a word that fits, and at least one character.
func (m measure) head(word string, w float64) string {
	end := 0
	for i, r := range word {
		next := i + len(string(r))
		if end > 0 && m.width(word[:next]) > w {
			break
		}
		end = next
	}
	return word[:end]
}

// shorten shortens a line that ends with an ellipsis until it fits.
func (m measure) shorten(line string, w float64) string {
	runes := []rune(strings.TrimSuffix(line, "…"))
	for len(runes) > 0 && m.width(string(runes)+"…") > w {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// caption draws a small grey heading.
func (p *page) caption(x, y, w float64, text string) {
	p.pdf.SetTextColor(110, 110, 110)
	p.text(x, y, w, 3, 6.5, plain, text)
	p.pdf.SetTextColor(0, 0, 0)
}

func (p *page) line(x1, y1, x2, y2 float64) {
	p.pdf.SetLineWidth(0.2)
	p.pdf.Line(x1, y1, x2, y2)
}
