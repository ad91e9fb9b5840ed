// Package index is the api host's view of the recent shipments, in memory. It is
// built from the tail of the streams and kept up to date by reading on, without a
// consumer ([streams.Follow]). It writes nothing, and asks Temporal nothing.
//
//   - index.go: the view, its bound, and since when it is complete
//   - record.go: what is kept of a shipment, and how each message changes it
//   - decode.go: what the view takes from a message
//   - prefixes.go: what makes a search by text quick
//   - names.go: short numbers for texts that occur often
//   - read.go: reads the tail of the streams, and follows them
//   - catchup.go: reads less than all of what is there at the start
//   - older.go: removes shipments that are older than the view
//   - query.go: lists shipments by filters, newest first
//   - overview.go: counts, the oldest pending shipments, the rate
//   - feed.go: passes on what is stored, to whoever follows it live
//
// A shipment is in the view if the message that opens its story was stored since
// the view's beginning: its input, its ledger entry, or a rejection.
//
// Everything is safe for concurrent use.
package index
