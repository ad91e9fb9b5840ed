package documents

import (
	"fmt"
	"slices"
	"strings"

	"shipments/activities/documents/pdf"
	"shipments/shipment"
)

// The size of labels, in millimetres.
const labelWidth, labelHeight = 100.0, 150.0

// labelMargin is the blank space at the edges of a label.
const labelMargin = 5.0

// The place of codes. A QR code has at most qrModules wide modules a side.
const (
	barTop, barHeight    = 96.0, 26.0
	squareTop            = 93.5
	stripLeft, stripWide = 77.0, 19.0
	qrModules            = 67
)

// parcel is what one label is for.
type parcel struct {
	leg, number, of int // leg from 0, number from 1
	tracking        string
	// isShared says that the tracking number is that of all packages of the leg.
	isShared bool
}

// parcels lists the packages of a leg. A carrier that gives one number for all of
// them has it once, or once for each.
func (in Input) parcels(leg int) []parcel {
	numbers := in.Legs[leg].TrackingNumbers
	count := len(numbers)
	if count == 1 {
		count = in.Shipment.PackageCount()
	}
	parcels := make([]parcel, count)
	for i := range parcels {
		parcels[i] = parcel{
			leg: leg, number: i + 1, of: count, tracking: numbers[min(i, len(numbers)-1)],
			isShared: count > 1 && len(slices.Compact(slices.Clone(numbers))) == 1,
		}
	}
	return parcels
}

// labels draws the labels of a leg. All of them are laid out alike: if the barcode of
// one has to stand upright, those of all do.
func labels(in Input, leg int, face face) ([]*pdf.Page, error) {
	parcels := in.parcels(leg)
	codes := make([]code, len(parcels))
	lay := across
	for i, p := range parcels {
		codes[i] = codeFor(p.tracking)
		if codes[i].kind == upright {
			lay = upright
		}
	}
	var pages []*pdf.Page
	for i, p := range parcels {
		draw := &canvas{Page: pdf.NewPage(labelWidth, labelHeight), face: face}
		if codes[i].kind != square {
			codes[i].kind = lay
		}
		if codes[i].kind == upright {
			draw.labelBeside(in, p, codes[i])
		} else {
			draw.labelAbove(in, p, codes[i])
		}
		if draw.err != nil {
			return nil, draw.err
		}
		pages = append(pages, draw.Page)
	}
	return pages, nil
}

// labelAbove draws a label whose code is beneath the addresses.
func (c *canvas) labelAbove(in Input, p parcel, code code) {
	const width = labelWidth - 2*labelMargin
	carrier, _ := in.Rules.Carrier(in.Legs[p.leg].CarrierID)
	c.text(labelMargin, 4.5, 60, 8, 16, bold, carrier.Name)
	c.stack(66, 6, width+labelMargin-66, 7, right, line{carrier.Service(), 11, plain})
	c.rule(labelMargin, 13.5, labelMargin+width)
	leg := in.Shipment.Legs[p.leg]
	c.from(leg.Sender, 15, width, 20)
	c.rule(labelMargin, 37, labelMargin+width)
	c.to(leg.Receiver, 38.5, width, 38)
	c.rule(labelMargin, 81, labelMargin+width)
	c.facts(in, p, 82.5, width)
	c.rule(labelMargin, 92.5, labelMargin+width)
	numberLeft, numberTop, numberWidth, numberHeight := labelMargin, barTop+barHeight+1, width, 9.0
	switch {
	case code.modules == nil:
		c.text(labelMargin, barTop+8, width, 10, 9, plain, "This tracking number has no barcode.")
	case code.kind == square:
		leftDot := qrQuietZone*code.dots + dots(labelMargin)
		code.drawSquare(c.Page, leftDot, qrQuietZone*code.dots+dots(squareTop))
		numberLeft = float64(leftDot+code.length()+qrQuietZone*code.dots) / dotsPerMm
		numberTop, numberWidth, numberHeight = barTop, labelWidth-labelMargin-numberLeft, 34
	default:
		start := (dots(labelWidth) - code.length()) / 2
		code.draw(c.Page, start, barTop, barTop+barHeight)
	}
	c.number(p, numberLeft, numberTop, numberWidth, numberHeight, centreUnless(code.kind == square))
	c.names(in, 133, width)
}

func centreUnless(leftAligned bool) align {
	if leftAligned {
		return left
	}
	return centre
}

// labelBeside draws a label whose barcode stands upright at the right.
func (c *canvas) labelBeside(in Input, p parcel, code code) {
	const width = stripLeft - labelMargin - 4
	start := (dots(labelHeight) - code.length()) / 2
	code.draw(c.Page, start, stripLeft, stripLeft+stripWide)
	carrier, _ := in.Rules.Carrier(in.Legs[p.leg].CarrierID)
	c.stack(labelMargin, 4.5, width, 12, left, line{carrier.Name, 15, bold}, line{carrier.Service(), 10, plain})
	c.rule(labelMargin, 17, labelMargin+width)
	leg := in.Shipment.Legs[p.leg]
	c.from(leg.Sender, 18.5, width, 24)
	c.rule(labelMargin, 45, labelMargin+width)
	c.to(leg.Receiver, 46.5, width, 45)
	c.rule(labelMargin, 96, labelMargin+width)
	c.facts(in, p, 97.5, width)
	c.rule(labelMargin, 107.5, labelMargin+width)
	c.caption(labelMargin, 109, width, "TRACKING NUMBER")
	c.number(p, labelMargin, 112.5, width, 17, left)
	c.rule(labelMargin, 131, labelMargin+width)
	c.names(in, 132.5, width)
}

// from draws the sender.
func (c *canvas) from(a shipment.Address, y, width, height float64) {
	c.caption(labelMargin, y, width, "FROM")
	pieces := []line{}
	for _, text := range addressLines(a) {
		pieces = append(pieces, line{text, 8.5, plain})
	}
	c.stack(labelMargin, y+3, width, height-2, left, pieces...)
}

// to draws the receiver: the country stands out.
func (c *canvas) to(a shipment.Address, y, width, height float64) {
	c.caption(labelMargin, y, width, "TO")
	pieces := []line{{a.Name, 14, bold}}
	if a.Company != "" {
		pieces = append(pieces, line{a.Company, 12, plain})
	}
	pieces = append(pieces, line{a.Line1, 12, plain}, line{a.Line2, 12, plain}, line{cityLine(a), 12, plain}, line{capitals(a.Country), 13, bold})
	if a.Phone != "" {
		pieces = append(pieces, line{"Tel. " + a.Phone, 10, plain})
	}
	c.stack(labelMargin, y+3.5, width, height, left, pieces...)
}

// facts draws which package of how many it is, its weight, leg and day of collection.
func (c *canvas) facts(in Input, p parcel, y, width float64) {
	facts := [][2]string{
		{"PIECE", fmt.Sprintf("%d of %d", p.number, p.of)},
		{"WEIGHT", weight(in.Shipment, p.number-1)},
		{"LEG", fmt.Sprintf("%d of %d", p.leg+1, len(in.Legs))},
		{"COLLECTION", in.Shipment.CollectionDate},
	}
	for i, share := range []float64{0, 0.24, 0.53, 0.74} {
		x := labelMargin + share*width
		next := []float64{0.24, 0.53, 0.74, 1}[i]*width + labelMargin
		c.caption(x, y, next-x-1, facts[i][0])
		c.text(x, y+3.2, next-x-1.5, 5, 11, bold, facts[i][1])
	}
}

// number draws the tracking number in print: on one line, or on two halves if it is
// long.
func (c *canvas) number(p parcel, x, y, width, height float64, align align) {
	const size, least = 11.0, 8.0
	piece := line{p.tracking, size, bold}
	if natural := c.width(p.tracking, size, bold); natural > width {
		piece.size = max(least, size*width/natural*0.99)
		if c.width(p.tracking, piece.size, bold) > width {
			piece.size = size
			if half := (len(p.tracking) + 1) / 2; natural < 2*width {
				piece.text = p.tracking[:half] + "\n" + p.tracking[half:]
			}
		}
	}
	pieces := []line{piece}
	if p.isShared {
		pieces = append(pieces, line{fmt.Sprintf("piece %d of %d", p.number, p.of), 8, plain})
	}
	c.stack(x, y, width, height, align, pieces...)
}

// names draws the sender's reference and the id of the shipment.
func (c *canvas) names(in Input, y, width float64) {
	if in.Shipment.Reference != "" {
		c.caption(labelMargin, y, width, "REFERENCE")
		c.text(labelMargin, y+3, width, 4, 9, plain, in.Shipment.Reference)
	}
	c.caption(labelMargin, y+7.5, width, "SHIPMENT")
	c.text(labelMargin, y+10.5, width, 4, 8, plain, in.Shipment.ShipmentID)
}

// addressLines are the lines of an address in print, with a phone number.
func addressLines(a shipment.Address) []string {
	lines := []string{a.Name, a.Company, a.Line1, a.Line2, cityLine(a), capitals(a.Country)}
	if a.Phone != "" {
		lines = append(lines, "Tel. "+a.Phone)
	}
	present := lines[:0]
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			present = append(present, line)
		}
	}
	return present
}

// cityLine is the line with the city, as its country writes it.
func cityLine(a shipment.Address) string {
	switch a.Country {
	case "US", "CA", "AU", "GB", "IE", "NZ", "IN", "JP", "KR", "BR", "MX", "SG", "TH", "TW", "ZA":
		return strings.Join(strings.Fields(strings.Join([]string{a.City, a.State, a.PostalCode}, " ")), " ")
	default:
		return strings.Join(strings.Fields(strings.Join([]string{a.PostalCode, a.City, a.State}, " ")), " ")
	}
}
