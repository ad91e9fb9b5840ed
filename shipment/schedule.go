package shipment

import (
	"fmt"
	"time"

	"shipments/shipment/emulation"
)

// BookingWindow says when a carrier takes bookings for a collection day:
// from Opens, DaysBefore days earlier, until CutOff on the day itself. Both
// are wall-clock times (HH:MM) in the shipment's time zone.
type BookingWindow struct {
	DaysBefore int    `json:"daysBefore"`
	Opens      string `json:"opens"`
	CutOff     string `json:"cutOff"`
}

// The faults of scheduling.
const (
	cannotBeScheduled = "Shipment cannot be scheduled for collection booking"
	bookedTooLate     = "Collection could not be booked in time"
	missedCutOff      = "3.4.5: Missed booking cut-off time"
)

// TooLate reports that the collection of s cannot be booked any more when its
// booking comes up: the service was down over the carrier's cut-off. It
// returns nil while there is time, and never a fault while emulating.
func (r Rules) TooLate(s Shipment, now time.Time) *Fault {
	if _, fault := r.BookingTime(s, now); fault != nil {
		return NewFault(bookedTooLate, fault.Errors...)
	}
	return nil
}

// TooFarAhead is the reason to reject a collection date that is further ahead than
// CollectionHorizon, seen from now: the last possible one is the day, in the
// shipment's time zone, on which the horizon ends. It is nil for a possible date, for
// one that is malformed, which [Rules.Validate] rejects, and without a horizon.
//
// It is checked when a shipment is published, when it is accepted, and when its
// collection is rebooked; [Rules.Validate] looks at no clock. While emulating it
// holds too.
func (r Rules) TooFarAhead(s Shipment, now time.Time) *Reason {
	day, err := time.Parse(time.DateOnly, s.CollectionDate)
	// No time zone is a day ahead of UTC or behind it.
	if r.CollectionHorizon <= 0 || err != nil || day.Before(now.Add(r.CollectionHorizon-24*time.Hour)) {
		return nil
	}
	zone, err := location(s.TimeZone)
	if err != nil {
		return nil
	}
	last := now.Add(r.CollectionHorizon).In(zone).Format(time.DateOnly)
	if s.CollectionDate <= last {
		return nil
	}
	return &Reason{
		Code: CodeInvalidCollectionDate, Path: "/collectionDate",
		Message: s.CollectionDate + " is too far ahead: a collection is possible until " + last,
	}
}

// BookingTime returns when the collection of s is to be booked, seen from now:
// the opening of the carrier's booking window, or now if it is open already.
// A collection that cannot be booked any more is a fault.
//
// While emulating, the collection is booked CollectionDelay from now.
//
// Wall-clock times follow the time zone's daylight saving. A time that the
// clocks skip or repeat is resolved as [time.Date] does, to one of the two
// instants around the change.
func (r Rules) BookingTime(s Shipment, now time.Time) (time.Time, *Fault) {
	if r.Emulation {
		return now.Add(r.CollectionDelay), nil
	}
	return r.byCalendar(s, now)
}

// RebookingFault returns why the collection of s cannot be booked for its day by a
// request for a rebooking, or nil. The rules are those of a first booking, the bound
// of [Rules.TooFarAhead] among them, and the calendar decides while emulating too.
func (r Rules) RebookingFault(s Shipment, now time.Time) *Fault {
	if reason := r.TooFarAhead(s, now); reason != nil {
		return NewFault(cannotBeScheduled, reason.Message)
	}
	_, fault := r.byCalendar(s, now)
	return fault
}

// byCalendar is [Rules.BookingTime] without emulation.
func (r Rules) byCalendar(s Shipment, now time.Time) (time.Time, *Fault) {
	carrier, known := r.Carrier(s.CollectionCarrierID())
	if !known {
		return time.Time{}, NewFault(cannotBeScheduled, "the carrier is not known")
	}
	opens, cutOff, err := carrier.Booking.on(s.CollectionDate, s.TimeZone)
	switch {
	case err != nil:
		return time.Time{}, NewFault(cannotBeScheduled, err.Error())
	case !now.Before(cutOff):
		return time.Time{}, NewFault(cannotBeScheduled, missedCutOff)
	case now.After(opens):
		return now, nil
	default:
		return opens, nil
	}
}

// CollectionCarrierID is the carrier that collects the shipment: the first
// leg's. It is empty for a shipment without legs.
func (s Shipment) CollectionCarrierID() string {
	if len(s.Legs) == 0 {
		return ""
	}
	return s.Legs[0].CarrierID
}

// on returns the window for one collection day.
func (w BookingWindow) on(date, zone string) (opens, cutOff time.Time, err error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return opens, cutOff, fmt.Errorf("collection date: %w", err)
	}
	loc, err := location(zone)
	if err != nil {
		return opens, cutOff, fmt.Errorf("time zone: %w", err)
	}
	opening, err := time.Parse("15:04", w.Opens)
	if err != nil {
		return opens, cutOff, fmt.Errorf("opening of the booking window: %w", err)
	}
	closing, err := time.Parse("15:04", w.CutOff)
	if err != nil {
		return opens, cutOff, fmt.Errorf("cut-off of the booking window: %w", err)
	}
	opens = time.Date(day.Year(), day.Month(), day.Day()-w.DaysBefore, opening.Hour(), opening.Minute(), 0, 0, loc)
	cutOff = time.Date(day.Year(), day.Month(), day.Day(), closing.Hour(), closing.Minute(), 0, 0, loc)
	return opens, cutOff, nil
}

// RebookingWindowFor is how long a process stays open after a failed booking for a
// rebooking to be requested. While emulating that is only for ids that end
// with 3, whose first booking fails and whose second one succeeds.
func (r Rules) RebookingWindowFor(s Shipment) time.Duration {
	if r.Emulation && emulation.ID(s.ShipmentID).Ending() != emulation.DeclinesFirstCollection {
		return 0
	}
	return r.RebookingWindow
}
