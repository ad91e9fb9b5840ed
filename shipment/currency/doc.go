// Package currency is the table of the currencies that goods may be valued in,
// with the digits of their amounts, and exact arithmetic on amounts.
//
// Everything here is pure and safe for concurrent use.
//
//   - currency.go: the table (ISO 4217 as of 2026)
//   - amount.go: parsing, rounding and writing amounts
package currency
