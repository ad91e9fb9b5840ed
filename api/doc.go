// Package api is the HTTP side of the service: it accepts shipments and reports
// their status.
//
//	POST /{shipmentId}             a sample shipment (while emulating)
//	POST /shipments                a shipment, or a CloudEvent that carries one
//	GET  /{shipmentId}             status, read from JetStream
//	GET  /shipments/{shipmentId}   the same
//	GET  /shipment-documents/{name}  a document, as PDF
//	GET  /schemas/                 the events' JSON Schemas
//	GET  /healthz, /readyz         liveness; the state of each dependency
//
// Errors are application/problem+json (RFC 9457). Everything is read from
// JetStream, so it is answered with Temporal and every worker down.
//
//   - api.go: configuration, routes
//   - shipments.go: accepting a shipment, its status
//   - documents.go: a shipment's documents
//   - schemas.go: the events' schemas
//   - health.go: /healthz, /readyz
//   - problem.go: replies, problem+json
//   - outage.go: one log line per outage of JetStream
//   - serve.go: the server, its limits, its drain
package api
