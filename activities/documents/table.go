package documents

import (
	"fmt"
	"strings"

	"shipments/activities/documents/pdf"
)

// The size of A4 pages and their margins, in millimetres.
const (
	a4Width, a4Height = 210.0, 297.0
	pageMargin        = 18.0
	printWidth        = a4Width - 2*pageMargin
	pageBottom        = 280.0 // the foot of the page is below
)

// report is a document of A4 pages: a title, and what follows from y downwards.
type report struct {
	*canvas

	title, subject string
	pages          []*pdf.Page
	y              float64
	face           face
}

func newReport(face face, title, subject string) *report {
	r := &report{title: title, subject: subject, face: face}
	r.addPage()
	r.text(pageMargin, 16, printWidth, 11, 22, bold, title)
	r.y = 29
	return r
}

// addPage goes to the top of another page.
func (r *report) addPage() {
	next := &canvas{Page: pdf.NewPage(a4Width, a4Height), face: r.face}
	if r.canvas != nil {
		next.err = r.err
	}
	r.canvas, r.y = next, pageMargin
	r.pages = append(r.pages, next.Page)
	if len(r.pages) > 1 {
		r.text(pageMargin, r.y, printWidth, 6, 10, bold, r.title)
		r.y += 9
	}
}

// need makes sure that a height is left on the page, or goes to another one. It
// reports whether it did.
func (r *report) need(height float64) bool {
	if r.y+height <= pageBottom {
		return false
	}
	r.addPage()
	return true
}

// finish writes the foot of each page: the subject, and the number of the page.
func (r *report) finish() ([]*pdf.Page, error) {
	for i, page := range r.pages {
		foot := &canvas{Page: page, face: r.face}
		foot.rule(pageMargin, pageBottom+3, pageMargin+printWidth)
		foot.text(pageMargin, pageBottom+4.5, printWidth-30, 4, 8, plain, r.subject)
		foot.stack(pageMargin+printWidth-30, pageBottom+4.5, 30, 4, right, line{fmt.Sprintf("Page %d of %d", i+1, len(r.pages)), 8, plain})
		if foot.err != nil && r.err == nil {
			r.err = foot.err
		}
	}
	return r.pages, r.err
}

// block is a caption with lines beneath.
type block struct {
	caption string
	lines   []string
}

// blockSize is the size of text in blocks, in points.
const blockSize = 9.5

// blocks draws blocks side by side, and goes below the highest. Each has the height
// that it needs, up to a limit.
func (r *report) blocks(limit float64, blocks ...block) {
	width := printWidth / float64(len(blocks))
	height := 0.0
	for i, b := range blocks {
		x := pageMargin + float64(i)*width
		r.caption(x, r.y, width-4, b.caption)
		pieces := make([]line, len(b.lines))
		for n, text := range b.lines {
			pieces[n] = line{text, blockSize, plain}
		}
		_, needed, _ := r.lay(width-4, 1, pieces)
		needed = min(needed, limit)
		r.stack(x, r.y+3.8, width-4, needed, left, pieces...)
		height = max(height, needed)
	}
	r.y += 3.8 + height + 4
}

// column is a column of a table: its width, heading, and where its cells stand.
type column struct {
	width float64
	title string
	align align
}

// table draws rows from the report's y downwards. When a page is full, it goes to
// another one and repeats the headings there.
type table struct {
	*report

	columns []column
}

const (
	cellSize, cellGap = 8.5, 2.5
	maxCellHeight     = 40.0
)

func (t *table) head() {
	x := pageMargin
	height := 0.0
	for _, c := range t.columns {
		_, needed, _ := t.lay(c.width-cellGap, 1, []line{{strings.ToUpper(c.title), 6.5, plain}})
		height = max(height, needed)
	}
	for _, c := range t.columns {
		t.Grey(0.4)
		t.stack(x, t.y, c.width-cellGap, height, c.align, line{strings.ToUpper(c.title), 6.5, plain})
		t.Grey(0)
		x += c.width
	}
	t.y += height + 0.8
	t.rule(pageMargin, t.y, pageMargin+printWidth)
	t.y += 1
}

func (t *table) row(cells ...string)   { t.draw(plain, cells) }
func (t *table) total(cells ...string) { t.draw(bold, cells) }

// together goes to another page if that many rows of one line do not fit on this one.
// It reports whether it did.
func (t *table) together(rows int) bool {
	goes := t.need(float64(rows)*(cellSize*lineHeight+2) + 1.5)
	if goes {
		t.head()
	}
	return goes
}

// draw draws a row as high as its highest cell. A number stays on one line: it
// becomes smaller if it has to.
func (t *table) draw(style style, cells []string) {
	height := cellSize * lineHeight
	for i, cell := range cells {
		if t.columns[i].align == left {
			_, needed, _ := t.lay(t.columns[i].width-cellGap, 1, []line{{cell, cellSize, style}})
			height = max(height, min(needed, maxCellHeight))
		}
	}
	if t.need(height + 2) {
		t.head()
	}
	x := pageMargin
	for i, cell := range cells {
		c := t.columns[i]
		cellHeight := height
		if c.align == right {
			cellHeight = cellSize * lineHeight
		}
		t.stack(x, t.y+0.7, c.width-cellGap, cellHeight, c.align, line{cell, cellSize, style})
		x += c.width
	}
	t.y += height + 2
}
