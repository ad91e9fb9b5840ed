// Package tracestest has an OpenTelemetry collector for tests, and what the tests
// ask of traces.
//
//   - collector.go: takes spans, as OTLP over HTTP
//   - picture.go: what is wrong with traces; a trace as text
package tracestest
