package shipment

import (
	"strings"
)

// Shipment is goods travelling over one or two legs. It is the data of the
// shipments.created event; its JSON Schema is events/schemas/shipments.created.json.
type Shipment struct {
	// ShipmentID identifies the shipment everywhere: see [ValidID].
	ShipmentID string `json:"shipmentId"`
	// CollectionDate is the calendar day (YYYY-MM-DD, in TimeZone) on which
	// the carrier collects the packages.
	CollectionDate string `json:"collectionDate"`
	// TimeZone is an IANA name such as Europe/London.
	TimeZone string `json:"timeZone"`
	// Legs are travelled in order; there are one or two.
	Legs []Leg `json:"legs"`
	// Packages may be absent for a domestic shipment, which is then one package.
	Packages []Package `json:"packages,omitempty"`
	// Goods may be absent for a domestic shipment: it needs no customs invoice.
	Goods []Goods `json:"goods,omitempty"`
	// Reference is the sender's own name for the shipment, such as an order
	// number. It is printed on the label.
	Reference string `json:"reference,omitempty"`
	// Customs may be absent: see [Customs].
	Customs *Customs `json:"customs,omitempty"`
}

// Leg is the part of the journey that one carrier takes care of.
type Leg struct {
	CarrierID  string  `json:"carrierId"`
	Sender     Address `json:"sender"`
	Receiver   Address `json:"receiver"`
	Collection Address `json:"collection"`
}

// Address is a postal address.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postalCode,omitempty"`
	// Country is an ISO 3166-1 alpha-2 code in upper case.
	Country string `json:"country"`
	// Company is the organisation at the address.
	Company string `json:"company,omitempty"`
	// State is an ISO 3166-2 subdivision without the country: CA, not US-CA.
	State string `json:"state,omitempty"`
	// Phone is a number in E.164: +442071234567.
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
	// VATNumber is the number for value-added tax, with its country's prefix.
	VATNumber string `json:"vatNumber,omitempty"`
	// EORI is the Economic Operators Registration and Identification number.
	EORI string `json:"eori,omitempty"`
}

// Package is one parcel: its weight in grams, its sides in millimetres.
type Package struct {
	WeightGrams int `json:"weightGrams"`
	LengthMm    int `json:"lengthMm"`
	WidthMm     int `json:"widthMm"`
	HeightMm    int `json:"heightMm"`
}

// Goods is one line of the customs invoice.
type Goods struct {
	Description string `json:"description"`
	Quantity    int    `json:"quantity"`
	// UnitValue is a decimal number as text ("19.90"), so that no amount ever
	// passes through binary floating point.
	UnitValue string `json:"unitValue"`
	// Currency is an ISO 4217 code.
	Currency string `json:"currency"`
	// HSCode is the six to twelve digits of the Harmonized System.
	HSCode string `json:"hsCode"`
	// OriginCountry is an ISO 3166-1 alpha-2 code.
	OriginCountry string `json:"originCountry"`
	// WeightGrams is the net weight of all units of the line, in grams; 0 if it
	// is not given.
	WeightGrams int `json:"weightGrams,omitempty"`
	// SKU is the seller's stock-keeping unit.
	SKU string `json:"sku,omitempty"`
}

// Customs is what the customs invoice says beside the addresses and the goods.
type Customs struct {
	// Reason is why the goods cross the border: see [CustomsReasons]. Empty means
	// a sale.
	Reason CustomsReason `json:"reason,omitempty"`
	// Incoterm is one of the Incoterms 2020.
	Incoterm string `json:"incoterm,omitempty"`
	// InvoiceNumber is the seller's; the shipment id if it is empty.
	InvoiceNumber string `json:"invoiceNumber,omitempty"`
	// InvoiceDate is a calendar day (YYYY-MM-DD); the collection date if it is
	// empty.
	InvoiceDate string `json:"invoiceDate,omitempty"`
	// IOSSNumber is the seller's number in the EU's Import One-Stop Shop.
	IOSSNumber string `json:"iossNumber,omitempty"`
	// Declaration is printed above the place for the signature.
	Declaration string `json:"declaration,omitempty"`
	// Importer is who imports the goods, where that is not the receiver of the
	// last leg.
	Importer *Address `json:"importer,omitempty"`
}

// CustomsReason is why goods cross a customs border.
type CustomsReason string

// The reasons of [Customs.Reason].
const (
	ReasonSale      CustomsReason = "sale"
	ReasonGift      CustomsReason = "gift"
	ReasonSample    CustomsReason = "sample"
	ReasonReturn    CustomsReason = "return"
	ReasonRepair    CustomsReason = "repair"
	ReasonDocuments CustomsReason = "documents"
	ReasonOther     CustomsReason = "other"
)

// CustomsReasons are all reasons.
func CustomsReasons() []CustomsReason {
	return []CustomsReason{ReasonSale, ReasonGift, ReasonSample, ReasonReturn, ReasonRepair, ReasonDocuments, ReasonOther}
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// IDRule says in words what [ValidID] accepts.
const IDRule = "1 to 64 letters, digits, '-' or '_'"

// ValidID reports whether id is fit to be a shipment id: 1 to 64 ASCII
// letters, digits, hyphens and underscores. Such an id is safe as a NATS
// subject token, a header value, a workflow id, a file name and a URL segment.
func ValidID(id string) bool {
	return len(id) >= 1 && len(id) <= 64 && strings.Trim(id, idAlphabet) == ""
}

// ProcessID is the id of the Temporal workflow that is a shipment's process.
// No shipment id contains its dot, so the ids of two shipments never collide.
func ProcessID(shipmentID string) string { return "shipment." + shipmentID }

// OfProcess is the shipment that a workflow belongs to, by its id; empty for another
// workflow. The ids of a process's child workflows begin with its own and a dot.
func OfProcess(workflowID string) string {
	id, ok := strings.CutPrefix(workflowID, ProcessID(""))
	id, _, _ = strings.Cut(id, ".")
	if !ok || !ValidID(id) {
		return ""
	}
	return id
}

// PackageCount is the number of packages, at least one.
func (s Shipment) PackageCount() int { return max(1, len(s.Packages)) }
