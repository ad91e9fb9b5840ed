package currency_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	xcurrency "golang.org/x/text/currency"

	"shipments/shipment/currency"
)

func TestDigits(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"JPY": 0, "KRW": 0, "EUR": 2, "VES": 2, "XCG": 2, "ZWG": 2, "SLE": 2, "KWD": 3, "TND": 3} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			n, known := currency.Digits(code)
			require.True(t, known)
			require.Equal(t, want, n)
		})
	}
	for _, code := range []string{"HRK", "ANG", "BGN", "SLL", "ZWL", "VEF", "CUC", "XXX", "XTS", "XAU", "CLF", "eur", "EURO", ""} {
		t.Run("not "+code, func(t *testing.T) {
			t.Parallel()
			_, known := currency.Digits(code)
			require.False(t, known)
		})
	}
}

// The Unicode CLDR has the digits of each currency too. Where it knows a code, it
// has to agree, but for those that are written without their minor unit there.
func TestDigitsAgreeWithCLDR(t *testing.T) {
	t.Parallel()
	const writtenShorter = "IQD AMD BIF AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK MRU PKR RSD SLL SOS SYP TWD TZS YER ZMK UZS GYD MUR CRC MNT NOK SEK CZK KHR SLE STN"
	for c := xcurrency.Query(); c.Next(); {
		code := c.Unit().String()
		want, known := currency.Digits(code)
		if !known {
			require.Contains(t, "ANG BGN CUC HRK SLL VEF ZWL CHE CHW BOV CLF COU CNX MXV USN UYI UYW XAU MVP STD MRO BYR LTL CNH CNY XXX", code, "a currency of today is missing")
			continue
		}
		scale, _ := xcurrency.Standard.Rounding(c.Unit())
		if scale != want {
			require.Contains(t, writtenShorter, code, "CLDR has %d digits, the table %d", scale, want)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ amount, code, want string }{
		"yen have none":           {"1500", "JPY", "1500"},
		"yen are rounded":         {"1499.5", "JPY", "1500"},
		"euros have two":          {"19.9", "EUR", "19.90"},
		"half is rounded up":      {"0.125", "EUR", "0.13"},
		"dinars have three":       {"1.25", "KWD", "1.250"},
		"an unknown code has two": {"1", "ABC", "1.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			amount, valid := currency.Parse(c.amount)
			require.True(t, valid)
			require.Equal(t, c.want, currency.Format(amount, c.code))
			want, _ := new(big.Rat).SetString(c.want)
			require.Zero(t, want.Cmp(currency.Round(amount, c.code)))
		})
	}
}

func TestFormatPriceKeepsFinerDigits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"0.0125": "0.0125", "19.9": "19.90", "20": "20.00", "1.9900": "1.99"} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, currency.FormatPrice(in, "EUR"))
		})
	}
}

func TestParseTakesDecimalsAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "-1", "+1", "1e3", "01", "1.", ".5", "1.00001", "1,5", "1234567890123", "٣"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, valid := currency.Parse(text)
			require.False(t, valid)
		})
	}
}
