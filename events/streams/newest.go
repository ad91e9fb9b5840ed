package streams

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/shipment"
)

// RejectionFilter selects rejections. A zero member selects all.
type RejectionFilter struct {
	// Reason is a code among the reasons.
	Reason string
	// Shipment is a shipment's id; [events.UnknownShipment] stands for inputs
	// without a valid one.
	Shipment string
	Since    time.Time
	// Before selects rejections with a smaller sequence.
	Before uint64
	// Limit is how many are returned at most; default 20.
	Limit int
}

const (
	// newestWindow is how many sequences one request reads, newestWindows how many
	// requests one call makes at most.
	newestWindow  = 50
	newestWindows = 40
)

// NewestRejections returns the newest rejections that a filter selects, newest
// first, and the sequence before which to go on; 0 if there are no more. A call
// reads a bounded part of the stream: it may return fewer than asked for, or
// none, although there are more.
func NewestRejections(ctx context.Context, js jetstream.JetStream, f RejectionFilter) (found []StoredRejection, next uint64, err error) {
	if f.Limit <= 0 {
		f.Limit = 20
	}
	handle, err := js.Stream(ctx, events.StreamRejections)
	if err != nil {
		return nil, 0, err
	}
	state := handle.CachedInfo().State
	found = []StoredRejection{}
	end := state.LastSeq + 1 // exclusive
	if f.Before > 0 {
		end = min(end, f.Before)
	}
	for range newestWindows {
		if state.Msgs == 0 || end <= max(state.FirstSeq, 1) {
			return found, 0, nil
		}
		from := max(end-min(end, newestWindow), state.FirstSeq, 1)
		window, err := rejectionWindow(ctx, js, from, end)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range slices.Backward(window) {
			if !f.Since.IsZero() && r.Time.Before(f.Since) {
				return found, 0, nil
			}
			if !f.matches(r) {
				continue
			}
			if found = append(found, r); len(found) == f.Limit {
				return found, r.Sequence, nil
			}
		}
		end = from
	}
	return found, end, nil
}

func (f *RejectionFilter) matches(r StoredRejection) bool {
	switch {
	case f.Shipment == events.UnknownShipment && r.ShipmentID == "":
	case f.Shipment != "" && r.ShipmentID != f.Shipment:
		return false
	}
	return f.Reason == "" || slices.ContainsFunc(r.Reasons, func(reason shipment.Reason) bool { return reason.Code == f.Reason })
}

// rejectionWindow reads the rejections with sequences from one on and before another.
func rejectionWindow(ctx context.Context, js jetstream.JetStream, from, end uint64) ([]StoredRejection, error) {
	var window []StoredRejection
	err := Walk(ctx, js, Range{Stream: events.StreamRejections, From: from, Batch: int(end - from)}, func(msg *jetstream.RawStreamMsg) bool {
		if msg.Sequence >= end {
			return false
		}
		if stored, err := DecodeRejection(msg); err == nil { // Another message is none.
			window = append(window, stored)
		}
		return msg.Sequence+1 < end
	})
	return window, err
}
