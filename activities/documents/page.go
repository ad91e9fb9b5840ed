package documents

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// page draws text into boxes. All measures are in millimetres, font sizes in
// points.
type page struct {
	pdf *fpdf.Fpdf
	typeface
}

// The formats.
var (
	labelSize = fpdf.SizeType{Wd: 100, Ht: 150}
	a4        = fpdf.SizeType{Wd: 210, Ht: 297}
)

const (
	smallest   = 4.0  // points: below, text is cut off
	lineHeight = 0.42 // millimetres per point
)

// style is how text is drawn.
type style int

const (
	plain style = iota
	bold
)

// newPage starts a document. Everything that would differ between two
// renderings of the same input, its dates above all, is fixed.
func newPage(title string, date time.Time, typeface typeface) *page {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: a4})
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(date)
	pdf.SetModificationDate(date)
	pdf.SetProducer("shipments", true)
	pdf.SetTitle(title, true)
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	// A document is a few kilobytes: to compress it takes longer than all else.
	pdf.SetCompression(false)
	typeface.addTo(pdf)
	return &page{pdf: pdf, typeface: typeface}
}

func (p *page) add(size fpdf.SizeType) { p.pdf.AddPageFormat("P", size) }

// part is a part of a document, on pages of its own.
type part struct {
	size fpdf.SizeType
	// draw draws it on the page that is there, and adds others.
	draw func(p *page)
	// drawn are its pages as PDF's operators, once it was drawn.
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
		part.drawn = p.record(part)
	}
	for _, operators := range part.drawn {
		p.add(part.size)
		p.pdf.RawWriteStr(operators)
	}
}

// record draws a part apart from the document, with the same fonts.
func (p *page) record(part *part) []string {
	var pages []string
	template := p.pdf.CreateTemplateCustom(fpdf.PointType{}, part.size, func(tpl *fpdf.Tpl) {
		part.draw(&page{pdf: &tpl.Fpdf, typeface: p.typeface})
		p.pdf.SetError(tpl.Error())
	})
	for _, recorded := range template.FromPages() {
		pages = append(pages, string(recorded.Bytes()))
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

// text draws text into a box, left-aligned from its top: broken at line breaks
// and wrapped at words, in a smaller size if it does not fit, and cut off if
// that is not enough.
func (p *page) text(x, y, w, h, size float64, style style, text string) {
	lines := p.measure(style, size).wrap(text, w)
	for size > smallest && float64(len(lines))*size*lineHeight > h {
		size = max(smallest, size-0.5)
		lines = p.measure(style, size).wrap(text, w)
	}
	if most := max(1, int(h/(size*lineHeight))); len(lines) > most {
		lines = append(lines[:most-1], p.measure(style, size).clip(lines[most-1]+"…", w))
	}
	p.use(p.pdf, style, size)
	for i, line := range lines {
		p.pdf.Text(x, y+(float64(i)+0.8)*size*lineHeight, p.encode(line))
	}
}

// measure measures text in a style and a size.
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

// head is the longest beginning of a word that fits, at least one character.
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

// clip shortens a line that ends with an ellipsis until it fits.
func (m measure) clip(line string, w float64) string {
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
