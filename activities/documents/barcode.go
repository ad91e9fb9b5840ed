package documents

import (
	"image/color"

	"github.com/boombuler/barcode/code128"
)

// quietZone is the blank space that a Code 128 needs on each side, in modules
// (ISO/IEC 15417).
const quietZone = 10

// code128Bars draws text as a Code 128 barcode that fills the given box (in
// millimetres), quiet zones included. A text that the code cannot express, or
// that is too long to be read by a scanner, has none: the label still has it
// in print.
func (p *page) code128Bars(text string, x, y, w, h float64) {
	code, err := code128.Encode(text)
	if err != nil {
		p.text(x+quietZone, y+h/2, w-2*quietZone, h/2, 9, plain, "This number has no barcode.")
		return
	}
	modules := code.Bounds().Dx()
	module := w / float64(modules+2*quietZone)
	isBar := func(i int) bool { return i < modules && code.At(i, 0) == color.Black }
	p.pdf.SetFillColor(0, 0, 0)
	for i := 0; i < modules; {
		if !isBar(i) {
			i++
			continue
		}
		start := i
		for isBar(i) {
			i++
		}
		p.pdf.Rect(x+float64(quietZone+start)*module, y, float64(i-start)*module, h, "F")
	}
}
