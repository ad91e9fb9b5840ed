package documents

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/goregular"
)

// page draws text into boxes. All measures are in millimetres, font sizes in
// points.
type page struct {
	pdf *fpdf.Fpdf
}

// The formats.
var (
	labelSize = fpdf.SizeType{Wd: 100, Ht: 150}
	a4        = fpdf.SizeType{Wd: 210, Ht: 297}
)

const (
	smallest   = 4.0   // points: below, text is cut off
	lineHeight = 0.42  // millimetres per point
	outline    = 0.012 // millimetres per point: the outline of bold text
)

// style is how text is drawn.
type style int

const (
	plain style = iota
	bold
)

// The text rendering modes of PDF (ISO 32000, 9.3.6) that are used.
const (
	fill          = 0
	fillAndStroke = 2
)

// newPage starts a document. Everything that would differ between two
// renderings of the same input, its dates above all, is fixed.
func newPage(title string, date time.Time) *page {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: a4})
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(date)
	pdf.SetModificationDate(date)
	pdf.SetProducer("shipments", true)
	pdf.SetTitle(printable(title), true)
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	// Each font costs some milliseconds in every document: there is one, and
	// bold text is drawn with an outline.
	pdf.AddUTF8FontFromBytes(fontFamily, "", goregular.TTF)
	return &page{pdf: pdf}
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
	lines := p.wrap(text, w, size)
	for size > smallest && float64(len(lines))*size*lineHeight > h {
		size = max(smallest, size-0.5)
		lines = p.wrap(text, w, size)
	}
	if most := max(1, int(h/(size*lineHeight))); len(lines) > most {
		lines = append(lines[:most-1], p.clip(lines[most-1]+"…", w))
	}
	if style == bold {
		p.pdf.SetLineWidth(size * outline)
		p.pdf.SetTextRenderingMode(fillAndStroke)
		defer p.pdf.SetTextRenderingMode(fill)
	}
	for i, line := range lines {
		p.pdf.Text(x, y+(float64(i)+0.8)*size*lineHeight, line)
	}
}

// wrap breaks text into lines of a width.
func (p *page) wrap(text string, w, size float64) []string {
	p.pdf.SetFont(fontFamily, "", size)
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, p.wrapWords(strings.Fields(printable(paragraph)), w)...)
	}
	return lines
}

// wrapWords fills lines with words. A word that is longer than a line is broken.
func (p *page) wrapWords(words []string, w float64) []string {
	var lines []string
	line := ""
	for _, word := range words {
		if joined := strings.TrimSpace(line + " " + word); p.pdf.GetStringWidth(joined) <= w {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for p.pdf.GetStringWidth(word) > w {
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
		if end > 0 && p.pdf.GetStringWidth(word[:next]) > w {
			break
		}
		end = next
	}
	return word[:end]
}

// clip shortens a line that ends with an ellipsis until it fits.
func (p *page) clip(line string, w float64) string {
	runes := []rune(strings.TrimSuffix(line, "…"))
	for len(runes) > 0 && p.pdf.GetStringWidth(string(runes)+"…") > w {
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
