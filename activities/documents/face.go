package documents

import (
	"encoding/json"

	"shipments/activities/documents/pdf"
	"shipments/activities/documents/typeface"
)

// face is what the text of a document is set in. Text has no line breaks.
type face interface {
	// width is the width of a text in millimetres. The size is in points.
	width(size float64, style style, text string) (float64, error)
	// write draws a text from x, on the base line at y.
	write(page *pdf.Page, x, y, size float64, style style, text string) error
}

// faceFor picks the face by all the text that may be printed. The standard one is
// preferred: documents need not embed its fonts.
func faceFor(in Input, fonts *typeface.Typeface) face {
	text, err := json.Marshal(in)
	if err != nil {
		return newEmbedded(fonts)
	}
	if _, printable := pdf.EncodeHelvetica(string(text)); !printable {
		return newEmbedded(fonts)
	}
	return standard{fonts}
}

// standard is Helvetica, one of the fonts that every viewer has. It covers the
// languages of western Europe.
type standard struct{ fonts *typeface.Typeface }

func (f standard) encode(text string) (string, error) {
	encoded, printable := pdf.EncodeHelvetica(text)
	if !printable {
		return "", &typeface.UnprintableError{Characters: f.fonts.Unprintable(text)}
	}
	return encoded, nil
}

func (f standard) width(size float64, style style, text string) (float64, error) {
	encoded, err := f.encode(text)
	return pdf.HelveticaWidth(size, style == bold, encoded), err
}

func (f standard) write(page *pdf.Page, x, y, size float64, style style, text string) error {
	encoded, err := f.encode(text)
	if err != nil {
		return err
	}
	page.Helvetica(x, y, size, style == bold, encoded)
	return nil
}

// embedded are the fonts of the typeface. It is used by one goroutine at a time.
type embedded struct {
	fonts *typeface.Typeface
	// known are the texts that were measured or drawn before: most are measured first.
	known map[styled]set
}

// styled is a text in a style.
type styled struct {
	text string
	bold bool
}

// set is a text that has been set. The width is that of a size of one point.
type set struct {
	runs  []typeface.Run
	width float64
}

func newEmbedded(fonts *typeface.Typeface) embedded {
	const usual = 256 // texts of a shipment's documents
	return embedded{fonts, make(map[styled]set, usual)}
}

func (f embedded) set(style style, text string) (set, error) {
	key := styled{text, style == bold}
	known, found := f.known[key]
	if found {
		return known, nil
	}
	runs, err := f.fonts.Runs(text, key.bold)
	if err != nil {
		return set{}, err
	}
	known = set{runs, pdf.RunsWidth(1, runs)}
	f.known[key] = known
	return known, nil
}

func (f embedded) width(size float64, style style, text string) (float64, error) {
	known, err := f.set(style, text)
	return size * known.width, err
}

func (f embedded) write(page *pdf.Page, x, y, size float64, style style, text string) error {
	known, err := f.set(style, text)
	if err != nil {
		return err
	}
	page.Runs(x, y, size, style == bold, known.runs)
	return nil
}
