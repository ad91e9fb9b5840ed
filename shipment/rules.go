package shipment

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"shipments/shipment/currency"
	"shipments/shipment/text"
)

// Rules are the deployment's choices by which a shipment is validated. They are
// part of the input of its process, so that changing the configuration never
// disturbs a process that runs.
type Rules struct {
	// Emulation lets the shipment id drive category, failures and booking time
	// (see package emulation); off, the route and the calendar decide.
	Emulation bool `json:"emulation,omitempty"`
	// CollectionDelay is the time from scheduling a collection to booking it
	// while emulating.
	CollectionDelay time.Duration `json:"collectionDelay,omitempty"`
	// RebookingWindow is how long a process stays open after a failed booking;
	// see [Rules.RebookingWindowFor].
	RebookingWindow time.Duration `json:"rebookingTime,omitempty"`
	// CollectionHorizon is how far ahead a collection date may be; see
	// [Rules.TooFarAhead]. 0 is no bound.
	CollectionHorizon time.Duration `json:"collectionHorizon,omitempty"`
	// Typeface is what documents are printed with: text that it cannot print is
	// rejected. Without one, which is so in a process, nothing is: the gate has looked.
	Typeface Typeface `json:"-"`
	// Carriers are the carriers that a shipment may travel with.
	Carriers []Carrier `json:"carriers,omitempty"`
}

// Carrier is what the process needs to know of a carrier to plan with it.
type Carrier struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Services are what the carrier offers; shipments travel with the first.
	Services []string `json:"services,omitempty"`
	// PaperlessTrade says that the customs invoice can be handed over as data.
	PaperlessTrade bool `json:"paperlessTrade,omitempty"`
	// Booking says when collections can be booked.
	Booking BookingWindow `json:"booking"`
}

// Service is the service that shipments travel with.
func (c Carrier) Service() string {
	if len(c.Services) == 0 {
		return "Standard"
	}
	return c.Services[0]
}

// Carrier finds a carrier by id.
func (r Rules) Carrier(id string) (Carrier, bool) {
	i := slices.IndexFunc(r.Carriers, func(c Carrier) bool { return c.ID == id })
	if i < 0 {
		return Carrier{}, false
	}
	return r.Carriers[i], true
}

// For returns the rules with only those carriers that s uses: enough to validate
// it by, and small enough to travel with it.
func (r Rules) For(s Shipment) Rules {
	used := make([]Carrier, 0, len(s.Legs))
	for _, leg := range s.Legs {
		carrier, known := r.Carrier(leg.CarrierID)
		if known && !slices.ContainsFunc(used, func(c Carrier) bool { return c.ID == carrier.ID }) {
			used = append(used, carrier)
		}
	}
	r.Carriers = used
	return r
}

// Reason says why an input was not accepted: a stable machine-readable code,
// where in the input (a JSON Pointer or an attribute's name; empty for all of
// it), and a sentence for people that says what would be right.
type Reason struct {
	Code    string `json:"code"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
}

func (r Reason) String() string {
	if r.Path == "" {
		return r.Code + ": " + r.Message
	}
	return r.Code + " at " + r.Path + ": " + r.Message
}

// The codes of the domain's own rules.
const (
	CodeInvalidShipmentID     = "invalid-shipment-id"
	CodeInvalidCollectionDate = "invalid-collection-date"
	CodeUnknownTimeZone       = "unknown-time-zone"
	CodeUnknownCountry        = "unknown-country"
	CodeUnknownCurrency       = "unknown-currency"
	CodeUnknownCarrier        = "unknown-carrier"
	CodeLegCount              = "leg-count"
	CodeMissingText           = "missing-text"
	CodeMissingPackages       = "missing-packages"
	CodeMissingGoods          = "missing-goods"
	CodeOutOfRange            = "out-of-range"
	// CodeInvalidFormat: a number or a code, such as a telephone number, is not
	// written as its kind is.
	CodeInvalidFormat = "invalid-format"
	// CodeUnprintableText: no font has a character of a text that documents show.
	CodeUnprintableText = "unprintable-text"
	// CodeZeroValue: goods that cross a customs border are worth nothing, although the
	// reason for customs asks for a value.
	CodeZeroValue = "zero-value"
)

// Bounds of what can be shipped. The JSON Schema states the same ones.
const (
	MaxLegs        = 2
	MaxPackages    = 99
	MaxGoods       = 200
	MaxWeightGrams = 1_000_000
	MaxSideMm      = 10_000
	MaxQuantity    = 1_000_000
	// MaxGoodsGrams is what all packages can weigh.
	MaxGoodsGrams = MaxPackages * MaxWeightGrams
)

// Validate returns what is wrong with s, or nothing. It is the one function
// that decides whether a shipment makes sense: the consumer and the HTTP API
// apply it before anything is stored or started, and the entry workflow applies
// it to whatever reaches it another way.
func (r Rules) Validate(s Shipment) []Reason {
	v := validation{rules: r}
	v.whole(s)
	for i := range s.Legs[:min(len(s.Legs), MaxLegs)] {
		v.leg(place{list: "legs", index: i}, s.Legs[i])
	}
	for i, p := range s.Packages[:min(len(s.Packages), MaxPackages)] {
		v.parcel(place{list: "packages", index: i}, p)
	}
	for i := range s.Goods[:min(len(s.Goods), MaxGoods)] {
		v.goods(place{list: "goods", index: i}, s.Goods[i])
	}
	if s.Customs != nil {
		v.customs(*s.Customs)
	}
	if r.Classify(s) != Domestic {
		v.international(s)
	}
	return v.reasons
}

// validation collects the reasons of one [Rules.Validate]. Nearly all shipments
// are valid: what a reason is made of is put together only for one that is not.
type validation struct {
	rules   Rules
	reasons []Reason
}

// place is where something stands in a shipment: an element of a list, or a
// part of one; nothing is the shipment itself.
type place struct {
	list  string
	index int
	part  string
}

// member is the JSON Pointer to a member of what stands there.
func (p place) member(name string) string {
	pointer := "/" + name
	if p.part != "" {
		pointer = "/" + p.part + pointer
	}
	if p.list != "" {
		pointer = "/" + p.list + "/" + strconv.Itoa(p.index) + pointer
	}
	return pointer
}

func (v *validation) add(code string, at place, member, format string, args ...any) {
	v.reasons = append(v.reasons, Reason{Code: code, Path: at.member(member), Message: fmt.Sprintf(format, args...)})
}

func (v *validation) whole(s Shipment) {
	if !ValidID(s.ShipmentID) {
		v.add(CodeInvalidShipmentID, place{}, "shipmentId", "%q is not a shipment id: use %s", text.Clip(s.ShipmentID, maxShown), IDRule)
	}
	if wrong := wrongDate(s.CollectionDate); wrong != "" {
		v.add(CodeInvalidCollectionDate, place{}, "collectionDate", "%s", wrong)
	}
	if _, err := location(s.TimeZone); err != nil {
		v.add(CodeUnknownTimeZone, place{}, "timeZone", "%q is not an IANA time zone: use one such as Europe/London", text.Clip(s.TimeZone, maxShown))
	}
	v.printable(place{}, "reference", s.Reference)
	if n := len(s.Legs); n < 1 || n > MaxLegs {
		v.add(CodeLegCount, place{}, "legs", "%d legs: a shipment has one or two", n)
	}
	if n := len(s.Packages); n > MaxPackages {
		v.add(CodeOutOfRange, place{}, "packages", "%d packages: at most %d are possible", n, MaxPackages)
	}
	if n := len(s.Goods); n > MaxGoods {
		v.add(CodeOutOfRange, place{}, "goods", "%d lines of goods: at most %d are possible", n, MaxGoods)
	}
}

func (v *validation) international(s Shipment) {
	const why = "an international shipment needs at least one, for its customs invoice"
	if len(s.Packages) == 0 {
		v.add(CodeMissingPackages, place{}, "packages", "no packages: "+why)
	}
	if len(s.Goods) == 0 {
		v.add(CodeMissingGoods, place{}, "goods", "no goods: "+why)
	}
	if s.Customs != nil && s.Customs.Reason.AllowsNoValue() {
		return
	}
	for i := range s.Goods[:min(len(s.Goods), MaxGoods)] {
		if g := &s.Goods[i]; g.isWorthNothing() {
			v.add(CodeZeroValue, place{list: "goods", index: i}, "unitValue",
				"the line is worth %s %s: customs wants a value, or the reason sample or documents in customs.reason", g.LineTotal().Amount, g.Currency)
		}
	}
}

func (v *validation) leg(at place, leg Leg) {
	if _, known := v.rules.Carrier(leg.CarrierID); !known {
		v.add(CodeUnknownCarrier, at, "carrierId", "no carrier with id %q is known here", text.Clip(leg.CarrierID, maxShown))
	}
	at.part = "sender"
	v.address(at, leg.Sender)
	at.part = "receiver"
	v.address(at, leg.Receiver)
	at.part = "collection"
	v.address(at, leg.Collection)
}

func (v *validation) address(at place, a Address) {
	v.present(at, "name", a.Name, "an address needs a name")
	v.present(at, "line1", a.Line1, "an address needs a first line")
	v.printable(at, "line2", a.Line2)
	v.present(at, "city", a.City, "an address needs a city")
	v.printable(at, "postalCode", a.PostalCode)
	v.printable(at, "company", a.Company)
	v.country(at, "country", a.Country, "GB")
	if a.State != "" {
		v.format(at, "state", wrongState(a.State, a.Country))
	}
	if a.Phone != "" {
		v.format(at, "phone", wrongPhone(a.Phone))
	}
	if a.Email != "" {
		v.format(at, "email", wrongEmail(a.Email))
		v.printable(at, "email", a.Email)
	}
	if a.VATNumber != "" {
		v.format(at, "vatNumber", wrongVATNumber(a.VATNumber))
	}
	if a.EORI != "" {
		v.format(at, "eori", wrongEORI(a.EORI))
	}
}

func (v *validation) customs(c Customs) {
	at := place{part: "customs"}
	if c.Reason != "" {
		v.format(at, "reason", wrongReason(c.Reason))
	}
	if c.Incoterm != "" {
		v.format(at, "incoterm", wrongIncoterm(c.Incoterm))
	}
	if c.InvoiceDate != "" {
		v.format(at, "invoiceDate", wrongDate(c.InvoiceDate))
	}
	if c.IOSSNumber != "" {
		v.format(at, "iossNumber", wrongIOSSNumber(c.IOSSNumber))
	}
	v.printable(at, "invoiceNumber", c.InvoiceNumber)
	v.printable(at, "declaration", c.Declaration)
	if c.Importer != nil {
		v.address(place{part: "customs/importer"}, *c.Importer)
	}
}

// format adds the sentence that says what is wrong with a member, if there is one.
func (v *validation) format(at place, member, wrong string) {
	if wrong != "" {
		v.add(CodeInvalidFormat, at, member, "%s", wrong)
	}
}

func (v *validation) parcel(at place, p Package) {
	v.within(at, "weightGrams", p.WeightGrams, MaxWeightGrams)
	v.within(at, "lengthMm", p.LengthMm, MaxSideMm)
	v.within(at, "widthMm", p.WidthMm, MaxSideMm)
	v.within(at, "heightMm", p.HeightMm, MaxSideMm)
}

func (v *validation) goods(at place, g Goods) {
	v.present(at, "description", g.Description, "goods need a description")
	v.within(at, "quantity", g.Quantity, MaxQuantity)
	if !currency.IsAmount(g.UnitValue) {
		v.add(CodeOutOfRange, at, "unitValue", "%q is not an amount: use a decimal number such as \"19.90\"", text.Clip(g.UnitValue, maxShown))
	}
	if _, known := currency.Digits(g.Currency); !known {
		example := cmp.Or(currency.Successor(g.Currency), "EUR")
		v.add(CodeUnknownCurrency, at, "currency", "%q is not a currency of today: use an ISO 4217 code such as %s", text.Clip(g.Currency, maxShown), example)
	}
	v.printable(at, "sku", g.SKU)
	v.format(at, "hsCode", wrongHSCode(g.HSCode))
	v.country(at, "originCountry", g.OriginCountry, "DE")
	if g.WeightGrams != 0 { // It was given.
		v.within(at, "weightGrams", g.WeightGrams, MaxGoodsGrams)
	}
}

// present requires a text that is there, and can be printed.
func (v *validation) present(at place, member, value, need string) {
	if strings.TrimSpace(value) == "" {
		v.add(CodeMissingText, at, member, "%s", need)
	}
	v.printable(at, member, value)
}

func (v *validation) country(at place, member, code, example string) {
	if !isCountry(code) {
		v.add(CodeUnknownCountry, at, member, "%q is not a country: use an ISO 3166-1 alpha-2 code such as %s", text.Clip(code, maxShown), example)
	}
}

func (v *validation) within(at place, member string, n, limit int) {
	if n < 1 || n > limit {
		v.add(CodeOutOfRange, at, member, "%d is out of range: use 1 to %d", n, limit)
	}
}

// nonISORegions are codes that package language takes for countries although they
// are not in ISO 3166-1: withdrawn and reserved codes.
const nonISORegions = "AC AN CP CQ CS DG EA EZ FQ IC PC SU TA UN YU"

// maxShown limits, in bytes, what a message shows of a value.
const maxShown = 80

// countries are all codes that [isCountry] accepts, by their two letters.
var countries = func() (known [26][26]bool) {
	for first := range known {
		for second := range known[first] {
			known[first][second] = lookUpCountry(string([]byte{'A' + byte(first), 'A' + byte(second)}))
		}
	}
	return known
}()

func isCountry(code string) bool {
	return len(code) == 2 && code[0]-'A' < 26 && code[1]-'A' < 26 && countries[code[0]-'A'][code[1]-'A']
}

func lookUpCountry(code string) bool {
	if len(code) != 2 || strings.ToUpper(code) != code || strings.Contains(nonISORegions, code) {
		return false
	}
	region, err := language.ParseRegion(code)
	// ParseRegion also knows groups (EU) and aliases (UK).
	return err == nil && region.IsCountry() && region.Canonicalize() == region
}

// zoneName is what IANA zones look like. Other names that hosts know (Local,
// localtime, posixrules, right/…) mean different zones on different hosts.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}$`)

// location loads an IANA time zone.
func location(name string) (*time.Location, error) {
	if zone, known := zones.Load(name); known {
		return zone.(*time.Location), nil // nothing else is stored
	}
	if !zoneName.MatchString(name) || name == "Local" || name == "Factory" {
		return nil, fmt.Errorf("time zone %q is not an IANA name", name)
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}

// zones remembers the time zones that were loaded: there are some hundred.
var zones sync.Map
