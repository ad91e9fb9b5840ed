// Package rows prints what became of a shipment, a row for each thing: for the commands
// that show one.
//
//   - rows.go: outcome, failure, what was undone
package rows
