package carriers

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"

	"shipments/activities/documents/pdf"
)

// labels are the simulator's own labels: one for each tracking number, with its
// barcode, and with words that nobody takes for a real carrier's.
func (s Simulator) labels(numbers []string) ([]Label, error) {
	var draw func(string) ([]byte, error)
	switch s.Labels {
	case "":
		return nil, nil
	case LabelPDF:
		draw = pdfLabel
	case LabelPNG:
		draw = pngLabel
	case LabelZPL:
		draw = zplLabel
	default:
		return nil, fmt.Errorf("a simulator has no labels of type %q", s.Labels)
	}
	labels := make([]Label, len(numbers))
	for i, number := range numbers {
		content, err := draw(number)
		if err != nil {
			return nil, fmt.Errorf("draw the label %s: %w", number, err)
		}
		labels[i] = Label{ContentType: s.Labels, Content: content}
	}
	return labels, nil
}

func zplLabel(number string) ([]byte, error) {
	return fmt.Appendf(nil, "^XA\n^FO40,40^A0N,40,40^FDSIMULATED CARRIER^FS\n^FO40,120^BCN,200,Y,N,N^FD%s^FS\n^XZ\n", number), nil
}

// pngLabel is a label of 100 × 150 mm at 203 dpi, in black and white.
func pngLabel(number string) ([]byte, error) {
	const width, height, module, top, bars = 800, 1200, 2, 200, 300
	code, err := code128.Encode(number)
	if err != nil {
		return nil, err
	}
	scaled, err := barcode.Scale(code, module*code.Bounds().Dx(), bars)
	if err != nil {
		return nil, err
	}
	label := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	left := (width - scaled.Bounds().Dx()) / 2
	draw.Draw(label, scaled.Bounds().Add(image.Pt(left, top)), scaled, image.Point{}, draw.Src)
	var out bytes.Buffer
	err = png.Encode(&out, label)
	return out.Bytes(), err
}

// pdfLabel is a label of 100 × 150 mm. The same number gives the same bytes.
func pdfLabel(number string) ([]byte, error) {
	picture, err := pngLabel(number)
	if err != nil {
		return nil, err
	}
	page, err := pdf.Picture(picture)
	if err != nil {
		return nil, err
	}
	page.Helvetica(8, 15, 16, true, "SIMULATED CARRIER")
	if encoded, printable := pdf.EncodeHelvetica(number); printable {
		page.Helvetica(8, 70, 10, false, encoded)
	}
	label := pdf.New("Label "+number, "en", time.Unix(0, 0))
	label.Add(page)
	return label.Bytes(), nil
}
