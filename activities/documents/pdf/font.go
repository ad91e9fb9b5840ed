package pdf

import (
	"crypto/sha256"
	"fmt"
	"strconv"

	"shipments/activities/documents/typeface"
)

// Fonts are the fonts that documents embed, with the glyphs that their pages use. What
// several documents share is made once. They are used by one goroutine at a time.
type Fonts struct {
	list   []*embeddedFont
	byFont map[*typeface.Font]*embeddedFont
}

// NewFonts makes fonts without a glyph.
func NewFonts() *Fonts { return &Fonts{byFont: map[*typeface.Font]*embeddedFont{}} }

// Encode encodes a page once for all documents with these fonts. The page is not drawn
// on any more. All pages of all these documents are encoded before the first document
// ends, so that each has the same glyphs.
func (f *Fonts) Encode(page *Page) {
	for _, s := range page.content {
		if s.picture != nil {
			return // Its number is the document's own.
		}
	}
	if page.copied == nil {
		encoder := Document{fonts: f}
		page.encoded, page.encodedWith = encoder.encode(page), f
	}
}

// embeddedFont is a font as documents have it: only those glyphs that are used,
// numbered from 1 in the order of their first use.
type embeddedFont struct {
	font    *typeface.Font
	name    string
	numbers map[character]int
	used    []character
	// subset is what has been made of the used ones; it is out of date if there are
	// more by now.
	subset subset
}

// subset is the parts of a font in a file.
type subset struct {
	glyphs                   int
	tag                      string
	file, widths, characters []byte
}

// character is a glyph and what it stands for. A font may have one glyph for several
// characters: they have numbers of their own, so that a reader of the document finds
// the right ones.
type character struct {
	glyph uint16
	text  rune
}

func (f *Fonts) embed(font *typeface.Font) *embeddedFont {
	embedded := f.byFont[font]
	if embedded == nil {
		embedded = &embeddedFont{font: font, name: "/F" + strconv.Itoa(len(f.list)+1), numbers: map[character]int{}}
		f.byFont[font] = embedded
		f.list = append(f.list, embedded)
	}
	return embedded
}

func (f *embeddedFont) number(glyph typeface.Glyph) int {
	c := character{glyph.ID, glyph.Text}
	n, known := f.numbers[c]
	if !known {
		f.used = append(f.used, c)
		n = len(f.used)
		f.numbers[c] = n
	}
	return n
}

// appendText appends the operators that write a piece of text (ISO 32000, 9.4).
func (f *embeddedFont) appendText(b []byte, s segment) []byte {
	b = append(append(b, "BT "...), f.name...)
	b = append(appendNumber(append(b, ' '), s.size), " Tf "...)
	b = append(appendNumber(b, s.left), ' ')
	b = append(appendNumber(b, s.base), " Td [<"...)
	adjusted := 0 // what the next glyph has to be moved by to the right
	for _, glyph := range s.glyphs {
		if glyph.DY != 0 {
			b = append(b, ">] TJ "...)
			b = append(appendNumber(b, float64(glyph.DY)*s.size/1000), " Ts [<"...)
		}
		if move := adjusted + glyph.DX; move != 0 {
			b = append(b, '>')
			b = strconv.AppendInt(b, int64(-move), 10)
			b = append(b, '<')
		}
		b = appendHexadecimal(b, f.number(glyph))
		// The document moves on by the glyph's own width.
		adjusted = glyph.Advance - f.font.Advance(glyph.ID) - glyph.DX
		if glyph.DY != 0 {
			b = append(b, ">] TJ 0 Ts [<"...)
		}
	}
	return append(b, ">] TJ ET\n"...)
}

// appendHexadecimal appends a number in four digits.
func appendHexadecimal(b []byte, n int) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, digits[n>>12&15], digits[n>>8&15], digits[n>>4&15], digits[n&15])
}

// write writes the font into the document (ISO 32000, 9.7).
func (f *embeddedFont) write(d *Document) reference {
	f.update()
	name := "/" + f.subset.tag + "+" + f.font.Name
	content := d.add(f.subset.file)
	const symbolic = 4
	descriptor := d.add(fmt.Appendf(nil, "<</Type/FontDescriptor/FontName%s/Flags %d/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV %d/FontFile2 %v>>",
		name, symbolic, f.font.Left, f.font.Bottom, f.font.Right, f.font.Top, f.font.Ascent, f.font.Descent, f.font.CapHeight, f.stem(), content))
	descendant := d.add(fmt.Appendf(nil, "<</Type/Font/Subtype/CIDFontType2/BaseFont%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %v/CIDToGIDMap/Identity/DW 0/W[1[%s]]>>",
		name, descriptor, f.subset.widths))
	characters := d.add(f.subset.characters)
	return d.add(fmt.Appendf(nil, "<</Type/Font/Subtype/Type0/BaseFont%s/Encoding/Identity-H/DescendantFonts[%v]/ToUnicode %v>>", name, descendant, characters))
}

// update makes the subset of the glyphs that are used.
func (f *embeddedFont) update() {
	if f.subset.glyphs == len(f.used) {
		return
	}
	ids := make([]uint16, len(f.used))
	widths := make([]byte, 0, 4*len(f.used))
	for i, c := range f.used {
		ids[i] = c.glyph
		widths = strconv.AppendInt(append(widths, ' '), int64(f.font.Advance(c.glyph)), 10)
	}
	file := f.font.Subset(ids)
	f.subset = subset{
		glyphs: len(f.used), tag: tag(file), widths: widths[1:],
		file: stream(fmt.Sprintf("/Length1 %d", len(file)), file), characters: stream("", f.characters()),
	}
}

// stem is the width of strokes, as viewers want it when they lack the font.
func (f *embeddedFont) stem() int {
	if f.font.Bold {
		return 140
	}
	return 80
}

// characters is the table that says which characters the numbers stand for, so that
// text can be searched and copied (ISO 32000, 9.10.3).
func (f *embeddedFont) characters() []byte {
	table := []byte("/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n" +
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n" +
		"1 begincodespacerange<0000><FFFF>endcodespacerange\n")
	const most = 100 // entries of a block
	for start := 0; start < len(f.used); start += most {
		block := f.used[start:min(len(f.used), start+most)]
		table = fmt.Appendf(table, "%d beginbfchar\n", len(block))
		for i, c := range block {
			table = append(appendHexadecimal(append(table, '<'), start+i+1), "><"...)
			table = append(append(table, utf16Digits(string(c.text))...), ">\n"...)
		}
		table = append(table, "endbfchar\n"...)
	}
	return append(table, "endcmap CMapName currentdict/CMap defineresource pop end end"...)
}

// tag is six capital letters that tell subsets of a font apart.
func tag(file []byte) string {
	sum := sha256.Sum256(file)
	letters := make([]byte, 6)
	for i := range letters {
		letters[i] = 'A' + sum[i]%26
	}
	return string(letters)
}
