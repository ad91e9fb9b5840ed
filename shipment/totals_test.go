package shipment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/shipment"
	"shipments/shipment/sample"
)

func goods(quantity int, unitValue, currency string) shipment.Goods {
	return shipment.Goods{Quantity: quantity, UnitValue: unitValue, Currency: currency}
}

func TestLineTotal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		goods shipment.Goods
		want  string
	}{
		"euros":                          {goods(2, "79.90", "EUR"), "159.80"},
		"yen have no digits":             {goods(3, "1500", "JPY"), "4500"},
		"dinars have three":              {goods(2, "0.625", "KWD"), "1.250"},
		"a finer unit value":             {goods(1000, "0.0125", "EUR"), "12.50"},
		"half a cent is rounded up":      {goods(1, "0.125", "EUR"), "0.13"},
		"half a yen is rounded up":       {goods(1, "0.5", "JPY"), "1"},
		"less than half a cent":          {goods(1, "0.0049", "EUR"), "0.00"},
		"the largest amount":             {goods(1_000_000, "999999999999.9999", "EUR"), "999999999999999900.00"},
		"rounded once, not at each unit": {goods(3, "0.335", "EUR"), "1.01"},
		"what is no amount":              {goods(3, "1,50", "EUR"), "0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, shipment.Total{Amount: c.want, Currency: c.goods.Currency}, c.goods.LineTotal())
		})
	}
}

func TestInvoiceTerms(t *testing.T) {
	t.Parallel()
	s := sample.Shipment("3", now)
	require.Equal(t, shipment.Customs{
		Reason: shipment.ReasonSale, InvoiceNumber: "3", InvoiceDate: "2026-11-24", Importer: &s.Legs[1].Receiver,
	}, s.InvoiceTerms(), "the defaults")
	given := shipment.Customs{Reason: shipment.ReasonGift, Incoterm: "DDP", InvoiceNumber: "R-17", InvoiceDate: "2026-11-20", Importer: &s.Legs[0].Receiver}
	s.Customs = &given
	require.Equal(t, given, s.InvoiceTerms(), "what is given stays")
	require.Equal(t, shipment.Customs{Reason: shipment.ReasonSale}, shipment.Shipment{}.InvoiceTerms(), "nothing is needed")
}

func TestTotals(t *testing.T) {
	t.Parallel()
	t.Run("one per currency, in their order", func(t *testing.T) {
		t.Parallel()
		s := shipment.Shipment{Goods: []shipment.Goods{goods(2, "79.90", "EUR"), goods(1, "1500", "JPY"), goods(1, "14.50", "EUR")}}
		require.Equal(t, []shipment.Total{{Amount: "174.30", Currency: "EUR"}, {Amount: "1500", Currency: "JPY"}}, s.Totals())
	})
	t.Run("a total is the sum of what is printed", func(t *testing.T) {
		t.Parallel()
		s := shipment.Shipment{Goods: []shipment.Goods{goods(1, "0.125", "EUR"), goods(1, "0.125", "EUR")}}
		require.Equal(t, "0.26", s.Totals()[0].Amount, "0.13 and 0.13")
	})
	t.Run("none without goods", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, shipment.Shipment{}.Totals())
	})
}
