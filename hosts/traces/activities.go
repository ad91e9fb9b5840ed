package traces

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/activities/documents"
	"shipments/events"
)

type workerInterceptor struct {
	interceptor.WorkerInterceptorBase

	traces *Traces
}

func (w *workerInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	traced := &activityInterceptor{traces: w.traces}
	traced.Next = next
	return traced
}

type activityInterceptor struct {
	interceptor.ActivityInboundInterceptorBase

	traces *Traces
}

// ExecuteActivity runs an attempt of an activity in a span of its own.
func (a *activityInterceptor) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	way := traceContextOf(ctx)
	if !way.valid() {
		return a.Next.ExecuteActivity(ctx, in)
	}
	info := activity.GetInfo(ctx)
	ctx, options := way.after(time.Now()).begin(ctx)
	deliver := func(spans []sdk.ReadOnlySpan) { a.traces.queue.add(spans) }
	if info.IsLocalActivity {
		deliver = func(spans []sdk.ReadOnlySpan) { a.traces.tasks.hold(info.WorkflowExecution.RunID, spans) }
	}
	d := describe(info.ActivityType.Name, in.Args)
	ctx, span := a.traces.start(ctx, d.name, d.kind, deliver, append(options, trace.WithAttributes(d.attributes...), trace.WithAttributes(
		attribute.String("temporal.workflow.id", info.WorkflowExecution.ID), attribute.String("temporal.run.id", info.WorkflowExecution.RunID),
		attribute.String("temporal.activity.id", info.ActivityID), attribute.Int("temporal.activity.attempt", int(info.Attempt)),
		attribute.Bool("temporal.activity.local", info.IsLocalActivity),
	))...)
	defer span.End()
	reply, err := a.Next.ExecuteActivity(ctx, in)
	switch answer, isReply := reply.(carriers.Reply); {
	case err != nil:
		span.SetStatus(codes.Error, err.Error())
	case isReply && answer.WasDeclined():
		span.SetAttributes(attribute.String("shipments.result", "declined"))
	}
	return reply, err
}

// description is what the span of an activity says of it.
type description struct {
	name       string
	kind       trace.SpanKind
	attributes []attribute.KeyValue
}

// describe describes an activity by its request.
func describe(activityType string, args []any) description {
	d := description{name: activityType, kind: trace.SpanKindInternal}
	if len(args) == 0 {
		return d
	}
	var shipmentID string
	switch r := args[0].(type) {
	case carriers.ManifestLegRequest:
		shipmentID, d.name = r.ShipmentID, "manifest leg"
		d.attributes = carrierCall(r.Details.CarrierID, attribute.Int("shipments.leg", r.Leg))
	case carriers.VoidLegRequest:
		shipmentID, d.name = r.ShipmentID, "void leg"
		d.attributes = carrierCall(r.CarrierID, attribute.Int("shipments.leg", r.Leg))
	case carriers.BookCollectionRequest:
		shipmentID, d.name = r.ShipmentID, "book collection"
		d.attributes = carrierCall(r.CarrierID, attribute.Int("shipments.booking", r.Attempt))
	case carriers.CancelCollectionRequest:
		shipmentID, d.name = r.ShipmentID, "cancel collection"
		d.attributes = carrierCall(r.CarrierID, attribute.Int("shipments.booking", r.Attempt))
	case documents.Input:
		shipmentID, d.name = r.Shipment.ShipmentID, "generate documents"
	case events.Outcome:
		shipmentID = r.Lineage.ShipmentID
		d = send(r.Type, r.Lineage.EventID(r.Type, r.Occurrence))
	case activities.RejectedSignal:
		shipmentID = r.ShipmentID
		d = send(events.TypeRejected, "")
	case string:
		if len(args) > 1 { // OutcomePublished
			shipmentID, _ = args[1].(string)
			d.name = "look up outcome"
			d.attributes = []attribute.KeyValue{attribute.String("shipments.event.type", r)}
		}
	}
	if shipmentID != "" {
		d.attributes = append(d.attributes, attribute.String(keyShipment, shipmentID))
	}
	return d
}

func carrierCall(carrier string, more attribute.KeyValue) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("shipments.carrier", carrier), more}
}

// send describes the publication of an event of a shipment.
func send(eventType, id string) description {
	d := description{name: "send " + template(eventType), kind: trace.SpanKindProducer, attributes: messaging("send", "publish", template(eventType))}
	if id != "" {
		d.attributes = append(d.attributes, attribute.String("messaging.message.id", id))
	}
	return d
}

const keyShipment = "shipments.shipment"

// template is the subject of events of a type, without the shipment's id.
func template(eventType string) string { return eventType + ".{shipmentId}" }

// messaging are the attributes that the semantic conventions for messaging demand.
func messaging(kind, operation, destination string) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "nats"), attribute.String("messaging.operation.type", kind),
		attribute.String("messaging.operation.name", operation), attribute.String("messaging.destination.template", destination),
	}
}
