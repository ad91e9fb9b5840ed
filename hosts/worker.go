package hosts

import (
	"context"
	"time"

	"go.temporal.io/sdk/worker"

	"shipments/activities"
	"shipments/activities/documents"
	"shipments/workflows"
)

// runWorker runs the worker of one task queue. It starts when Temporal answers;
// afterwards the SDK reconnects by itself.
func runWorker(ctx context.Context, rt *runtime, host, queue string) error {
	select {
	case <-rt.temporalReached:
	case <-ctx.Done():
	}
	log := rt.hostLog(host).With().Str("queue", queue).Logger()
	for ctx.Err() == nil {
		w, fatal, err := startWorker(ctx, rt, queue)
		if err != nil || w == nil {
			return err
		}
		log.Debug().Msg("Worker started")
		rt.loops.follow(host, func() loopError { return rt.polls.lastError(queue) })
		select {
		case <-ctx.Done():
		case err := <-fatal:
			log.Error().Err(err).Msg("The worker failed; starting it again")
			failed := loopError{why: "the worker failed and is started again: " + err.Error(), since: time.Now()}
			rt.loops.follow(host, func() loopError { return failed })
		}
		w.Stop()
	}
	return nil
}

// startWorker starts a worker, and tries until it succeeds. There is no worker if
// ctx is done before. The channel has the error that ends the worker later, if
// one does.
func startWorker(ctx context.Context, rt *runtime, queue string) (w worker.Worker, fatal chan error, err error) {
	fatal = make(chan error, 1)
	options := workerOptions(rt, func(err error) {
		select {
		case fatal <- err:
		default: // An earlier one has ended the worker.
		}
	})
	store := documents.NewStore(rt.js)
	err = rt.until(ctx, step{"Temporal", func(context.Context) error {
		// A worker starts once: after a failure it takes a new one.
		fresh := worker.New(rt.temporal, queue, options)
		workflows.Register(fresh, queue,
			&activities.Carriers{ByID: rt.integrations, Labels: activities.CarrierLabels{Store: store}, Tokens: &rt.tokens},
			&activities.Documents{Store: store, Typeface: rt.config.typeface, Stored: rt.metrics.DocumentStored},
			&activities.Publishing{Publisher: rt.publisher, JetStream: rt.js})
		if err := fresh.Start(); err != nil {
			return err
		}
		w = fresh
		return nil
	}, findTemporal, nil})
	return w, fatal, err
}
