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

func TestSamplesAreValidAndClassifiedByTheirID(t *testing.T) {
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

func TestDomesticNeedsNeitherPackagesNorGoods(t *testing.T) {
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

func TestRulesForAShipmentHaveItsCarriersAlone(t *testing.T) {
	t.Parallel()
	require.Len(t, shipment.Rules{Carriers: sample.Carriers()}.For(sample.Shipment("1", now)).Carriers, 1)
	require.Len(t, shipment.Rules{Carriers: sample.Carriers()}.For(sample.Shipment("3", now)).Carriers, 2)
}
