package shipment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Digest identifies the content of a shipment: two events with the same
// digest describe the same shipment, however their JSON was written.
// It is the SHA-256 of the canonical JSON, in hexadecimal.
//
// The canonical JSON is what encoding/json makes of the shipment. It is written by
// hand, in a third of the time, because every event needs its digest.
func (s Shipment) Digest() string {
	const usual = 4096 // bytes, which a shipment of two legs does not exceed
	sum := sha256.Sum256(s.appendCanonical(make([]byte, 0, usual)))
	return hex.EncodeToString(sum[:])
}

// appendCanonical appends the canonical JSON of s.
func (s *Shipment) appendCanonical(b []byte) []byte {
	b = appendText(append(b, `{"shipmentId":`...), s.ShipmentID)
	b = appendText(append(b, `,"collectionDate":`...), s.CollectionDate)
	b = appendText(append(b, `,"timeZone":`...), s.TimeZone)
	b = append(b, `,"legs":`...)
	if s.Legs == nil {
		b = append(b, "null"...)
	} else {
		b = appendList(b, s.Legs, (*Leg).appendCanonical)
	}
	if len(s.Packages) > 0 {
		b = appendList(append(b, `,"packages":`...), s.Packages, (*Package).appendCanonical)
	}
	if len(s.Goods) > 0 {
		b = appendList(append(b, `,"goods":`...), s.Goods, (*Goods).appendCanonical)
	}
	b = appendOptional(b, `,"reference":`, s.Reference)
	if s.Customs != nil {
		b = s.Customs.appendCanonical(append(b, `,"customs":`...))
	}
	return append(b, '}')
}

func (l *Leg) appendCanonical(b []byte) []byte {
	b = appendText(append(b, `{"carrierId":`...), l.CarrierID)
	b = l.Sender.appendCanonical(append(b, `,"sender":`...))
	b = l.Receiver.appendCanonical(append(b, `,"receiver":`...))
	b = l.Collection.appendCanonical(append(b, `,"collection":`...))
	return append(b, '}')
}

func (a *Address) appendCanonical(b []byte) []byte {
	b = appendText(append(b, `{"name":`...), a.Name)
	b = appendText(append(b, `,"line1":`...), a.Line1)
	b = appendOptional(b, `,"line2":`, a.Line2)
	b = appendText(append(b, `,"city":`...), a.City)
	b = appendOptional(b, `,"postalCode":`, a.PostalCode)
	b = appendText(append(b, `,"country":`...), a.Country)
	b = appendOptional(b, `,"company":`, a.Company)
	b = appendOptional(b, `,"state":`, a.State)
	b = appendOptional(b, `,"phone":`, a.Phone)
	b = appendOptional(b, `,"email":`, a.Email)
	b = appendOptional(b, `,"vatNumber":`, a.VATNumber)
	b = appendOptional(b, `,"eori":`, a.EORI)
	return append(b, '}')
}

func (p *Package) appendCanonical(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"weightGrams":`...), int64(p.WeightGrams), 10)
	b = strconv.AppendInt(append(b, `,"lengthMm":`...), int64(p.LengthMm), 10)
	b = strconv.AppendInt(append(b, `,"widthMm":`...), int64(p.WidthMm), 10)
	b = strconv.AppendInt(append(b, `,"heightMm":`...), int64(p.HeightMm), 10)
	return append(b, '}')
}

func (g *Goods) appendCanonical(b []byte) []byte {
	b = appendText(append(b, `{"description":`...), g.Description)
	b = strconv.AppendInt(append(b, `,"quantity":`...), int64(g.Quantity), 10)
	b = appendText(append(b, `,"unitValue":`...), g.UnitValue)
	b = appendText(append(b, `,"currency":`...), g.Currency)
	b = appendText(append(b, `,"hsCode":`...), g.HSCode)
	b = appendText(append(b, `,"originCountry":`...), g.OriginCountry)
	if g.WeightGrams != 0 {
		b = strconv.AppendInt(append(b, `,"weightGrams":`...), int64(g.WeightGrams), 10)
	}
	b = appendOptional(b, `,"sku":`, g.SKU)
	return append(b, '}')
}

// appendCanonical leaves out what is empty, as it does for every member of Customs:
// the first one that is there has no comma.
func (c *Customs) appendCanonical(b []byte) []byte {
	start := len(b)
	b = appendOptional(b, `,"reason":`, string(c.Reason))
	b = appendOptional(b, `,"incoterm":`, c.Incoterm)
	b = appendOptional(b, `,"invoiceNumber":`, c.InvoiceNumber)
	b = appendOptional(b, `,"invoiceDate":`, c.InvoiceDate)
	b = appendOptional(b, `,"iossNumber":`, c.IOSSNumber)
	b = appendOptional(b, `,"declaration":`, c.Declaration)
	if c.Importer != nil {
		b = c.Importer.appendCanonical(append(b, `,"importer":`...))
	}
	if len(b) == start {
		return append(b, "{}"...)
	}
	b[start] = '{' // instead of the first comma
	return append(b, '}')
}

func appendList[T any](b []byte, list []T, one func(*T, []byte) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(&list[i], b)
	}
	return append(b, ']')
}

// appendOptional appends a member, with the comma before it, unless its text is empty.
func appendOptional(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	return appendText(append(b, name...), text)
}

// appendText appends a JSON string. What needs an escape is left to encoding/json.
func appendText(b []byte, text string) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0x7f {
				return appendEscaped(b, text)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return appendEscaped(b, text)
		}
		i += size
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

func appendEscaped(b []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // A string can always be marshalled.
	}
	return append(b, quoted...)
}
