package hosts

import (
	"context"

	"shipments/consumer"
)

// runConsumer runs the consumer host. It begins when the servers are provisioned:
// without its search attributes Temporal would refuse every process.
func runConsumer(ctx context.Context, rt *runtime) error {
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
		PrepareTemporal:  rt.prepareTemporal,
		Waiting:          rt.backlog,
		Log:              rt.log.With().Str("host", "consumer").Logger(),
	})
	for _, ready := range []chan struct{}{rt.streamsReady, rt.temporalReady} {
		select {
		case <-ready:
		case <-ctx.Done():
		}
	}
	return c.Run(ctx)
}
