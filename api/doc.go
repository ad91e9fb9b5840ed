// Package api is the HTTP side of the service: it accepts shipments and reports
// their status.
//
//	POST /{shipmentId}             a sample shipment (while emulating)
//	POST /shipments                a shipment, or a CloudEvent that carries one
//	GET  /shipments                the recent shipments, by filters
//	GET  /shipments/{shipmentId}/events  its story, once or live
//	POST /shipments/{shipmentId}/cancellation, /rebooking  requests
//	GET  /rejections               what had no effect, and why
//	POST /rejections/{sequence}/replay  publishes an input again
//	GET  /{shipmentId}             status, read from JetStream
//	GET  /shipments/{shipmentId}   the same
//	GET  /shipment-documents/{name}  a document, as PDF
//	GET  /openapi.json, /asyncapi.json, /docs  what describes the API and the events
//	GET  /schemas/                 the events' JSON Schemas
//	GET  /healthz, /readyz         liveness; whether the process is ready
//
// Errors are application/problem+json (RFC 9457). Everything is read from
// JetStream, so it is answered with Temporal and every worker down. Package
// index, beneath it, has the view of the recent shipments, package presence the
// processes that run hosts, and package contract the documents that describe the API.
//
//   - accept.go: which media type a client prefers
//   - access.go: who may ask what; links to documents
//   - api.go: configuration, routes
//   - shipments.go: accepting a shipment, its status
//   - page.go, page_list.go, page_shipment.go, page_actions.go: pages for people, whose
//     templates are in the folder pages
//   - page_cache.go: list pages that many browsers share
//   - backlog.go: how far the consumer host is behind
//   - wait.go: a status that waits for the end
//   - list.go: the list of recent shipments
//   - story.go: the story of a shipment
//   - stream.go: server-sent events
//   - requests.go: cancellations and rebookings
//   - rejections.go: rejections, their replay
//   - documents.go: a shipment's documents
//   - schemas.go: the events' schemas
//   - contract.go: the documents that describe the API; all routes
//   - health.go: /healthz, /readyz
//   - admin.go: the admin listener: readiness with its details, metrics, profiles
//   - problem.go: replies, problem+json
//   - outage.go: one log line per outage of JetStream
//   - serve.go: the server, its limits, its drain
package api
