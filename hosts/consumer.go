package hosts

import (
	"context"

	"shipments/consumer"
)

// runConsumer runs the consumer host. It begins when the servers are provisioned,
// as far as they can be.
func runConsumer(ctx context.Context, rt *runtime) error {
	var settled func(context.Context, consumer.Settlement)
	if rt.measured() {
		settled = rt.metrics.Settled
	}
	c := consumer.New(consumer.Config{
		Concurrency:   rt.config.Concurrency,
		InFlight:      rt.config.InFlight,
		MaxDeliveries: rt.config.MaxDeliveries,
		DrainTimeout:  rt.config.DrainTimeout,
		Settings:      rt.config.settings(),
	}, consumer.Dependencies{
		JetStream:        rt.js,
		Publisher:        rt.publisher,
		Temporal:         withFailpoints(rt.temporal),
		ProvisionStreams: rt.provisionStreams,
		PrepareTemporal:  rt.searchAttributesRefused,
		Searchable:       rt.searchable.load,
		MarksOutcome:     rt.searchable.outcome,
		Backlog:          rt.backlog,
		Settled:          settled,
		Tracer:           rt.traces.Consumer(),
		Converter:        rt.config.converters().Data,
		Log:              rt.hostLog("consumer"),
	})
	if err := rt.metrics.FollowConsumer(c.State); err != nil {
		return err
	}
	for _, ready := range []chan struct{}{rt.streamsReady, rt.temporalReady} {
		select {
		case <-ready:
		case <-ctx.Done():
		}
	}
	rt.loops.follow("consumer", func() loopError {
		t := c.LastError()
		return loopError{why: t.Why, since: t.Since}
	})
	return c.Run(ctx)
}
