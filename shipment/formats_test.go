package shipment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/shipment"
	"shipments/shipment/sample"
)

// format is a member with a format of its own, and how to set it.
type format struct {
	path         string
	set          func(s *shipment.Shipment, value string)
	valid, wrong []string
}

func formats() map[string]format {
	receiver := func(set func(a *shipment.Address, value string)) func(*shipment.Shipment, string) {
		return func(s *shipment.Shipment, value string) { set(&s.Legs[1].Receiver, value) }
	}
	customs := func(set func(c *shipment.Customs, value string)) func(*shipment.Shipment, string) {
		return func(s *shipment.Shipment, value string) {
			s.Customs = &shipment.Customs{}
			set(s.Customs, value)
		}
	}
	return map[string]format{
		"HS code": {
			"/goods/0/hsCode", func(s *shipment.Shipment, v string) { s.Goods[0].HSCode = v },
			[]string{"640399", "4202.92", "4202 92 00", "6403991190", "640399119012", "４２０２９２"},
			[]string{"", "12345", "1234567890123", "64039A", "6403-99", "n/a"},
		},
		"state": {
			"/legs/1/receiver/state", receiver(func(a *shipment.Address, v string) { a.State = v }),
			[]string{"", "ENG", "CA", "13", "X"},
			[]string{"GB-ENG", "eng", "England", "ABCD", "É"},
		},
		"phone": {
			"/legs/1/receiver/phone", receiver(func(a *shipment.Address, v string) { a.Phone = v }),
			[]string{"", " ", "+442071234567", "020 7123 4567", "+1 (201) 555-0123", "0033 6 12 34 56 78", "０２０７１２３４５６７"},
			[]string{"123", "none", "+44 20 7123 4567 ext. 12", "+999 123 456 789"},
		},
		"email": {
			"/legs/1/receiver/email", receiver(func(a *shipment.Address, v string) { a.Email = v }),
			[]string{"", "ada@example.com", "ada.lovelace+parcels@mail.example.co.uk", "ada@xn--bcher-kva.example", "renée@bücher.example", " ada@example.com "},
			[]string{"ada", "ada@", "@example.com", "ada@example", "Ada <ada@example.com>", "ada@example.com, bob@example.com", "a da@example.com", "ada@@example.com", "ada@example..com", ".ada@example.com", strings.Repeat("a", 65) + "@example.com", "ada@" + strings.Repeat("a.", 130) + "example"},
		},
		"VAT number": {
			"/legs/1/receiver/vatNumber", receiver(func(a *shipment.Address, v string) { a.VATNumber = v }),
			[]string{"", "DE123456789", "de 123 456 789", "GB 123 4567 89", "NL123456789B01", "CHE-123.456.788 MWST", "IE1234567FA", "EL123456789", "XI123456789", "IN27AAPFU0939F1ZV", "FRXX123456789", "ATU12345678"},
			[]string{"123456789", "DE12345", "DE1234567890", "GR123456789", "ZZ123456789", "DE", "DE123456789!"},
		},
		"EORI": {
			"/legs/1/receiver/eori", receiver(func(a *shipment.Address, v string) { a.EORI = v }),
			[]string{"", "DE1234567", "GB123456789000", "gb 123456789000", "XI123456789000", "PL123456789000000"},
			[]string{"GB123456789", "1234567", "ZZ1234567", "DE1234567890123456", "DE", "DE12_34"},
		},
		"incoterm": {
			"/customs/incoterm", customs(func(c *shipment.Customs, v string) { c.Incoterm = v }),
			append([]string{"", " DAP"}, shipment.Incoterms()...),
			[]string{"DAT", "DDU", "dap", "DAP Leeds"},
		},
		"reason": {
			"/customs/reason", customs(func(c *shipment.Customs, v string) { c.Reason = shipment.CustomsReason(v) }),
			[]string{"", "sale", "gift", "sample", "return", "repair", "documents", "other"},
			[]string{"Sale", "theft"},
		},
		"invoice date": {
			"/customs/invoiceDate", customs(func(c *shipment.Customs, v string) { c.InvoiceDate = v }),
			[]string{"", "2026-11-23", "2026\u201111\u201123"},
			[]string{"2026-02-30", "23.11.2026", "2026-11-23T00:00:00Z"},
		},
		"IOSS number": {
			"/customs/iossNumber", customs(func(c *shipment.Customs, v string) { c.IOSSNumber = v }),
			[]string{"", "IM2760000742", "im 276 0000742"},
			[]string{"2760000742", "IM276000074", "IM27600007421", "DE123456789"},
		},
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	rules := shipment.Rules{Emulation: true, Carriers: sample.Carriers()}
	for name, f := range formats() {
		for _, value := range f.valid {
			t.Run(name+" "+value, func(t *testing.T) {
				t.Parallel()
				s := sample.Shipment("3", now)
				f.set(&s, value)
				s.Normalise()
				require.Empty(t, rules.Validate(s))
			})
		}
		for _, value := range f.wrong {
			t.Run("no "+name+" "+value, func(t *testing.T) {
				t.Parallel()
				s := sample.Shipment("3", now)
				f.set(&s, value)
				s.Normalise()
				reasons := rules.Validate(s)
				require.Len(t, reasons, 1)
				require.Equal(t, shipment.CodeInvalidFormat, reasons[0].Code)
				require.Equal(t, f.path, reasons[0].Path)
				require.Regexp(t, `^".*" (is|has|begins).*: .* `, reasons[0].Message, "a sentence that says what would be right")
			})
		}
	}
}

func TestFormatsOfTheImporter(t *testing.T) {
	t.Parallel()
	s := sample.Shipment("3", now)
	importer := s.Legs[1].Receiver
	importer.Name, importer.Phone = "", "123"
	s.Customs = &shipment.Customs{Importer: &importer}
	var paths []string
	for _, r := range (shipment.Rules{Emulation: true, Carriers: sample.Carriers()}).Validate(s) {
		paths = append(paths, r.Path)
	}
	require.Equal(t, []string{"/customs/importer/name", "/customs/importer/phone"}, paths)
}
