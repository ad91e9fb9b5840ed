package documents

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/code128"
)

// quietZone is the blank space that a Code 128 needs on each side, in modules
// (ISO/IEC 15417).
const quietZone = 10

// code128Bars draws text as a Code 128 barcode that fills a box, quiet zones
// included. A text that Code 128 cannot express gets a sentence instead: the label
// has the text in print anyway.
func (p *page) code128Bars(text string, x, y, w, h float64) {
	code, err := code128.Encode(text)
	if err != nil {
		p.text(x+quietZone, y+h/2, w-2*quietZone, h/2, 9, plain, "This number has no barcode.")
		return
	}
	modules := code.Bounds().Dx()
	isBar := func(i int) bool { return i < modules && code.At(i, 0) == color.Black }
	// The bars are filled together, in coordinates in which a module is 1 wide and
	// the box 1 high (ISO 32000, 8.3.4). So each bar is an exact multiple of the
	// module, and the operators are short.
	points := p.pdf.GetConversionRatio()
	_, pageHeight := p.pdf.GetPageSize()
	module := w / float64(modules+2*quietZone)
	var bars strings.Builder
	fmt.Fprintf(&bars, "q %.5f 0 0 %.2f %.2f %.2f cm\n", module*points, h*points, (x+quietZone*module)*points, (pageHeight-y-h)*points)
	for i := 0; i < modules; i++ {
		start := i
		for isBar(i) {
			i++
		}
		if i > start {
			fmt.Fprintf(&bars, "%d 0 %d 1 re\n", start, i-start)
		}
	}
	bars.WriteString("f Q")
	p.pdf.SetFillColor(0, 0, 0)
	p.pdf.RawWriteStr(bars.String())
}
