package currency

import "strings"

// defaultDigits is the number of digits behind the decimal point that most
// currencies have: their minor unit in ISO 4217.
const defaultDigits = 2

// The currencies of ISO 4217 as of 2026 that are money somewhere, by the digits
// of their minor unit. Withdrawn codes (HRK, ANG, BGN, SLL, ZWL, …), fund codes
// (CLF, COU, USN, …), precious metals and codes for tests are not in the list.
const (
	withTwoDigits = `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
		CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR
		ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
		MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
		SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`
	withoutDigits   = `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF`
	withThreeDigits = `BHD IQD JOD KWD LYD OMR TND`
)

// digits has the digits of every currency's amounts, by code.
var digits = func() map[string]int {
	table := map[string]int{}
	for n, codes := range map[int]string{0: withoutDigits, defaultDigits: withTwoDigits, 3: withThreeDigits} {
		for code := range strings.FieldsSeq(codes) {
			table[code] = n
		}
	}
	return table
}()

// Digits returns how many digits an amount in the currency has behind the decimal
// point: 0 for JPY, 2 for EUR, 3 for KWD. It is false for a code that is no
// currency of today.
func Digits(code string) (n int, known bool) {
	n, known = digits[code]
	return n, known
}

// successors are the currencies that took the place of withdrawn ones, for the
// sentence of a rejection.
var successors = map[string]string{
	"ANG": "XCG", "BGN": "EUR", "BYR": "BYN", "CUC": "CUP", "EEK": "EUR", "HRK": "EUR", "LTL": "EUR", "LVL": "EUR",
	"MRO": "MRU", "SLL": "SLE", "STD": "STN", "TRL": "TRY", "VEF": "VES", "ZMK": "ZMW", "ZWL": "ZWG",
}

// Successor returns the currency that took the place of a withdrawn one, or
// nothing for any other code.
func Successor(code string) string { return successors[code] }
