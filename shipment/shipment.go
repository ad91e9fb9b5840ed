package shipment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	// HSCode is the six to ten digits of the Harmonized System.
	HSCode string `json:"hsCode"`
	// OriginCountry is an ISO 3166-1 alpha-2 code.
	OriginCountry string `json:"originCountry"`
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

// Digest identifies the content of a shipment: two events with the same
// digest describe the same shipment, however their JSON was written.
// It is the SHA-256 of the canonical JSON, in hexadecimal.
func (s Shipment) Digest() string {
	// Go writes the members of plain structs in the order of declaration.
	canonical, err := json.Marshal(&s)
	if err != nil {
		panic(err) // Strings and integers can always be marshalled.
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// PackageCount is the number of packages, at least one.
func (s Shipment) PackageCount() int { return max(1, len(s.Packages)) }
