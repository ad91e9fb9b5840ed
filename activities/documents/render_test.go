package documents_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/activities/documents/typeface"
	"shipments/shipment"
	"shipments/shipment/sample"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// input is what the documents of a sample shipment are rendered from.
func input(t testing.TB, id string) documents.Input {
	t.Helper()
	s := sample.Shipment(id, now)
	rules := shipment.Rules{Emulation: true, Carriers: sample.Carriers()}
	in := documents.Input{Shipment: s, Category: rules.Classify(s), Rules: rules}
	for i, leg := range s.Legs {
		reply, err := carriers.Simulator{}.ManifestLeg(context.Background(), carriers.ManifestLegRequest{ShipmentID: id, Leg: i + 1, Details: leg, Packages: s.Packages})
		require.NoError(t, err)
		in.Legs = append(in.Legs, shipment.ManifestedLeg{CarrierID: leg.CarrierID, TrackingNumbers: reply.TrackingNumbers})
	}
	return in
}

func TestRenderHasEachCategorysDocuments(t *testing.T) {
	t.Parallel()
	carriers := sample.Carriers()
	for id, want := range map[string][]string{
		"1abc": {"labels", "receipt", "combined_document", carriers[0].ID},
		"2abc": {"labels", "receipt", "combined_document", carriers[0].ID, carriers[1].ID},
		"cabc": {"labels", "invoice", "receipt", "combined_document", carriers[0].ID, carriers[1].ID},
	} {
		rendered, err := documents.Render(input(t, id), nil)
		require.NoError(t, err)
		var kinds []string
		for kind, document := range rendered {
			kinds = append(kinds, kind)
			require.True(t, bytes.HasPrefix(document, []byte("%PDF-")), kind)
		}
		require.ElementsMatch(t, want, kinds, id)
	}
	before := input(t, "2abc")
	before.Legs = nil
	rendered, err := documents.Render(before, nil)
	require.NoError(t, err)
	require.Len(t, rendered, 1)
	require.Contains(t, rendered, "pt_invoice")
}

func TestNameIsEachDocumentsOwn(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, id := range []string{"ABC", "ABC_pt", "ABC_", "ABC_pt_", "ABC_combined", "ABC_labels"} {
		for _, kind := range []string{
			documents.KindLabels, documents.KindInvoice, documents.KindPaperlessInvoice, documents.KindReceipt, documents.KindCombined,
			sample.Carriers()[0].ID,
		} {
			name := documents.Name(id, kind)
			require.False(t, names[name], name)
			names[name] = true
		}
	}
}

func TestRenderIsDeterministic(t *testing.T) {
	t.Parallel()
	first, err := documents.Render(input(t, "cabc"), nil)
	require.NoError(t, err)
	for range 5 {
		again, err := documents.Render(input(t, "cabc"), nil)
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

// fullInput has every optional member, and goods for several pages.
func fullInput(t testing.TB) documents.Input {
	t.Helper()
	in := input(t, "cabc")
	s := &in.Shipment
	s.Reference = "Order 2026-000417"
	s.Customs = &shipment.Customs{
		Reason: shipment.ReasonRepair, Incoterm: "DAP", InvoiceNumber: "INV-2026-0042", InvoiceDate: "2026-11-20", IOSSNumber: "IM0400000000",
		Declaration: "These goods return to their owner after repair.",
		Importer:    &shipment.Address{Name: "Import Agency", Line1: "Dock 1", City: "Felixstowe", PostalCode: "IP11 3SY", Country: "GB", EORI: "GB999999999000"},
	}
	sender, receiver := &s.Legs[0].Sender, &s.Legs[1].Receiver
	sender.Company, sender.Phone, sender.Email, sender.VATNumber, sender.EORI = "Muster GmbH & Co. KG", "+4930123456", "versand@example.com", "DE123456789", "DE1234567890"
	receiver.Name, receiver.Company = "Maximiliana Wolfeschlegelsteinhausenbergerdorff-Featherstone", "The Long Company Name for Trade and Export"
	receiver.Line1, receiver.Line2, receiver.Phone = "Building 47, Unit 12B, North Industrial Estate", "c/o Reception, 3rd floor", "+442071234567"
	s.Packages = append(s.Packages, s.Packages[0])
	in.Legs[0].TrackingNumbers = []string{"1Z999AA10123456784", "1Z999AA10123456785", "1Z999AA10123456786"}
	in.Legs[1].TrackingNumbers = []string{"00340434161094042557", "00340434161094042557", "00340434161094042557"}
	for len(s.Goods) < 60 {
		goods := s.Goods[0]
		goods.WeightGrams, goods.SKU = 350, fmt.Sprintf("SKU-%04d", len(s.Goods))
		if len(s.Goods)%7 == 0 {
			goods.Description, goods.Currency, goods.UnitValue = strings.Repeat("A long description of goods ", 4), "JPY", "123456"
		}
		s.Goods = append(s.Goods, goods)
	}
	return in
}

var update = flag.Bool("update", false, "write the golden documents anew; look at them afterwards")

// TestRenderGoldenDocuments compares what is rendered with what was looked at once:
// labels, receipt, invoice and combined document of an international shipment.
func TestRenderGoldenDocuments(t *testing.T) {
	t.Parallel()
	western, greek := input(t, "cabc"), input(t, "cabc")
	greek.Shipment.Legs[1].Receiver.Name = "Ελένη Παπαδοπούλου"
	full := fullInput(t)
	for _, golden := range []struct {
		file, kind string
		in         documents.Input
	}{
		{"labels", documents.KindLabels, western},
		{"receipt", documents.KindReceipt, western},
		{"invoice", documents.KindInvoice, western},
		{"combined_document", documents.KindCombined, western},
		{"labels_greek", documents.KindLabels, greek},
		{"labels_full", documents.KindLabels, full},
		{"invoice_full", documents.KindInvoice, full},
	} {
		got, err := documents.RenderOne(golden.in, golden.kind, nil)
		require.NoError(t, err)
		file := filepath.Join("testdata", golden.file+".pdf")
		if *update {
			require.NoError(t, os.WriteFile(file, got, 0o600))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s differs: look at both, and use -update if the change is wanted", file)
	}
}

// fill puts a text wherever a shipment has free text.
func fill(s *shipment.Shipment, text string) {
	for i := range s.Legs {
		for _, a := range []*shipment.Address{&s.Legs[i].Sender, &s.Legs[i].Receiver, &s.Legs[i].Collection} {
			a.Name, a.Company, a.Line1, a.Line2, a.City, a.PostalCode, a.State, a.Email = text, text, text, text, text, text, text, text
		}
	}
	for i := range s.Goods {
		s.Goods[i].Description, s.Goods[i].SKU = text, text
	}
	s.Reference = text
	s.Customs = &shipment.Customs{InvoiceNumber: text, Declaration: text, IOSSNumber: text}
}

func TestRenderDrawsAnyTextThatCanBePrinted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Ελληνικά", "Кириллица", "Nguyễn Thị Hồng", "e\u0301", "x\u0301\u0302\u0303", strings.Repeat("Wort ", 300), strings.Repeat("x", 1000),
		strings.Repeat("ẍ\u0301", 300), " ", "", "a\u202eb", "\U0001d538",
	} {
		t.Run(fmt.Sprintf("%.20q", text), func(t *testing.T) {
			t.Parallel()
			in := input(t, "cabc")
			fill(&in.Shipment, text)
			_, err := documents.Render(in, nil)
			require.NoError(t, err)
		})
	}
}

func TestRenderRefusesTextThatCannotBePrinted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"日本語の住所", "🚚📦", "عربى", "שלום", "\U0010ffff", "\ufffd", "\u0007", "Hi \u0000"} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			t.Parallel()
			in := input(t, "cabc")
			in.Shipment.Legs[1].Receiver.Name = text
			_, err := documents.Render(in, nil)
			var unprintable *typeface.UnprintableError
			require.ErrorAs(t, err, &unprintable)
			require.NotEmpty(t, unprintable.Characters)
		})
	}
}

// requireValid has another program check a document.
func requireValid(t *testing.T, kind string, document []byte) {
	t.Helper()
	config := model.NewDefaultConfiguration()
	config.ValidationMode, config.Offline = model.ValidationStrict, true
	require.NoError(t, api.Validate(bytes.NewReader(document), config), kind)
}

func TestRenderedDocumentsAreValid(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Ada Thompson", "Ελένη Παπαδοπούλου"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, "cabc")
			in.Shipment.Legs[1].Receiver.Name = name
			rendered, err := documents.Render(in, nil)
			require.NoError(t, err)
			for kind, document := range rendered {
				requireValid(t, kind, document)
				require.Contains(t, string(document), "/Lang(en)")
				require.Contains(t, string(document), ", shipment cabc)")
			}
		})
	}
}

func TestRenderManyPackagesAndGoods(t *testing.T) {
	t.Parallel()
	in := input(t, "cabc")
	for len(in.Shipment.Packages) < shipment.MaxPackages {
		in.Shipment.Packages = append(in.Shipment.Packages, in.Shipment.Packages[0])
		for i := range in.Legs {
			in.Legs[i].TrackingNumbers = append(in.Legs[i].TrackingNumbers, in.Legs[i].TrackingNumbers[0])
		}
	}
	for len(in.Shipment.Goods) < shipment.MaxGoods {
		in.Shipment.Goods = append(in.Shipment.Goods, in.Shipment.Goods[0])
	}
	rendered, err := documents.Render(in, nil)
	require.NoError(t, err)
	require.Less(t, len(rendered["combined_document"]), 4<<20)
	for kind, document := range rendered {
		requireValid(t, kind, document)
	}
}

// BenchmarkDocuments measures the documents of an international shipment with
// two packages and two carriers, some alone and all six together: with the fonts that
// every reader has, and with those that are embedded for a Greek name. Run it with
// GOMAXPROCS=1: then the time is that of the processor.
func BenchmarkDocuments(b *testing.B) {
	in := input(b, "cabc")
	for _, kind := range []string{documents.KindLabels, documents.KindReceipt, documents.KindInvoice, documents.KindCombined} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				_, err := documents.RenderOne(in, kind, nil)
				require.NoError(b, err)
			}
		})
	}
	greek := input(b, "cabc")
	greek.Shipment.Legs[1].Receiver.Name = "Ελένη Παπαδοπούλου"
	for name, in := range map[string]documents.Input{"all": in, "all with embedded fonts": greek} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := documents.Render(in, nil)
				require.NoError(b, err)
			}
		})
	}
}
