package index

import (
	"time"

	"shipments/shipment"
)

// maxOldest is how many of the oldest pending shipments an overview has.
const maxOldest = 5

// Overview is how the shipments of the view stand.
type Overview struct {
	// Shipments counts those of the view.
	Shipments int                     `json:"shipments"`
	Counts    map[shipment.Status]int `json:"counts"`
	// Oldest are the shipments that have been pending for longest.
	Oldest []Shipment `json:"oldestPending,omitempty"`
	// OpenedPerMinute and EndedPerMinute count the last full minute.
	OpenedPerMinute int `json:"openedPerMinute"`
	EndedPerMinute  int `json:"endedPerMinute"`
	// CompleteSince is nil if the view has all that the streams hold.
	CompleteSince *time.Time `json:"completeSince,omitempty"`
	// Behind counts the messages that are stored and not yet in the view.
	Behind uint64 `json:"behind"`
	Ready  bool   `json:"ready"`
}

// Overview counts the shipments of the view.
func (x *Index) Overview() Overview {
	ready := x.IsReady()
	x.mu.RLock()
	defer x.mu.RUnlock()
	o := Overview{Shipments: len(x.byID), Counts: map[shipment.Status]int{}, Ready: ready}
	if x.completeSince != 0 {
		at := instant(x.completeSince)
		o.CompleteSince = &at
	}
	for _, i := range x.order[x.head:] {
		r := &x.records[i]
		status := r.status()
		o.Counts[status]++
		if status == shipment.Pending && len(o.Oldest) < maxOldest {
			o.Oldest = append(o.Oldest, x.show(r))
		}
	}
	now := time.Now()
	o.OpenedPerMinute, o.EndedPerMinute = x.openings.lastMinute(now), x.endings.lastMinute(now)
	for _, p := range x.position {
		o.Behind += p.pending
	}
	return o
}

// rate counts events by the second, for the last minute. The zero value is ready
// for use.
type rate struct {
	seconds [61]int64 // the second that a count is of
	counts  [61]int
}

func (r *rate) add(at time.Time) {
	second := at.Unix()
	i := second % int64(len(r.seconds))
	switch {
	case i < 0 || r.seconds[i] > second: // older than a minute
		return
	case r.seconds[i] < second:
		r.seconds[i], r.counts[i] = second, 0
	}
	r.counts[i]++
}

// lastMinute counts the sixty full seconds before now.
func (r *rate) lastMinute(now time.Time) int {
	sum := 0
	for i, second := range r.seconds {
		if age := now.Unix() - second; age >= 1 && age <= 60 {
			sum += r.counts[i]
		}
	}
	return sum
}
