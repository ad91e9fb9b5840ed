// Package customs is the table of customs areas: goods that stay within one cross
// no customs border, and need no customs invoice.
//
// Everything here is pure and safe for concurrent use.
//
//   - area.go: which area an address is in
//   - table.go: the areas of countries, and the exceptions by postcode and state
package customs
