package documents_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/activities/documents"
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

func TestEachCategoryHasItsDocuments(t *testing.T) {
	t.Parallel()
	carriers := sample.Carriers()
	for id, want := range map[string][]string{
		"1abc": {"labels", "receipt", "combined_document", carriers[0].ID},
		"2abc": {"labels", "receipt", "combined_document", carriers[0].ID, carriers[1].ID},
		"cabc": {"labels", "invoice", "receipt", "combined_document", carriers[0].ID, carriers[1].ID},
	} {
		rendered, err := documents.Render(input(t, id))
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
	rendered, err := documents.Render(before)
	require.NoError(t, err)
	require.Len(t, rendered, 1)
	require.Contains(t, rendered, "pt_invoice")
}

func TestNoTwoDocumentsShareAName(t *testing.T) {
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

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	first, err := documents.Render(input(t, "cabc"))
	require.NoError(t, err)
	for range 5 {
		again, err := documents.Render(input(t, "cabc"))
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

var update = flag.Bool("update", false, "write the golden documents anew; look at them afterwards")

// TestGoldenDocuments compares what is rendered with what was looked at once:
// labels, receipt, invoice and combined document of an international shipment.
func TestGoldenDocuments(t *testing.T) {
	t.Parallel()
	western, greek := input(t, "cabc"), input(t, "cabc")
	greek.Shipment.Legs[1].Receiver.Name = "Ελένη Παπαδοπούλου"
	for _, golden := range []struct {
		file, kind string
		in         documents.Input
	}{
		{"labels", documents.KindLabels, western},
		{"receipt", documents.KindReceipt, western},
		{"invoice", documents.KindInvoice, western},
		{"combined_document", documents.KindCombined, western},
		{"labels_greek", documents.KindLabels, greek},
	} {
		got, err := documents.RenderOne(golden.in, golden.kind)
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

func TestAnyTextIsDrawn(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Ελληνικά", "Кириллица", "日本語の住所", "🚚📦", "عربى", "e\u0301", "\u0000\u0007", strings.Repeat("Wort ", 300), strings.Repeat("x", 1000), " ", "", "\u202e", "\U0010ffff",
	} {
		in := input(t, "cabc")
		for i := range in.Shipment.Legs {
			for _, a := range []*shipment.Address{&in.Shipment.Legs[i].Sender, &in.Shipment.Legs[i].Receiver, &in.Shipment.Legs[i].Collection} {
				a.Name, a.Line1, a.Line2, a.City, a.PostalCode = text, text, text, text, text
			}
		}
		for i := range in.Shipment.Goods {
			in.Shipment.Goods[i].Description = text
		}
		_, err := documents.Render(in)
		require.NoError(t, err, "%q", text)
	}
}

func TestManyPackagesAndGoods(t *testing.T) {
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
	rendered, err := documents.Render(in)
	require.NoError(t, err)
	require.Less(t, len(rendered["combined_document"]), 4<<20)
}

// BenchmarkDocuments measures the documents of an international shipment with
// two packages and two carriers, some alone and all six together. Run it with
// GOMAXPROCS=1: then the time is that of the processor.
func BenchmarkDocuments(b *testing.B) {
	in := input(b, "cabc")
	for _, kind := range []string{documents.KindLabels, documents.KindReceipt, documents.KindInvoice, documents.KindCombined} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				_, err := documents.RenderOne(in, kind)
				require.NoError(b, err)
			}
		})
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			_, err := documents.Render(in)
			require.NoError(b, err)
		}
	})
}
