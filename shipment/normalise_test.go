package shipment_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"shipments/shipment"
	"shipments/shipment/sample"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	receiver := func(s *shipment.Shipment) *shipment.Address { return &s.Legs[1].Receiver }
	for name, c := range map[string]struct {
		set  func(*shipment.Shipment)
		want func(*shipment.Shipment)
	}{
		"decomposed name": {
			func(s *shipment.Shipment) { receiver(s).Name = "Mu\u0308ller" },
			func(s *shipment.Shipment) { receiver(s).Name = "Müller" },
		},
		"narrow space in a postal code": {
			func(s *shipment.Shipment) { receiver(s).PostalCode = " LS1\u202f5AA " },
			func(s *shipment.Shipment) { receiver(s).PostalCode = "LS1 5AA" },
		},
		"fullwidth postal code": {
			func(s *shipment.Shipment) { receiver(s).PostalCode = "１００－０００１" },
			func(s *shipment.Shipment) { receiver(s).PostalCode = "100-0001" },
		},
		"hyphen in a line": {
			func(s *shipment.Shipment) { receiver(s).Line1 = "12\u201114 Mill Lane" },
			func(s *shipment.Shipment) { receiver(s).Line1 = "12-14 Mill Lane" },
		},
		"line of format characters": {
			func(s *shipment.Shipment) { receiver(s).Line2 = "\u200b\ufeff" },
			func(s *shipment.Shipment) { receiver(s).Line2 = "" },
		},
		"phone as at home": {
			func(s *shipment.Shipment) { receiver(s).Phone = "020 7123 4567" },
			func(s *shipment.Shipment) { receiver(s).Phone = "+442071234567" },
		},
		"phone that is none stays": {
			func(s *shipment.Shipment) { receiver(s).Phone = " ask\u00a0Ada" },
			func(s *shipment.Shipment) { receiver(s).Phone = "ask Ada" },
		},
		"VAT number": {
			func(s *shipment.Shipment) { receiver(s).VATNumber = "gb 123 4567-89" },
			func(s *shipment.Shipment) { receiver(s).VATNumber = "GB123456789" },
		},
		"EORI": {
			func(s *shipment.Shipment) { receiver(s).EORI = "GB 123456789 000" },
			func(s *shipment.Shipment) { receiver(s).EORI = "GB123456789000" },
		},
		"HS code": {
			func(s *shipment.Shipment) { s.Goods[0].HSCode = "4202.92 00" },
			func(s *shipment.Shipment) { s.Goods[0].HSCode = "42029200" },
		},
		"customs without content": {
			func(s *shipment.Shipment) { s.Customs = &shipment.Customs{Declaration: " "} },
			func(s *shipment.Shipment) { s.Customs = nil },
		},
		"customs": {
			func(s *shipment.Shipment) {
				s.Customs = &shipment.Customs{Reason: "gift ", IOSSNumber: "im 276 000 0742", Importer: &shipment.Address{Name: " Ada"}}
			},
			func(s *shipment.Shipment) {
				s.Customs = &shipment.Customs{Reason: "gift", IOSSNumber: "IM2760000742", Importer: &shipment.Address{Name: "Ada"}}
			},
		},
		"ids stay": {
			func(s *shipment.Shipment) { s.ShipmentID, s.Legs[0].CarrierID = " a", "b " },
			func(s *shipment.Shipment) { s.ShipmentID, s.Legs[0].CarrierID = " a", "b " },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := sample.Shipment("3", now), sample.Shipment("3", now)
			c.set(&got)
			c.want(&want)
			got.Normalise()
			require.Equal(t, want, got)
			require.Equal(t, want.Digest(), got.Digest())
			got.Normalise()
			require.Equal(t, want, got, "idempotent")
		})
	}
}

// What was published before there were optional members keeps its digest.
func TestNormaliseLeavesShipmentsWithoutOptionalMembersAlone(t *testing.T) {
	t.Parallel()
	for id, digest := range map[string]string{
		"15916b8a5d11456f9934ed91c2bd82c0": "d677679b6742c09118917f8a9abe1efcc2324d441ba13add6cef0d19c7fba34d",
		"20b17abb2efe4fafaf74f173dc864240": "d8b9273e4711852387663fed623182a96a366f7b534ca88f0e0f654d4d725e2f",
		"c7de2c4added47de8d24564d7ade3e20": "7ad668b5d10210d8d0a244e7a13c95fa95147df061410cf05c9130086528b19f",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := sample.Shipment(id, now)
			s.Normalise()
			require.Equal(t, digest, s.Digest())
		})
	}
}

// FuzzNormalise normalises whole shipments: text of people, codes and numbers.
func FuzzNormalise(f *testing.F) {
	for _, seed := range [][4]string{
		{"Mu\u0308ller", "LS1\u202f5AA", "+44 (0)20 7123 4567", "GB"},
		{"山田 太郎", "１００－０００１", "０３-１２３４-５６７８", "JP"},
		{" \u200b", "4202.92", "gb 123 4567-89", "DE"},
		{"\u0958\n", "a-\u0308", "00 1 201 555 0123", "US"},
		{"\xff", "\u1e9b\u0323", "tel:٠٥٠ ١٢٣ ٤٥٦٧", "SA"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(requireOneForm)
}

// requireOneForm requires that a shipment made of texts has one form, which is the
// same after it was stored, and one digest.
func requireOneForm(t *testing.T, name, code, number, country string) {
	t.Helper()
	typed := shipment.Address{
		Name: name, Line1: name + code, Line2: code, City: name, PostalCode: code, Country: country,
		Company: number, State: code, Phone: number, Email: name + "@" + code, VATNumber: number, EORI: code,
	}
	s := shipment.Shipment{
		ShipmentID: "3", CollectionDate: number, TimeZone: country, Reference: number,
		Legs:  []shipment.Leg{{Receiver: typed}},
		Goods: []shipment.Goods{{Description: name, UnitValue: number, Currency: country, HSCode: code, OriginCountry: country, SKU: number}},
		Customs: &shipment.Customs{
			Reason: shipment.CustomsReason(code), Incoterm: country, InvoiceDate: number, IOSSNumber: number, Declaration: name, Importer: &typed,
		},
	}
	s.Normalise()
	digest := s.Digest()
	canonical, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Normalise()
	if s.Digest() != digest {
		t.Fatalf("normalised twice it is another one: %s", canonical)
	}
	var back shipment.Shipment
	if err := json.Unmarshal(canonical, &back); err != nil || back.Digest() != digest {
		t.Fatalf("read back it is another one: %s %v", canonical, err)
	}
	if digest[0] != '0' {
		return // Sentences take most of the time: a part is enough.
	}
	for _, r := range (shipment.Rules{}).Validate(s) {
		if r.Message == "" || r.Path == "" || !utf8.ValidString(r.Message) {
			t.Fatalf("%q", r)
		}
	}
}

// odd are characters that the normal form treats in different ways.
var odd = []rune("aZéüÅ09 -.,+()/@\t\n\u00a0\u00ad\u0085\u0300\u0301\u0307\u0308\u0323\u0331\u034f\u0344\u0345\u0390\u0958\u09dc\u0f43\u1100\u1161\u11a8\u1e9b\u1fd3" +
	"\u2000\u200b\u200c\u200d\u200e\u2010\u2011\u2013\u2028\u202f\u2060\u2126\u212a\u212b\u2212\u3000\u3099\uac00\ufb1d\ufe0f\ufe63\ufeff\uff0d\uff10\uff21\uff45\uffa1\ufffd" +
	"\U0001d15e\U0001f468\U000e0041\U000e0100\U0002f800ISiıſßŉǰẖ")

// NORMALISE_RUNS is how many shipments are made, NORMALISE_SEED repeats a run.
func TestNormaliseAtRandom(t *testing.T) {
	t.Parallel()
	number := func(variable string, otherwise uint64) uint64 {
		if text := os.Getenv(variable); text != "" {
			n, err := strconv.ParseUint(text, 10, 64)
			require.NoError(t, err)
			return n
		}
		return otherwise
	}
	seed := number("NORMALISE_SEED", uint64(time.Now().UnixNano()))
	t.Logf("NORMALISE_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	text := func() string {
		runes := make([]rune, random.IntN(8))
		for i := range runes {
			runes[i] = odd[random.IntN(len(odd))]
			if random.IntN(8) == 0 {
				runes[i] = rune(random.IntN(0x30000))
			}
		}
		return string(runes)
	}
	countries := []string{"GB", "DE", "US", "IT", "JP", "RU", "LT", "XX", ""}
	for range number("NORMALISE_RUNS", 5000) {
		requireOneForm(t, text(), text(), text(), countries[random.IntN(len(countries))])
	}
}
