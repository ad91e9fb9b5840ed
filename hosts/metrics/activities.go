package metrics

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/events"
)

// The results of what is counted.
const (
	resultOK           = "ok"
	resultDeclined     = "declined"     // a carrier's answer
	resultUnauthorized = "unauthorized" // a carrier does not accept the token; retried
	resultError        = "error"        // another technical fault, which is retried
)

// The operations of a carrier, and what is undone.
const (
	operationManifest, operationVoid = "manifest-leg", "void-leg"
	operationBook, operationCancel   = "book-collection", "cancel-collection"

	undoneLeg, undoneBooking = "leg", "booking"
)

type activityInstruments struct {
	outcomes, rejections, carrierCalls, lateCalls, compensations, documents metric.Int64Counter
	publish, carrierCall, document                                          metric.Float64Histogram
}

func newActivityInstruments(k *maker, m metric.Meter) *activityInstruments {
	return &activityInstruments{
		outcomes:      k.counter(m, "shipments.outcomes", "{event}", "Outcome events that the process published, by type and the shipment's category."),
		rejections:    k.counter(m, "shipments.rejections", "{rejection}", "Inputs that were rejected, by reason. One with several reasons counts for each."),
		carrierCalls:  k.counter(m, "shipments.carrier.calls", "{call}", "Calls of carriers, each attempt on its own, by result: ok, declined, unauthorized, error."),
		lateCalls:     k.counter(m, "shipments.carrier.calls_near_deadline", "{call}", "Failed attempts to call carriers after half of the time in which the call has to succeed."),
		documents:     k.counter(m, "shipments.documents", "By", "Size of the documents that were stored, by kind."),
		compensations: k.counter(m, "shipments.compensations", "{call}", "Calls that undo what a carrier did: leg, booking."),
		publish:       k.histogram(m, "shipments.publish.duration", "Time until JetStream had confirmed an outcome event.", fast),
		carrierCall:   k.histogram(m, "shipments.carrier.call.duration", "Time that calls of carriers took, each attempt on its own.", slow),
		document:      k.histogram(m, "shipments.document.duration", "Time in which the documents of a step were rendered and stored.", fast),
	}
}

// Activities makes an interceptor that measures the activities of a worker.
// carrierIDs are the carriers of the table.
func (m *Metrics) Activities(carrierIDs map[string]bool) interceptor.WorkerInterceptor {
	m.activity.prime(carrierIDs)
	return &workerInterceptor{instruments: m.activity, carrierIDs: carrierIDs}
}

type workerInterceptor struct {
	interceptor.WorkerInterceptorBase

	instruments *activityInstruments
	carrierIDs  map[string]bool
}

func (w *workerInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	measured := &activityInterceptor{workerInterceptor: w}
	measured.Next = next
	return measured
}

type activityInterceptor struct {
	interceptor.ActivityInboundInterceptorBase

	*workerInterceptor
}

// ExecuteActivity runs an attempt of an activity and measures it by its request.
func (a *activityInterceptor) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	began := time.Now()
	reply, err := a.Next.ExecuteActivity(ctx, in)
	if len(in.Args) > 0 {
		a.measure(ctx, in.Args[0], reply, err, time.Since(began).Seconds())
	}
	return reply, err
}

func (a *activityInterceptor) measure(ctx context.Context, request, reply any, err error, seconds float64) {
	i := a.instruments
	result := resultOf(reply, err)
	late := err != nil && nearDeadline(activity.GetInfo(ctx), time.Now())
	switch r := request.(type) {
	case carriers.ManifestLegRequest:
		a.carrierCall(ctx, r.Details.CarrierID, operationManifest, result, seconds, late)
	case carriers.BookCollectionRequest:
		a.carrierCall(ctx, r.CarrierID, operationBook, result, seconds, late)
	case carriers.VoidLegRequest:
		a.carrierCall(ctx, r.CarrierID, operationVoid, result, seconds, late)
		i.compensations.Add(ctx, 1, labels("what", undoneLeg, "result", result))
	case carriers.CancelCollectionRequest:
		a.carrierCall(ctx, r.CarrierID, operationCancel, result, seconds, late)
		i.compensations.Add(ctx, 1, labels("what", undoneBooking, "result", result))
	case documents.Input:
		i.document.Record(ctx, seconds, labels("result", result))
	case events.Outcome:
		i.publish.Record(ctx, seconds, labels("type", r.Type, "result", result))
		if claim, ok := reply.(activities.ClaimResult); err == nil && (!ok || claim.Owner == nil) {
			i.outcomes.Add(ctx, 1, labels("type", r.Type, "category", categoryOf(r.Lineage)))
		}
	case activities.RejectedSignal:
		if err == nil {
			countReasons(ctx, i.rejections, r.Reasons)
		}
	}
}

func (a *activityInterceptor) carrierCall(ctx context.Context, carrier, operation, result string, seconds float64, late bool) {
	if !a.carrierIDs[carrier] {
		carrier = unknown
	}
	if late {
		a.instruments.lateCalls.Add(ctx, 1, labels("carrier", carrier, "operation", operation))
	}
	a.instruments.carrierCalls.Add(ctx, 1, labels("carrier", carrier, "operation", operation, "result", result))
	a.instruments.carrierCall.Record(ctx, seconds, labels("carrier", carrier, "operation", operation))
}

func resultOf(reply any, err error) string {
	if carriers.IsTokenRefused(err) {
		return resultUnauthorized
	}
	if err != nil {
		return resultError
	}
	if answer, ok := reply.(carriers.Reply); ok && answer.WasDeclined() {
		return resultDeclined
	}
	return resultOK
}

// nearDeadline reports whether half of the time has passed in which a carrier call has
// to succeed. An attempt within a workflow task is the first one, and never is.
func nearDeadline(call activity.Info, now time.Time) bool {
	allowed := call.ScheduleToCloseTimeout - activities.CarrierTimeout
	return !call.IsLocalActivity && allowed > 0 && now.Sub(call.ScheduledTime) > allowed/2
}

// categoryOf is the category of a process; one that is older than that field has none.
func categoryOf(l events.Lineage) string { return cmp.Or(string(l.Category), unknown) }

// DocumentStored counts a document that was stored. The labels of a carrier have its
// id as kind.
func (m *Metrics) DocumentStored(kind string, bytes int) {
	if !slices.Contains(documents.Kinds(), kind) {
		kind = kindLegLabels
	}
	m.activity.documents.Add(context.Background(), int64(bytes), labels("kind", kind))
}

// kindLegLabels are the labels of one leg.
const kindLegLabels = "leg_labels"
