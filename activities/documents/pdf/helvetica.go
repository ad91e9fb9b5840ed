package pdf

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// HelveticaWidth is the width of a text that [EncodeHelvetica] returned, in
// millimetres.
func HelveticaWidth(size float64, bold bool, encoded string) float64 {
	widths := &helveticaWidths[0]
	if bold {
		widths = &helveticaWidths[1]
	}
	width := 0
	for i := range len(encoded) {
		width += int(widths[max(encoded[i], ' ')-' '])
	}
	return float64(width) * size / 1000 / pointsPerMm
}

// EncodeHelvetica returns the text for [Page.Helvetica], or false if Helvetica lacks
// one of its characters. It has those of western Europe.
func EncodeHelvetica(text string) (encoded string, printable bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		b, known := charmap.Windows1252.EncodeRune(r)
		if !known || b < ' ' || b == 0x7f || b >= 0x80 && b < 0xa0 && r < 0xa0 || b == 0xad {
			return "", false
		}
		out = append(out, b)
	}
	return string(out), true
}

// helveticaFont is the object of a font that every viewer has: its name and widths.
func helveticaFont(name string, weight int, descriptor reference) []byte {
	font := fmt.Appendf(nil, "<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding/FirstChar 32/LastChar 255/FontDescriptor %v/Widths[", name, descriptor)
	for _, width := range helveticaWidths[weight] {
		font = append(strconv.AppendUint(font, uint64(width), 10), ' ')
	}
	return append(font, "]>>"...)
}

// helveticaDescription has Adobe's font metrics of Helvetica and Helvetica-Bold.
func helveticaDescription(name string, weight int) []byte {
	bounds := [2]string{"-166 -225 1000 931", "-170 -228 1003 962"}[weight]
	stem := [2]int{88, 140}[weight]
	return fmt.Appendf(nil, "<</Type/FontDescriptor/FontName/%s/Flags 32/FontBBox[%s]/ItalicAngle 0/Ascent 718/Descent -207/CapHeight 718/StemV %d>>", name, bounds, stem)
}

// helveticaWidths are the widths of the characters of Windows-1252 from space on, of
// Helvetica and of Helvetica-Bold, in thousandths of the size. They are those of
// Adobe's font metrics for the fonts that every viewer has.
var helveticaWidths = func() (widths [2][256 - ' ']uint16) {
	for weight, table := range []string{regularWidths, boldWidths} {
		for i, word := range strings.Fields(table) {
			width, err := strconv.ParseUint(word, 10, 16)
			if err != nil {
				panic(err) // The tables are part of the binary.
			}
			widths[weight][i] = uint16(width)
		}
	}
	return widths
}()

const (
	regularWidths = `
		278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278
		584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944
		667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500
		278 556 500 722 500 500 500 334 260 334 584 350 556 350 222 556 333 1000 556 556 333 1000 667 333 1000 350 611 350
		350 222 222 333 333 350 556 1000 333 1000 500 333 944 350 500 667 278 333 556 556 556 556 260 556 333 737 370 556
		584 333 737 333 400 584 333 333 333 556 537 278 333 333 365 556 834 834 834 611 667 667 667 667 667 667 1000 722
		667 667 667 667 278 278 278 278 722 722 778 778 778 778 778 584 778 722 722 722 722 667 667 611 556 556 556 556
		556 556 889 500 556 556 556 556 278 278 278 278 556 556 556 556 556 556 556 584 611 556 556 556 556 500 556 500
	`
	boldWidths = `
		278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333
		584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944
		667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556
		333 611 556 778 556 556 500 389 280 389 584 350 556 350 278 556 500 1000 556 556 333 1000 667 333 1000 350 611 350
		350 278 278 500 500 350 556 1000 333 1000 556 333 944 350 500 667 278 333 556 556 556 556 280 556 333 737 370 556
		584 333 737 333 400 584 333 333 333 611 556 278 333 333 365 556 834 834 834 611 722 722 722 722 722 722 1000 722
		667 667 667 667 278 278 278 278 722 722 778 778 778 778 778 584 778 722 722 722 722 667 667 611 556 556 556 556
		556 556 889 556 556 556 556 556 278 278 278 278 611 611 611 611 611 611 611 584 611 611 611 611 611 556 611 556
	`
)
