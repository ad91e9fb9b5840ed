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

// bytes ends the document.
func (p *page) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := p.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return out.Bytes(), nil
}

// text draws text into a box, left-aligned from its top: broken at line breaks
// and wrapped at words, in a smaller size if it does not fit, and cut off if that is not enough. It
// returns the height that was used.
func (p *page) text(x, y, w, h, size float64, style style, text string) {
	lines := p.wrap(text, w, size, style)
	for size > smallest && float64(len(lines))*size*lineHeight > h {
		size = max(smallest, size-0.5)
		lines = p.wrap(text, w, size, style)
	}
	if most := max(1, int(h/(size*lineHeight))); len(lines) > most {
		lines = append(lines[:most-1], p.clip(lines[most-1]+"…", w))
	}
	for i, line := range lines {
		p.pdf.Text(x, y+(float64(i)+0.8)*size*lineHeight, p.encode(line))
	}
}

// wrap breaks text into lines of a width.
func (p *page) wrap(text string, w, size float64, style style) []string {
	p.use(p.pdf, style, size)
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, p.wrapWords(strings.Fields(p.printable(paragraph)), w)...)
	}
	return lines
}

// width is how wide text is in the current style and size.
func (p *page) width(text string) float64 { return p.pdf.GetStringWidth(p.encode(text)) }

// wrapWords fills lines with words. A word that is longer than a line is broken.
func (p *page) wrapWords(words []string, w float64) []string {
	var lines []string
	line := ""
	for _, word := range words {
		if joined := strings.TrimSpace(line + " " + word); p.width(joined) <= w {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for p.width(word) > w {
			head := p.head(word, w)
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
func (p *page) head(word string, w float64) string {
	end := 0
	for i, r := range word {
		next := i + len(string(r))
		if end > 0 && p.width(word[:next]) > w {
			break
		}
		end = next
	}
	return word[:end]
}

// clip shortens a line that ends with an ellipsis until it fits.
func (p *page) clip(line string, w float64) string {
	runes := []rune(strings.TrimSuffix(line, "…"))
	for len(runes) > 0 && p.width(string(runes)+"…") > w {
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
