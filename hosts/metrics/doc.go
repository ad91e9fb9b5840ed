// Package metrics measures what the hosts of a process do, for Prometheus.
//
// The packages that do the work know nothing of it. It listens at the seams that
// they have: the consumer reports what it settled, an interceptor of the workers
// sees each activity, a handler wraps the HTTP API. Labels have closed sets of
// values; an id is never one.
//
//   - metrics.go: the registry, what all metrics have in common, /metrics
//   - consumer.go: the messages of the consumer
//   - activities.go: carrier calls, documents, outcome events, compensations
//   - http.go: the requests of the API
//   - prime.go: counters begin at 0
//   - needs.go: task queues that need workers, warnings
//   - process.go: readiness, the NATS connection, build and configuration
//   - temporal.go: the Temporal SDK's own metrics, and those of workflow code
//
// Everything is safe for concurrent use.
package metrics
