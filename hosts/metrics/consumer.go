package metrics

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"

	"shipments/consumer"
	"shipments/events"
	"shipments/shipment"
)

type consumerInstruments struct {
	inputs, rejections, redeliveries metric.Int64Counter
	age                              metric.Float64Histogram
}

func newConsumerInstruments(k *maker, m metric.Meter) *consumerInstruments {
	return &consumerInstruments{
		inputs:       k.counter(m, "shipments.inputs", "{message}", "Messages that the consumer settled, by event type and result: accepted, repeat, rejected, nak."),
		rejections:   k.counter(m, "shipments.rejections", "{rejection}", "Inputs that were rejected, by reason. One with several reasons counts for each."),
		redeliveries: k.counter(m, "shipments.redeliveries", "{delivery}", "Deliveries that were not the first one of their message."),
		age:          k.histogram(m, "shipments.input.age", "Time from the storing of a message to its ack or its rejection.", slow),
	}
}

// Settled counts a message that the consumer has settled.
func (m *Metrics) Settled(ctx context.Context, s consumer.Settlement) {
	i := m.consumer
	i.inputs.Add(ctx, 1, labels("type", inputType(s.Type), "result", s.Result))
	if s.Redelivered {
		i.redeliveries.Add(ctx, 1)
	}
	if s.Result != consumer.ResultNak {
		i.age.Record(ctx, s.Age.Seconds())
	}
	countReasons(ctx, i.rejections, s.Reasons)
}

// inputType is the event type of a subject, of which a publisher may have made
// one up.
func inputType(eventType string) string {
	if row, known := events.Lookup(eventType); known && row.Kind == events.KindInput {
		return eventType
	}
	return otherType
}

// otherType stands for a subject that no event type has.
const otherType = "other"

// countReasons counts each code of a rejection once.
func countReasons(ctx context.Context, rejections metric.Int64Counter, reasons []shipment.Reason) {
	counted := map[string]bool{}
	for _, r := range reasons {
		if !counted[r.Code] {
			counted[r.Code] = true
			rejections.Add(ctx, 1, labels("reason", r.Code))
		}
	}
}

// FollowConsumer measures a consumer's state whenever the metrics are read.
func (m *Metrics) FollowConsumer(state func() consumer.State) error {
	m.consumer.prime()
	var k maker
	gauge := func(name, unit, description string) metric.Float64ObservableGauge {
		g, err := m.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		k.note(err)
		return g
	}
	var (
		pending  = gauge("shipments.input.pending", "{message}", "Messages that waited in JetStream when the last one was delivered.")
		oldest   = gauge("shipments.oldest_input.age", "s", "Age of the oldest message that this consumer handles, or of the last one delivered while others wait.")
		inFlight = gauge("shipments.in_flight", "{shipment}", "Shipments on their way to their documents, over all consumers; 0 without a limit.")
		limit    = gauge("shipments.in_flight_limit", "{shipment}", "The limit of shipments in flight; 0 is none.")
		paused   = gauge("shipments.consumer.paused", "", "1 while the consumer does not pull, by the cause.")
	)
	if k.err != nil {
		return k.err
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := state()
		o.ObserveFloat64(pending, float64(s.Pending))
		var age float64
		if !s.Oldest.IsZero() {
			age = max(0, time.Since(s.Oldest).Seconds())
		}
		o.ObserveFloat64(oldest, age)
		o.ObserveFloat64(inFlight, float64(s.InFlight))
		o.ObserveFloat64(limit, float64(s.Limit))
		for cause, on := range map[string]bool{"temporal": s.TemporalAway, "jetstream": s.JetStreamAway, "admission": s.AtLimit} {
			o.ObserveFloat64(paused, number(on), labels("by", cause))
		}
		return nil
	}, pending, oldest, inFlight, limit, paused)
	return err
}

func number(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
