package events

import (
	"slices"

	"shipments/shipment/text"
)

// literal are the members whose text stays as it is: ids, which are compared byte by
// byte.
var literal = []string{"shipmentId", "carrierId"}

// optionalText are the members of a shipment that may be absent, and are absent where
// they are empty.
var optionalText = []string{
	"line2", "postalCode", "company", "state", "phone", "email", "vatNumber", "eori",
	"sku", "reference", "reason", "incoterm", "invoiceNumber", "invoiceDate", "iossNumber", "declaration",
}

// normaliseShipment gives the text in the data of a shipments.created event its one
// form before the schema is applied to it. It is as much of
// [shipment.Shipment.Normalise] as the schema notices: the rules check the formats
// of numbers and codes.
func normaliseShipment(data any) any { return normaliser{optional: optionalText}.value("", data) }

// normaliseRequest does the same for the data of a request.
func normaliseRequest(data any) any { return normaliser{}.value("", data) }

// normaliser normalises JSON values.
type normaliser struct {
	optional []string // members that are removed where they are empty
}

// value normalises the value of a member. One that is no text stays for the schema to
// reject.
func (n normaliser) value(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for member, inner := range v {
			inner = n.value(member, inner)
			if inner == "" && slices.Contains(n.optional, member) {
				delete(v, member)
			} else {
				v[member] = inner
			}
		}
	case []any:
		for i := range v {
			v[i] = n.value(name, v[i])
		}
	case string:
		switch {
		case slices.Contains(literal, name):
		case name == "postalCode":
			return text.Code(v)
		default:
			return text.Normalise(v)
		}
	}
	return value
}
