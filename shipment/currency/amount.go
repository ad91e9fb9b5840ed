package currency

import (
	"math/big"
	"regexp"
)

// amountPattern is a decimal number as text: no sign, no exponent, no leading
// zeros, at most twelve digits before the point and four behind it.
var amountPattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$`)

// IsAmount reports whether [Parse] can read a text.
func IsAmount(text string) bool { return amountPattern.MatchString(text) }

// Parse reads an amount such as "19.90". It has at most twelve digits before the
// point and four behind it: a unit price may be finer than its currency, a total
// never is; see [Round].
func Parse(text string) (amount *big.Rat, valid bool) {
	if !IsAmount(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// Round rounds an amount to the digits of its currency, half away from zero. A
// code that is not known has two digits.
func Round(amount *big.Rat, code string) *big.Rat {
	rounded, valid := new(big.Rat).SetString(Format(amount, code))
	if !valid {
		return new(big.Rat).Set(amount) // A decimal number is always valid.
	}
	return rounded
}

// Format writes an amount with the digits of its currency, rounded half away
// from zero: "1500" in JPY, "19.90" in EUR, "1.250" in KWD. A code that is not
// known has two digits.
func Format(amount *big.Rat, code string) string {
	n, known := Digits(code)
	if !known {
		n = defaultDigits
	}
	return amount.FloatString(n)
}

// FormatPrice writes a unit price with the digits of its currency, or with those
// that it was given where they are more: "0.0125" in EUR.
func FormatPrice(text, code string) string {
	price, valid := Parse(text)
	if !valid {
		return text
	}
	if rounded := Round(price, code); rounded.Cmp(price) == 0 {
		return Format(price, code)
	}
	return text
}
