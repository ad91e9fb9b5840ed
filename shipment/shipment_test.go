package shipment_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/shipment"
	"shipments/shipment/sample"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestValidID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"1", "15916b8a5d11456f9934ed91c2bd82c0", "A-b_9", strings.Repeat("x", 64)} {
		require.True(t, shipment.ValidID(id), id)
	}
	for _, id := range []string{"", strings.Repeat("x", 65), "a.b", "a b", "a*", ">", "ä", "a\n", "a/b", "%41"} {
		require.False(t, shipment.ValidID(id), "%q", id)
	}
}

func TestSampleIsValidAndClassifiedByItsID(t *testing.T) {
	t.Parallel()
	emulating, actual := shipment.Rules{Emulation: true, Carriers: sample.Carriers()}, shipment.Rules{Carriers: sample.Carriers()}
	for id, want := range map[string]shipment.Category{
		"15916b8a5d11456f9934ed91c2bd82c0": shipment.Domestic,
		"20b17abb2efe4fafaf74f173dc864240": shipment.InternationalPaperless,
		"c7de2c4added47de8d24564d7ade3e20": shipment.International,
	} {
		s := sample.Shipment(id, now)
		require.Empty(t, emulating.Validate(s), id)
		require.Empty(t, actual.Validate(s), id)
		require.Equal(t, want, emulating.Classify(s), id)
		require.Equal(t, "2026-11-24", s.CollectionDate)
	}
	// 23:30 in London is tomorrow in Berlin.
	late := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	require.Equal(t, "2026-11-24", sample.Shipment("1", late).CollectionDate)
	require.Equal(t, "2026-11-25", sample.Shipment("3", late).CollectionDate)
}

func TestClassifyByRoute(t *testing.T) {
	t.Parallel()
	rules := shipment.Rules{Carriers: sample.Carriers()}
	domestic := sample.Shipment("1", now)
	require.Equal(t, shipment.Domestic, rules.Classify(domestic))

	abroad := sample.Shipment("3", now)
	require.Equal(t, shipment.InternationalPaperless, rules.Classify(abroad), "the first carrier takes paperless trade")
	abroad.Legs[0].CarrierID = abroad.Legs[1].CarrierID
	require.Equal(t, shipment.International, rules.Classify(abroad))

	elsewhere := sample.Shipment("1", now)
	elsewhere.Legs[0].Collection.Country = "FR"
	require.NotEqual(t, shipment.Domestic, rules.Classify(elsewhere), "one address abroad is enough")
}

func TestClassifyByCustomsBorder(t *testing.T) {
	t.Parallel()
	rules := shipment.Rules{Carriers: sample.Carriers()[1:]}
	place := func(text string) shipment.Address {
		country, postalCode, _ := strings.Cut(text, " ")
		return shipment.Address{Name: "Ada", Line1: "1", City: "City", Country: country, PostalCode: postalCode}
	}
	for route, want := range map[string]shipment.Category{
		"ES 28001 ES 35001":       shipment.International, // Madrid, Las Palmas
		"DE 04109 FR 69001":       shipment.Domestic,      // Leipzig, Lyon
		"GB EC1A 1BB GB JE2 3AB":  shipment.International,
		"GB EC1A 1BB GB IM1 1AA":  shipment.Domestic,
		"GB EC1A 1BB GB BT1 1AA":  shipment.International,
		"IE D01 F5P2 GB BT1 1AA":  shipment.Domestic,
		"US 10001 PR 00901":       shipment.Domestic,
		"US 10001 US 00801":       shipment.International,
		"FR 75001 FR 97400":       shipment.International,
		"GB EC1A 1BB DE 04109":    shipment.International,
		"CN 100000 HK":            shipment.International,
		"DE 04109 DE 78266":       shipment.International,
		"FI 00100 AX AX-22100":    shipment.International,
		"DE D-04109 AT 1010":      shipment.Domestic,
		"GB EC1A 1BB GB EC1A 1BB": shipment.Domestic,
	} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(route)
			second := 1
			for len(words[second]) != 2 || strings.ToUpper(words[second]) != words[second] || strings.ContainsAny(words[second], "0123456789") {
				second++
			}
			from, to := place(strings.Join(words[:second], " ")), place(strings.Join(words[second:], " "))
			s := sample.Shipment("1", now)
			s.Legs = []shipment.Leg{{CarrierID: rules.Carriers[0].ID, Sender: from, Receiver: to, Collection: from}}
			require.Equal(t, want, rules.Classify(s))
			reasons := rules.Validate(s)
			if want == shipment.Domestic {
				require.Empty(t, reasons, "no goods are needed for an invoice")
			} else {
				require.Equal(t, shipment.CodeMissingGoods, reasons[0].Code)
			}
		})
	}
}

func TestValidateRefusesGoodsWithoutAValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value, currency string
		quantity        int
		customs         *shipment.Customs
		valid           bool
	}{
		"zero":                            {"0", "EUR", 2, nil, false},
		"zero with digits":                {"0.00", "EUR", 2, nil, false},
		"rounded to zero":                 {"0.004", "EUR", 1, nil, false},
		"half a yen is one":               {"0.5", "JPY", 1, nil, true},
		"less than half a yen":            {"0.4", "JPY", 1, nil, false},
		"a thousand of a tenth of a cent": {"0.001", "EUR", 1000, nil, true},
		"a sale":                          {"0", "EUR", 1, &shipment.Customs{Reason: shipment.ReasonSale}, false},
		"a gift":                          {"0", "EUR", 1, &shipment.Customs{Reason: shipment.ReasonGift}, false},
		"a return":                        {"0", "EUR", 1, &shipment.Customs{Reason: shipment.ReasonReturn}, false},
		"a sample":                        {"0", "EUR", 1, &shipment.Customs{Reason: shipment.ReasonSample}, true},
		"documents":                       {"0.00", "EUR", 1, &shipment.Customs{Reason: shipment.ReasonDocuments}, true},
		"dinars have three digits":        {"0.0005", "KWD", 1, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for id, refused := range map[string]bool{"3": !c.valid, "1": false} { // A domestic shipment has no invoice.
				s := sample.Shipment("3", now)
				s.ShipmentID, s.Customs = id, c.customs
				s.Goods[1].UnitValue, s.Goods[1].Currency, s.Goods[1].Quantity = c.value, c.currency, c.quantity
				reasons := shipment.Rules{Emulation: true, Carriers: sample.Carriers()}.Validate(s)
				if !refused {
					require.Empty(t, reasons)
					continue
				}
				require.Len(t, reasons, 1)
				require.Equal(t, shipment.CodeZeroValue, reasons[0].Code)
				require.Equal(t, "/goods/1/unitValue", reasons[0].Path)
			}
		})
	}
}

func TestValidateNamesEveryViolation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*shipment.Shipment)
		code  string
		path  string
	}{
		"id":               {func(s *shipment.Shipment) { s.ShipmentID = "a b" }, shipment.CodeInvalidShipmentID, "/shipmentId"},
		"date":             {func(s *shipment.Shipment) { s.CollectionDate = "2026-02-30" }, shipment.CodeInvalidCollectionDate, "/collectionDate"},
		"zone":             {func(s *shipment.Shipment) { s.TimeZone = "Mars/Olympus" }, shipment.CodeUnknownTimeZone, "/timeZone"},
		"zone of the host": {func(s *shipment.Shipment) { s.TimeZone = "Local" }, shipment.CodeUnknownTimeZone, "/timeZone"},
		"no legs":          {func(s *shipment.Shipment) { s.Legs = nil; s.ShipmentID = "1" }, shipment.CodeLegCount, "/legs"},
		"three legs":       {func(s *shipment.Shipment) { s.Legs = append(s.Legs, s.Legs[0]) }, shipment.CodeLegCount, "/legs"},
		"carrier":          {func(s *shipment.Shipment) { s.Legs[1].CarrierID = "x" }, shipment.CodeUnknownCarrier, "/legs/1/carrierId"},
		"country":          {func(s *shipment.Shipment) { s.Legs[0].Receiver.Country = "XX" }, shipment.CodeUnknownCountry, "/legs/0/receiver/country"},
		"former country":   {func(s *shipment.Shipment) { s.Legs[0].Receiver.Country = "SU" }, shipment.CodeUnknownCountry, "/legs/0/receiver/country"},
		"union":            {func(s *shipment.Shipment) { s.Legs[0].Receiver.Country = "EU" }, shipment.CodeUnknownCountry, "/legs/0/receiver/country"},
		"blank name":       {func(s *shipment.Shipment) { s.Legs[0].Sender.Name = "  " }, shipment.CodeMissingText, "/legs/0/sender/name"},
		"weight":           {func(s *shipment.Shipment) { s.Packages[0].WeightGrams = 0 }, shipment.CodeOutOfRange, "/packages/0/weightGrams"},
		"side":             {func(s *shipment.Shipment) { s.Packages[1].HeightMm = shipment.MaxSideMm + 1 }, shipment.CodeOutOfRange, "/packages/1/heightMm"},
		"quantity":         {func(s *shipment.Shipment) { s.Goods[0].Quantity = -1 }, shipment.CodeOutOfRange, "/goods/0/quantity"},
		"amount":           {func(s *shipment.Shipment) { s.Goods[0].UnitValue = "1,5" }, shipment.CodeOutOfRange, "/goods/0/unitValue"},
		"currency":         {func(s *shipment.Shipment) { s.Goods[0].Currency = "EUX" }, shipment.CodeUnknownCurrency, "/goods/0/currency"},
		"goods' weight":    {func(s *shipment.Shipment) { s.Goods[0].WeightGrams = -1 }, shipment.CodeOutOfRange, "/goods/0/weightGrams"},
		"no packages":      {func(s *shipment.Shipment) { s.Packages = nil }, shipment.CodeMissingPackages, "/packages"},
		"no goods":         {func(s *shipment.Shipment) { s.Goods = nil }, shipment.CodeMissingGoods, "/goods"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sample.Shipment("3", now)
			test.spoil(&s)
			reasons := shipment.Rules{Emulation: true, Carriers: sample.Carriers()}.Validate(s)
			require.NotEmpty(t, reasons)
			require.Equal(t, test.code, reasons[0].Code)
			require.Equal(t, test.path, reasons[0].Path)
			require.NotEmpty(t, reasons[0].Message)
		})
	}
}

func TestValidateDomesticWithoutPackagesAndGoods(t *testing.T) {
	t.Parallel()
	s := sample.Shipment("1", now)
	s.Packages, s.Goods = nil, nil
	require.Empty(t, shipment.Rules{Carriers: sample.Carriers()}.Validate(s))
	require.Equal(t, 1, s.PackageCount())
}

func TestDigestIsThatOfTheContent(t *testing.T) {
	t.Parallel()
	s := sample.Shipment("3", now)
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(text, &members))
	reordered, err := json.MarshalIndent(members, "", "\t") // alphabetically
	require.NoError(t, err)
	var same shipment.Shipment
	require.NoError(t, json.Unmarshal(reordered, &same))
	require.Equal(t, s.Digest(), same.Digest())

	same.Packages[0].WeightGrams++
	require.NotEqual(t, s.Digest(), same.Digest())
}

// TestDigestStaysWhatItWas: digests are stored for good, in the ledger.
func TestDigestStaysWhatItWas(t *testing.T) {
	t.Parallel()
	s := sample.Shipment("c7de2c4added47de8d24564d7ade3e20", now)
	s.Goods[0].Description = "<Schuhe> & \u2028 \"mehr\""
	require.Equal(t, "37cc68491d4a01f68299660503cb3f7a538c7113807f2b6749a92eb21657873b", s.Digest())
}

func TestBookingTimeFollowsTheCarriersWindow(t *testing.T) {
	t.Parallel()
	s := sample.Shipment("3", now) // collected on 2026-11-24 in Berlin, which is at UTC+1 then
	rules := shipment.Rules{Carriers: sample.Carriers()}
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return parsed
	}
	opens, cutOff := at("2026-11-23T17:00:00Z"), at("2026-11-24T11:00:00Z")

	booked, fault := rules.BookingTime(s, at("2026-11-20T00:00:00Z"))
	require.Nil(t, fault)
	require.True(t, booked.Equal(opens), booked)

	booked, fault = rules.BookingTime(s, cutOff.Add(-time.Second))
	require.Nil(t, fault)
	require.True(t, booked.Equal(cutOff.Add(-time.Second)), "an open window is used at once")

	_, fault = rules.BookingTime(s, cutOff)
	require.Equal(t, shipment.NewFault("Shipment cannot be scheduled for collection booking", "3.4.5: Missed booking cut-off time"), fault)

	require.Nil(t, rules.TooLate(s, cutOff.Add(-time.Second)))
	require.Equal(t, shipment.NewFault("Collection could not be booked in time", "3.4.5: Missed booking cut-off time"), rules.TooLate(s, cutOff),
		"a timer that fires too late has a fault of its own")
}

func TestTooFarAhead(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	late := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC) // the 24th in Berlin
	for name, c := range map[string]struct {
		date, zone string
		now        time.Time
		horizon    time.Duration
		until      string // nothing if the date is possible
	}{
		"tomorrow":                    {"2026-11-24", "Europe/London", now, 90 * day, ""},
		"the last day":                {"2027-02-21", "Europe/London", now, 90 * day, ""},
		"the day after":               {"2027-02-22", "Europe/London", now, 90 * day, "2027-02-21"},
		"another day in another zone": {"2027-02-22", "Europe/Berlin", late, 90 * day, ""},
		"but not there":               {"2027-02-22", "Europe/London", late, 90 * day, "2027-02-21"},
		"two centuries":               {"2203-01-15", "Europe/London", now, 90 * day, "2027-02-21"},
		"the last year":               {"9999-12-31", "Europe/London", now, 90 * day, "2027-02-21"},
		"long ago":                    {"2020-01-20", "Europe/London", now, 90 * day, ""},
		"without a horizon":           {"2203-01-15", "Europe/London", now, 0, ""},
		"malformed":                   {"2203-02-30", "Europe/London", now, 90 * day, ""},
		"of no zone":                  {"2203-01-15", "Mars/Olympus", now, 90 * day, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sample.Shipment("1", now)
			s.CollectionDate, s.TimeZone = c.date, c.zone
			for _, emulation := range []bool{true, false} {
				reason := shipment.Rules{Emulation: emulation, CollectionHorizon: c.horizon}.TooFarAhead(s, c.now)
				if c.until == "" {
					require.Nil(t, reason)
					continue
				}
				require.Equal(t, &shipment.Reason{
					Code: shipment.CodeInvalidCollectionDate, Path: "/collectionDate",
					Message: c.date + " is too far ahead: a collection is possible until " + c.until,
				}, reason)
				rules := shipment.Rules{Emulation: emulation, Carriers: sample.Carriers(), CollectionHorizon: c.horizon}
				require.Equal(t, []string{reason.Message}, rules.RebookingFault(s, c.now).Errors, "a rebooking has the same bound")
			}
		})
	}
}

func TestBookingTimeAcrossDaylightSaving(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ date, opens string }{
		"winter":                     {"2026-03-28", "2026-03-27T17:00:00Z"},
		"clocks go forward that day": {"2026-03-29", "2026-03-28T17:00:00Z"},
		"summer":                     {"2026-03-30", "2026-03-29T16:00:00Z"},
		"clocks go back that day":    {"2026-10-25", "2026-10-24T16:00:00Z"},
		"winter again":               {"2026-10-26", "2026-10-25T17:00:00Z"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sample.Shipment("3", now)
			s.CollectionDate = test.date
			booked, fault := shipment.Rules{Carriers: sample.Carriers()}.BookingTime(s, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			require.Nil(t, fault)
			require.Equal(t, test.opens, booked.UTC().Format(time.RFC3339))
		})
	}
}

func TestBookingTimeWhileEmulating(t *testing.T) {
	t.Parallel()
	booked, fault := shipment.Rules{Emulation: true, Carriers: sample.Carriers(), CollectionDelay: 5 * time.Second}.BookingTime(sample.Shipment("3", now), now)
	require.Nil(t, fault)
	require.Equal(t, now.Add(5*time.Second), booked)
}

func TestMergeFaults(t *testing.T) {
	t.Parallel()
	one, other := *shipment.NewFault("refused", "1"), *shipment.NewFault("refused", "2")
	require.Equal(t, []shipment.Fault{one, other}, shipment.MergeFaults([]shipment.Fault{one, other, one}))
	require.Empty(t, shipment.MergeFaults(nil))
}

func TestRulesForAShipmentHaveOnlyItsCarriers(t *testing.T) {
	t.Parallel()
	require.Len(t, shipment.Rules{Carriers: sample.Carriers()}.For(sample.Shipment("1", now)).Carriers, 1)
	require.Len(t, shipment.Rules{Carriers: sample.Carriers()}.For(sample.Shipment("3", now)).Carriers, 2)
}
