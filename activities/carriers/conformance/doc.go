// Package conformance checks services against the carrier API's OpenAPI document.
//
//   - contract.go: [Contract], which compares requests and answers with the document
//   - check.go: [Check], which tries all rules
//   - rules.go: the rules; rules_repeats.go: those of idempotency keys;
//     rules_refusals.go: those of calls that are to be declined
//   - service.go: requests to the service that is checked
package conformance
