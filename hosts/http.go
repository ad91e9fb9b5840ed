package hosts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"shipments/activities/documents"
	"shipments/activities/pace"
	"shipments/api"
	"shipments/api/index"
	"shipments/api/presence"
	"shipments/events/streams"
)

// runAPI runs the api host.
func runAPI(ctx context.Context, rt *runtime) error {
	log := rt.hostLog("api")
	access, err := rt.config.access(ctx, log)
	if err != nil {
		return err
	}
	if isLocal(rt.listeners.HTTP) && access.Authenticator == nil && rt.config.Auth != authNone {
		access.Hosts = rt.config.names()
	}
	others, err := presence.Follow(rt.nats)
	if err != nil {
		return fmt.Errorf("listen to the other processes: %w", err)
	}
	defer others.Close()
	recent := index.New(index.Config{JetStream: rt.js, Shipments: rt.config.IndexShipments, Log: log})
	handler := api.New(api.Config{
		JetStream:       rt.js,
		Index:           recent,
		UI:              api.UI(rt.config.UI),
		Publisher:       rt.publisher,
		Documents:       documents.NewStore(rt.js),
		PublicURL:       rt.config.PublicURL,
		Rules:           rt.config.Rules(),
		CarrierDeadline: rt.config.CarrierDeadline,
		Access:          access,
		About:           rt.about,
		Processes:       others.List,
		Readiness:       rt.loops.readiness,
		Log:             log,
	})
	stop := rt.followReads(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case <-rt.streamsReady:
			return recent.Run(ctx)
		case <-ctx.Done():
			return nil
		}
	})
	group.Go(func() error {
		return api.Serve(ctx, rt.listeners.HTTP, continueTrace(rt.metrics.HTTP(handler)), rt.config.DrainTimeout, log)
	})
	return group.Wait()
}

const (
	// readInterval is the time between two reads by which the API finds out whether
	// reads work.
	readInterval = 5 * time.Second
	// readTimeout bounds one of them.
	readTimeout = 5 * time.Second
	// unusedID is a shipment id that is not published: there is nothing to read.
	unusedID = "readiness"
)

// followReads reads as requests do, again and again until stop is called, and has
// readiness follow that.
func (rt *runtime) followReads(ctx context.Context) (stop func()) {
	store := documents.NewStore(rt.js)
	var mu sync.Mutex
	now := rt.starting()
	rt.loops.follow("api", func() loopError {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	read := func() {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		_, err := streams.ReadStatus(ctx, rt.js, unusedID)
		if errors.Is(err, streams.ErrUnknownShipment) {
			_, _, err = store.Get(ctx, documents.Name(unusedID, documents.KindLabels))
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil, errors.Is(err, documents.ErrUnknown):
			now = loopError{}
		case now.why == "":
			now.since = time.Now()
			fallthrough
		default:
			now.why = "JetStream does not answer reads: " + err.Error()
		}
	}
	stopped, end := context.WithCancel(ctx)
	var loop sync.WaitGroup
	loop.Go(func() {
		select {
		case <-rt.streamsReady:
		case <-stopped.Done():
		}
		for stopped.Err() == nil {
			read()
			pace.Sleep(stopped, readInterval)
		}
	})
	return func() {
		end()
		loop.Wait()
	}
}
