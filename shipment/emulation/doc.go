// Package emulation is the demo behaviour that shipment ids drive: the first
// character decides the category, the last one what a carrier declines.
//
// It applies while SHIPMENTS_EMULATION is on. The domain asks it for the category,
// the simulated carriers for what to decline. Everything here is pure.
//
//   - emulation.go: what an id says
package emulation
