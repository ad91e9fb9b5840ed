package hosts

import (
	"context"
	"fmt"
	"net/http"

	"go.temporal.io/sdk/worker"

	"shipments/activities"
	"shipments/activities/documents"
	"shipments/api"
	"shipments/consumer"
	"shipments/shipment"
	"shipments/workflows"
)

// runConsumer wires the consumer host.
func runConsumer(ctx context.Context, p *process) error {
	c := consumer.New(consumer.Config{
		Concurrency:   p.config.Concurrency,
		InFlight:      p.config.InFlight,
		MaxDeliveries: p.config.MaxDeliveries,
		DrainTimeout:  p.config.DrainTimeout,
		Settings:      p.config.settings(),
	}, consumer.Dependencies{
		JetStream:        p.js,
		Publisher:        p.publisher,
		Temporal:         withFailpoints(p.temporal),
		ProvisionStreams: p.provisionStreams,
		PrepareTemporal:  p.prepareTemporal,
		Waiting:          p.waiting,
		Log:              p.log.With().Str("host", "consumer").Logger(),
	})
	// Without its search attributes Temporal would refuse every process.
	select {
	case <-p.provisioned:
	case <-ctx.Done():
	}
	return c.Run(ctx)
}

func (p *process) apiHandler() http.Handler {
	return api.New(api.Config{
		JetStream: p.js,
		Publisher: p.publisher,
		Documents: documents.NewStore(p.js),
		Rules:     p.config.Rules(),
		Checks:    p.checks(),
		Log:       p.log.With().Str("host", "api").Logger(),
	})
}

// runWorker runs the worker of one task queue. Temporal being away delays its
// start; afterwards the SDK reconnects by itself.
func runWorker(ctx context.Context, p *process, queue string) error {
	log := p.log.With().Str("queue", queue).Logger()
	for ctx.Err() == nil {
		w, fatal, err := startWorker(ctx, p, queue)
		if err != nil || w == nil {
			return err
		}
		log.Debug().Msg("Worker started")
		select {
		case <-ctx.Done():
		case err := <-fatal:
			log.Error().Err(err).Msg("The worker failed; starting it again")
		}
		w.Stop()
	}
	return nil
}

// Check reports what ends hosts as soon as they start although their
// configuration is valid: a carrier's token that is missing where carriers may
// be called. They are called by the carrier host, and by every worker host when
// carrier calls run inline on their parents' hosts.
func Check(config Config, run []Host) error {
	_, missing := config.carriers.Integrations(config.Emulation)
	if missing == nil {
		return nil
	}
	inline := !config.composition.Has(shipment.StageCarrier)
	for _, h := range run {
		if h.Queue == workflows.QueueCarrier || (h.Queue != "" && inline) {
			return fmt.Errorf("host %s: %w", h.Name, missing)
		}
	}
	return nil
}

// startWorker starts a worker, and tries until it succeeds; if ctx is done
// before, there is no worker. The channel reports the error that later ends the worker, if any.
func startWorker(ctx context.Context, p *process, queue string) (w worker.Worker, fatal chan error, err error) {
	fatal = make(chan error, 1)
	options := workerOptions(p.config, func(err error) {
		select {
		case fatal <- err:
		default: // It has been told of an earlier one.
		}
	})
	err = p.untilDone(ctx, step{p.temporalName(), func(context.Context) error {
		// A worker starts once: after a failure it takes a new one.
		fresh := worker.New(p.temporal, queue, options)
		workflows.Register(fresh, queue,
			&activities.Carriers{ByID: p.integrations},
			&activities.Documents{Store: documents.NewStore(p.js)},
			&activities.Publishing{Publisher: p.publisher, JetStream: p.js})
		if err := fresh.Start(); err != nil {
			return err
		}
		w = fresh
		return nil
	}})
	return w, fatal, err
}
