package metrics

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"shipments/activities/documents"
	"shipments/consumer"
	"shipments/events"
	"shipments/shipment"
)

// unknown is the value of a label whose value is not among the known ones.
const unknown = "unknown"

// prime begins counters at 0. Prometheus sees an increase only of what it has seen
// before: the first rejection, say, would raise no alert.
func prime(counter metric.Int64Counter, sets ...metric.MeasurementOption) {
	for _, set := range sets {
		counter.Add(context.Background(), 0, set)
	}
}

func (i *consumerInstruments) prime() {
	prime(i.redeliveries, labels())
	for _, eventType := range append(events.InputTypes(), otherType) {
		for _, result := range []string{consumer.ResultAccepted, consumer.ResultRepeat, consumer.ResultRejected, consumer.ResultNak} {
			prime(i.inputs, labels("type", eventType, "result", result))
		}
	}
	primeReasons(i.rejections)
}

func (i *activityInstruments) prime(carrierIDs map[string]bool) {
	for _, eventType := range events.OutcomeTypes() {
		for _, category := range []shipment.Category{shipment.Domestic, shipment.International, shipment.InternationalPaperless} {
			prime(i.outcomes, labels("type", eventType, "category", string(category)))
		}
	}
	for carrier := range carrierIDs {
		for _, operation := range []string{operationManifest, operationVoid, operationBook, operationCancel} {
			prime(i.lateCalls, labels("carrier", carrier, "operation", operation))
			for _, result := range []string{resultOK, resultDeclined, resultUnauthorized, resultError} {
				prime(i.carrierCalls, labels("carrier", carrier, "operation", operation, "result", result))
			}
		}
	}
	for _, what := range []string{undoneLeg, undoneBooking} {
		for _, result := range []string{resultOK, resultDeclined, resultUnauthorized, resultError} {
			prime(i.compensations, labels("what", what, "result", result))
		}
	}
	for _, kind := range append(documents.Kinds(), kindLegLabels) {
		prime(i.documents, labels("kind", kind))
	}
	primeReasons(i.rejections)
}

func primeReasons(rejections metric.Int64Counter) {
	for _, reason := range events.ReasonCodes() {
		prime(rejections, labels("reason", reason))
	}
}
