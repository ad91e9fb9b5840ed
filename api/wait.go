package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"shipments/events/streams"
	"shipments/shipment"
)

// maxWait is how long a request may wait for the end of a shipment.
const maxWait = 60 * time.Second

// waitInterval is how often a status is read again while nothing is heard of the
// shipment: the view may be behind.
const waitInterval = 2 * time.Second

// waitParameter reads how long a request waits; 0 for not at all.
func waitParameter(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil || wait < 0 || wait > maxWait {
		return 0, fmt.Errorf("wait: use a duration from 0s to %s, such as 30s", maxWait)
	}
	return wait, nil
}

// waitForEnd reads the status of a shipment again and again until it has ended,
// or the time is up. A shipment that is not known yet is waited for.
func (a *api) waitForEnd(r *http.Request, id string, wait time.Duration) (shipment.Result, error) {
	following := a.Index.Follow(id)
	defer following.Close()
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	again := time.NewTicker(waitInterval)
	defer again.Stop()
	for {
		result, err := a.readStatus(r, id)
		if err != nil && !errors.Is(err, streams.ErrUnknownShipment) || err == nil && result.Status != shipment.Pending {
			return result, err
		}
		select {
		case <-following.Wake():
		case <-again.C:
		case <-deadline.C:
			return result, err
		case <-r.Context().Done():
			return result, err
		case <-stopping(r.Context()):
			return result, err
		}
	}
}
