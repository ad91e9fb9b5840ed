package documents

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"shipments/activities/documents/pdf"
	"shipments/shipment/text"
)

// canvas draws text into boxes on a page. Measures are in millimetres from the upper
// left corner, sizes of text in points.
type canvas struct {
	*pdf.Page

	face face
	err  error // the first error; what is drawn after it does not matter
}

const (
	minSize    = 4.0  // points; text that does not fit in this size is cut off
	lineHeight = 0.42 // millimetres per point
	ascent     = 0.33 // millimetres per point, from the top of a line to its base line
)

// style is how text is drawn.
type style int

const (
	plain style = iota
	bold
)

// align is where a line stands in its box.
type align int

const (
	left align = iota
	right
	centre
)

// line is a piece of text with its size and style, to be drawn in a box below others.
type line struct {
	text  string
	size  float64
	style style
}

// text draws one piece of text into a box, left-aligned; see [canvas.stack].
func (c *canvas) text(x, y, w, h, size float64, style style, text string) {
	c.stack(x, y, w, h, left, line{text, size, style})
}

// stack draws pieces of text into a box, one below the other, from the top. It breaks
// lines at line breaks and between words. What does not fit is drawn in smaller
// sizes, and cut off with an ellipsis if it does not fit in the smallest one either.
func (c *canvas) stack(x, y, w, h float64, align align, pieces ...line) {
	const step = 0.95
	for scale := 1.0; ; scale *= step {
		laid, height, smallest := c.lay(w, scale, pieces)
		if height <= h+0.01 || smallest {
			c.drawLines(x, y, w, h, align, laid)
			return
		}
	}
}

// lay breaks pieces into lines, in sizes multiplied by scale.
func (c *canvas) lay(w, scale float64, pieces []line) (laid []line, height float64, smallest bool) {
	smallest = true
	for _, piece := range pieces {
		size := max(minSize, piece.size*scale)
		smallest = smallest && size <= minSize
		for _, words := range c.wrap(piece.text, w, size, piece.style) {
			laid = append(laid, line{words, size, piece.style})
			height += size * lineHeight
		}
	}
	return laid, height, smallest
}

func (c *canvas) drawLines(x, y, w, h float64, align align, lines []line) {
	end := y + h + 0.01
	for i, l := range lines {
		height := l.size * lineHeight
		isCutOff := i+1 < len(lines) && y+height+lines[i+1].size*lineHeight > end
		if isCutOff {
			l.text = c.shorten(l.text+"…", w, l.size, l.style)
		}
		c.write(x, y+ascent*l.size, w, align, l)
		if isCutOff {
			return
		}
		y += height
	}
}

// write draws a line on the base line at y.
func (c *canvas) write(x, y, w float64, align align, l line) {
	switch align {
	case left:
	case right:
		x += w - c.width(l.text, l.size, l.style)
	case centre:
		x += (w - c.width(l.text, l.size, l.style)) / 2
	}
	if err := c.face.write(c.Page, x, y, l.size, l.style, l.text); err != nil && c.err == nil {
		c.err = err
	}
}

func (c *canvas) width(text string, size float64, style style) float64 {
	width, err := c.face.width(size, style, text)
	if err != nil && c.err == nil {
		c.err = err
	}
	return width
}

// wrap breaks text into lines of a width. No text has no lines.
func (c *canvas) wrap(s string, w, size float64, style style) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		lines = append(lines, c.wrapWords(strings.Fields(text.Normalise(paragraph)), w, size, style)...)
	}
	return lines
}

// wrapWords fills lines with words. A word that is longer than a line is broken, behind
// its last hyphen or slash on the line unless that leaves more than half of it empty.
func (c *canvas) wrapWords(words []string, w, size float64, style style) []string {
	var lines []string
	space := c.width(" ", size, style)
	current, used := "", 0.0
	for _, word := range words {
		width := c.width(word, size, style)
		if current != "" && used+space+width <= w {
			current, used = current+" "+word, used+space+width
			continue
		}
		if current != "" {
			lines = append(lines, current)
		}
		for width > w {
			head := c.head(word, w, size, style)
			if head == word {
				break
			}
			if at := strings.LastIndexAny(head, "-/"); at > len(head)/2 {
				head = head[:at+1]
			}
			lines, word = append(lines, head), word[len(head):]
			width = c.width(word, size, style)
		}
		current, used = word, width
	}
	if current != "" {
		lines = append(lines, current)
	}
	return lines
}

// head is the longest beginning of a word that fits, and at least one character with
// its marks.
func (c *canvas) head(word string, w, size float64, style style) string {
	used, start := 0.0, 0
	for end := range word {
		r, length := utf8.DecodeRuneInString(word[end:])
		if end > 0 && unicode.IsMark(r) {
			continue
		}
		if end > start {
			used += c.width(word[start:end], size, style)
			if used > w && start > 0 {
				return word[:start]
			}
			start = end
		}
		if end+length == len(word) && start > 0 && used+c.width(word[start:], size, style) > w {
			return word[:start]
		}
	}
	return word
}

// shorten shortens a line that ends with an ellipsis until it fits.
func (c *canvas) shorten(s string, w, size float64, style style) string {
	runes := []rune(strings.TrimSuffix(s, "…"))
	for len(runes) > 0 && c.width(string(runes)+"…", size, style) > w {
		runes = runes[:len(runes)-1]
		for len(runes) > 0 && unicode.IsMark(runes[len(runes)-1]) {
			runes = runes[:len(runes)-1]
		}
	}
	return string(runes) + "…"
}

// caption draws a small grey heading.
func (c *canvas) caption(x, y, w float64, text string) {
	c.captionAligned(x, y, w, left, text)
}

func (c *canvas) captionAligned(x, y, w float64, align align, text string) {
	c.Grey(0.4)
	c.stack(x, y, w, 3, align, line{text, 6.5, plain})
	c.Grey(0)
}

func (c *canvas) rule(x1, y, x2 float64) { c.Line(x1, y, x2, y, 0.2) }
