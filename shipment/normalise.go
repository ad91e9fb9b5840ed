package shipment

import (
	"shipments/shipment/phone"
	"shipments/shipment/text"
)

// Normalise gives all text of s its one form, so that the same shipment is the
// same however it was typed. It is applied to what comes from outside before
// anything else: the rules, the limits of lengths and the digest are those of the
// result. The ids of the shipment and of carriers stay as they are.
//
//   - Text of people becomes [text.Normalise].
//   - Postal codes and email addresses become [text.Code]: fullwidth digits are digits.
//   - HS codes lose their dots and spaces; numbers for VAT, of EORI and IOSS also
//     hyphens, and are in capitals.
//   - Phone numbers become E.164, read as numbers of the address's country. What is
//     no phone number stays, and the rules reject it.
//
// Normalise(Normalise(s)) is Normalise(s). Lists and the importer are changed in
// place.
func (s *Shipment) Normalise() {
	fold(&s.CollectionDate, &s.TimeZone, &s.Reference)
	for i := range s.Legs {
		leg := &s.Legs[i]
		leg.Sender.normalise()
		leg.Receiver.normalise()
		leg.Collection.normalise()
	}
	for i := range s.Goods {
		g := &s.Goods[i]
		fold(&g.Description, &g.UnitValue, &g.Currency, &g.OriginCountry, &g.SKU)
		g.HSCode = text.Compact(g.HSCode, ". ")
	}
	if s.Customs == nil {
		return
	}
	s.Customs.normalise()
	if *s.Customs == (Customs{}) {
		s.Customs = nil
	}
}

func (a *Address) normalise() {
	fold(&a.Name, &a.Line1, &a.Line2, &a.City, &a.Country, &a.Company, &a.State)
	a.PostalCode, a.Email = text.Code(a.PostalCode), text.Code(a.Email)
	a.VATNumber = compactNumber(a.VATNumber)
	a.EORI = compactNumber(a.EORI)
	if a.Phone == "" {
		return
	}
	a.Phone = text.Code(a.Phone)
	if number, valid := phone.Parse(a.Phone, a.Country); valid {
		a.Phone = number
	}
}

func (c *Customs) normalise() {
	reason := string(c.Reason)
	fold(&reason, &c.Incoterm, &c.InvoiceNumber, &c.InvoiceDate, &c.Declaration)
	c.Reason = CustomsReason(reason)
	c.IOSSNumber = compactNumber(c.IOSSNumber)
	if c.Importer != nil {
		c.Importer.normalise()
	}
}

func fold(texts ...*string) {
	for _, t := range texts {
		*t = text.Normalise(*t)
	}
}

func compactNumber(number string) string {
	if number == "" {
		return ""
	}
	return text.Compact(number, " .-")
}
