package documents

import (
	"image/color"
	"math"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/qr"

	"shipments/activities/documents/pdf"
)

// Label printers print dots: 203 or 300 to an inch. A bar is printed right if each
// of its modules (the narrowest bar or gap) is a whole number of dots. Modules have
// 2 or 4 dots at 203 dpi, and 3 or 6 at 300 dpi, which are nearly as wide. A label is
// laid out on the dots of 203 dpi; see [snap] for 300 dpi.
const (
	dotsPerMm     = 203 / 25.4
	fineDotsPerMm = 300 / 25.4
	narrow, wide  = 2, 4
)

// Blank space that a code needs around it, in modules (ISO/IEC 15417 and 18004).
const (
	quietZone   = 10
	qrQuietZone = 4
)

// code is the machine-readable form of a tracking number.
type code struct {
	kind codeKind
	// modules are black or not: a row of them for a barcode, rows for a QR code.
	modules [][]bool
	dots    int // of a module, at 203 dpi
}

// codeKind says how a code lies on the label.
type codeKind int

const (
	across  codeKind = iota // a barcode from left to right
	upright                 // a longer barcode, turned by 90 degrees
	square                  // a QR code, for what no barcode on the label holds
)

// codeFor encodes a number: as a barcode (Code 128) if one with its quiet zones fits
// on the label, across or upright, else as a QR code. A number that is none of them
// has no modules.
func codeFor(number string) code {
	if modules, encoded := barcodeModules(number); encoded {
		needed := len(modules) + 2*quietZone
		fits := func(mm float64, module int) bool { return needed*module <= dots(mm) }
		switch {
		case fits(labelWidth, wide):
			return code{across, [][]bool{modules}, wide}
		case fits(labelWidth, narrow):
			return code{across, [][]bool{modules}, narrow}
		case fits(labelHeight, narrow):
			return code{upright, [][]bool{modules}, narrow}
		}
	}
	encoded, err := qr.Encode(number, qr.M, qr.Unicode)
	if err != nil {
		return code{kind: square}
	}
	c := code{kind: square, dots: wide}
	for y := range encoded.Bounds().Dy() {
		c.modules = append(c.modules, row(encoded, y))
	}
	if len(c.modules) > qrModules {
		c.dots = narrow
	}
	return c
}

// barcodeModules are the modules of a number as Code 128, which holds printable
// ASCII. (The library takes some other characters for commands to the scanner.)
func barcodeModules(number string) ([]bool, bool) {
	for i := range len(number) {
		if number[i] < ' ' || number[i] > '~' {
			return nil, false
		}
	}
	encoded, err := code128.Encode(number)
	if err != nil {
		return nil, false
	}
	return row(encoded, 0), true
}

func row(c barcode.Barcode, y int) []bool {
	modules := make([]bool, c.Bounds().Dx())
	for x := range modules {
		modules[x] = c.At(x, y) == color.Black
	}
	return modules
}

// length is how long the code is without its quiet zone, in dots.
func (c code) length() int { return len(c.modules[0]) * c.dots }

// draw draws a barcode whose bars begin at a dot along its length, and whose bars
// reach from one place to another, in millimetres.
func (c code) draw(page *pdf.Page, start int, from, to float64) {
	modules := c.modules[0]
	bars := make([][4]float64, 0, len(modules)/2)
	for i := 0; i < len(modules); i++ {
		first := i
		for i < len(modules) && modules[i] {
			i++
		}
		if i == first {
			continue
		}
		begin, end := snap(start+first*c.dots, start+i*c.dots)
		if c.kind == upright {
			bars = append(bars, [4]float64{from, begin, to - from, end - begin})
		} else {
			bars = append(bars, [4]float64{begin, from, end - begin, to - from})
		}
	}
	page.Fill(bars...)
}

// drawSquare draws a QR code whose upper left module is at a place in dots.
func (c code) drawSquare(page *pdf.Page, left, top int) {
	const inset = 0.1 / dotsPerMm
	var blocks [][4]float64
	for y, modules := range c.modules {
		for x := 0; x < len(modules); x++ {
			first := x
			for x < len(modules) && modules[x] {
				x++
			}
			if x > first {
				blocks = append(blocks, [4]float64{
					float64(left+first*c.dots)/dotsPerMm + inset, float64(top+y*c.dots)/dotsPerMm + inset,
					float64((x-first)*c.dots)/dotsPerMm - 2*inset, float64(c.dots)/dotsPerMm - 2*inset,
				})
			}
		}
	}
	page.Fill(blocks...)
}

// snap returns where a bar begins and ends, in millimetres, that has the dots from
// first to end at 203 dpi, and half as many again at 300 dpi. A printer blackens each
// dot that a shape touches, or each whose middle it covers. So an edge is put into
// the outer half of a dot, at both densities, and where that is not possible
// somewhere into the dot. Gaps between bars have the right number of dots at 203 dpi;
// at 300 dpi a gap may have one less, since 3 dots there are a little wider than 2
// dots at 203 dpi.
func snap(first, end int) (from, to float64) {
	fine := (end - first) * 3 / 2
	coarseBegin, coarseEnd := float64(first)/dotsPerMm, float64(end)/dotsPerMm
	nearest := math.Floor(coarseBegin * fineDotsPerMm)
	for _, reach := range []float64{0.45, 0.95} {
		for _, fineFirst := range []float64{nearest, nearest + 1} {
			from, begins := common(
				coarseBegin+margin/dotsPerMm, coarseBegin+reach/dotsPerMm,
				(fineFirst+margin)/fineDotsPerMm, (fineFirst+reach)/fineDotsPerMm)
			fineEnd := fineFirst + float64(fine)
			to, ends := common(
				coarseEnd-reach/dotsPerMm, coarseEnd-margin/dotsPerMm,
				(fineEnd-reach)/fineDotsPerMm, (fineEnd-margin)/fineDotsPerMm)
			if begins && ends {
				return from, to
			}
		}
	}
	return coarseBegin + margin/dotsPerMm, coarseEnd - margin/dotsPerMm
}

// margin keeps an edge off the border between two dots.
const margin = 0.05

// common is the middle of what two intervals have in common.
func common(from1, to1, from2, to2 float64) (middle float64, found bool) {
	from, to := max(from1, from2), min(to1, to2)
	return (from + to) / 2, from < to
}

// dots is how many whole dots a length in millimetres has at 203 dpi.
func dots(mm float64) int { return int(mm * dotsPerMm) }
