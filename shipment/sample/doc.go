// Package sample makes the demo's shipments and carriers.
//
//   - sample.go: shipments and carriers
package sample
