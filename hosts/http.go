package hosts

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/client"

	"shipments/activities/documents"
	"shipments/api"
	"shipments/events/streams"
)

// runAPI runs the api host.
func runAPI(ctx context.Context, rt *runtime) error {
	log := rt.log.With().Str("host", "api").Logger()
	handler := api.New(api.Config{
		JetStream: rt.js,
		Publisher: rt.publisher,
		Documents: documents.NewStore(rt.js),
		Rules:     rt.config.Rules(),
		Checks:    rt.checks(),
		About:     rt.about,
		Log:       log,
	})
	return api.Serve(ctx, rt.listener, handler, rt.config.DrainTimeout, log)
}

// serveHealth serves the health routes of a process without the API, if it has a
// listener.
func serveHealth(ctx context.Context, rt *runtime) error {
	if rt.listener == nil {
		return nil
	}
	return api.Serve(ctx, rt.listener, api.Health(rt.checks(), rt.about), rt.config.DrainTimeout, rt.log)
}

// checks are the readiness checks of this process.
func (rt *runtime) checks() api.Checks {
	checks := api.Checks{"nats": rt.checkNATS}
	if rt.needsTemporal() {
		checks["temporal"] = rt.checkTemporal
	}
	return checks
}

func (rt *runtime) checkNATS(ctx context.Context) error {
	select {
	case <-rt.streamsReady:
	default:
		return errors.New("the streams are not provisioned yet")
	}
	differences, err := streams.Check(ctx, rt.js, rt.config.StreamReplicas)
	if err != nil {
		return errors.New("no answer from JetStream")
	}
	for _, d := range differences {
		if d.Change == streams.Create {
			return fmt.Errorf("%s %s is missing", d.Setting, d.Object)
		}
	}
	if rt.publisher.Trouble() != nil {
		return errors.New("JetStream does not store events: its disk may be full")
	}
	return nil
}

func (rt *runtime) checkTemporal(ctx context.Context) error {
	if _, err := rt.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return errors.New("no answer from Temporal")
	}
	return nil
}
