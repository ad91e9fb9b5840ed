package streams

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"shipments/events"
	"shipments/shipment"
)

// Expectations are what the waits of a shipment are computed with: the choices of the
// process, as far as whoever reads its progress has the same.
type Expectations struct {
	// Rules give the time of the booking. Without the shipment's carrier they give none.
	Rules shipment.Rules
	// CarrierDeadline is how long a carrier may give no answer; 0 if it is not known.
	CarrierDeadline time.Duration
	// Inputs are sequences of inputs of the shipment that do not have its id in their
	// subject; zeros are ignored.
	Inputs []uint64
}

// AddProgress adds to the status of a pending shipment how far it is. Other results
// stay as they are. It reads the streams, in one or two round trips, and no workflow;
// the time of the booking follows from the shipment's own content. An event that is
// stored between the reading of the status and of the progress may be in the progress.
func AddProgress(ctx context.Context, js jetstream.JetStream, result *shipment.Result, e Expectations) error {
	if result.Status != shipment.Pending {
		return nil
	}
	known, err := readProgress(ctx, js, result.ShipmentID, e.Inputs)
	if err != nil {
		return err
	}
	result.Progress = known.progress(e, time.Now())
	return nil
}

// Expect is what a story says of the progress of its shipment; see [AddProgress]. It
// is nil for a story without a message that begins one.
func Expect(story []StoredMessage, e Expectations, now time.Time) *shipment.Progress {
	k := known{last: map[string]*jetstream.RawStreamMsg{}}
	for _, m := range story {
		raw := &jetstream.RawStreamMsg{Subject: m.Subject, Sequence: m.Sequence, Header: m.Header, Data: m.Data, Time: m.Time}
		if m.Type == events.TypeCreated {
			k.created = append(k.created, raw)
		}
		k.last[m.Type] = raw
	}
	if len(k.created) == 0 && k.last[events.TypeAccepted] == nil {
		return nil
	}
	return k.progress(e, now)
}

// known are the messages of a shipment that say how far it is.
type known struct {
	created []*jetstream.RawStreamMsg
	last    map[string]*jetstream.RawStreamMsg // by type
}

// progressTypes are the types whose last event says how far a shipment is.
var progressTypes = []string{
	events.TypeAccepted, events.TypeManifested, events.TypeDocumentsGenerated,
	events.TypeCollectionDeclined, events.TypeCollectionBooked, events.TypeManifestationVoided,
}

func readProgress(ctx context.Context, js jetstream.JetStream, id string, inputs []uint64) (known, error) {
	k := known{last: map[string]*jetstream.RawStreamMsg{}}
	var mu sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	read := func(eventType string, last func(subject string) (*jetstream.RawStreamMsg, error)) {
		all.Go(func() error {
			msg, err := last(events.Subject(eventType, id))
			mu.Lock()
			defer mu.Unlock()
			k.last[eventType] = msg
			return err
		})
	}
	for _, eventType := range progressTypes {
		read(eventType, func(subject string) (*jetstream.RawStreamMsg, error) {
			return LastDirect(ctx, js, events.StreamEvents, subject)
		})
	}
	read(events.TypeRejected, func(subject string) (*jetstream.RawStreamMsg, error) {
		return LastDirect(ctx, js, events.StreamRejections, subject)
	})
	read(events.TypeRebookingRequested, func(subject string) (*jetstream.RawStreamMsg, error) {
		return getMessage(ctx, js, events.StreamShipments, getRequest{LastBySubject: subject})
	})
	all.Go(func() error {
		found, _, err := messagesOf(ctx, js, events.StreamShipments, events.Subject(events.TypeCreated, id))
		mu.Lock()
		defer mu.Unlock()
		k.created = append(k.created, found...)
		return err
	})
	for _, sequence := range slices.DeleteFunc(slices.Clone(inputs), func(s uint64) bool { return s == 0 }) {
		all.Go(func() error {
			msg, err := getMessage(ctx, js, events.StreamShipments, getRequest{Sequence: sequence})
			mu.Lock()
			defer mu.Unlock()
			if msg != nil {
				k.created = append(k.created, msg)
			}
			return err
		})
	}
	return k, all.Wait()
}

// progress computes how far the shipment is.
func (k known) progress(e Expectations, now time.Time) *shipment.Progress {
	p := &shipment.Progress{}
	trigger := k.trigger()
	if manifested := k.last[events.TypeManifested]; manifested != nil {
		var data events.Manifested
		_ = decodeData(manifested, &data) // What cannot be read is left out.
		p.ManifestedLegs = data.ManifestedLegs
	}
	if generated := k.last[events.TypeDocumentsGenerated]; generated != nil {
		var data events.DocumentsGenerated
		if decodeData(generated, &data) == nil {
			p.ShipmentDocuments = &data.ShipmentDocuments
		}
	}
	begin := func(stage shipment.Stage, wait shipment.Wait, since *jetstream.RawStreamMsg) {
		p.Stage, p.WaitsFor = stage, wait
		if since != nil {
			p.Since = since.Time.UTC()
		}
	}
	accepted, manifested, generated := k.last[events.TypeAccepted], k.last[events.TypeManifested], k.last[events.TypeDocumentsGenerated]
	booked, voided, declined := k.last[events.TypeCollectionBooked], k.last[events.TypeManifestationVoided], k.last[events.TypeCollectionDeclined]
	switch {
	case voided != nil:
		stage := shipment.StageManifestation
		if generated != nil {
			stage = shipment.StageCollection
		}
		begin(stage, shipment.WaitEnding, voided)
	case booked != nil:
		var data events.CollectionBooked
		if decodeData(booked, &data) == nil {
			p.CollectionBooking = &data.CollectionBooking
		}
		begin(shipment.StageCollection, shipment.WaitEnding, booked)
	case declined != nil:
		k.afterDecline(p, declined, trigger, e, now)
	case generated != nil:
		begin(shipment.StageCollection, shipment.WaitBooking, generated)
		expectBooking(p, trigger, e, eventTime(generated), now)
	case manifested != nil:
		begin(shipment.StageDocuments, shipment.WaitDocuments, manifested)
		p.BookingAt = byCalendar(trigger, e, now)
	case accepted != nil:
		begin(shipment.StageManifestation, shipment.WaitCarriers, accepted)
		p.Until = after(p.Since, e.CarrierDeadline)
		p.BookingAt = byCalendar(trigger, e, now)
	default:
		begin(shipment.StageValidation, shipment.WaitConsumer, k.input())
		p.BookingAt = byCalendar(trigger, e, now)
	}
	return p
}

// afterDecline is the progress after a failed booking: a rebooking can be requested, or
// has been.
func (k known) afterDecline(p *shipment.Progress, declined *jetstream.RawStreamMsg, trigger *shipment.Shipment, e Expectations, now time.Time) {
	var data events.CollectionDeclined
	_ = decodeData(declined, &data) // What cannot be read is left out.
	p.Stage, p.Since, p.Faults = shipment.StageCollection, declined.Time.UTC(), data.Faults
	if data.RebookableUntil == nil || !data.RebookableUntil.After(now) {
		p.WaitsFor = shipment.WaitEnding
		return
	}
	if request := k.last[events.TypeRebookingRequested]; request != nil && request.Time.After(declined.Time) && !k.rejected(request) && trigger != nil {
		if date, ok := rebookingDate(request); ok {
			again := *trigger
			again.CollectionDate = date
			p.Since = request.Time.UTC()
			expectBooking(p, &again, e, request.Time, now)
			return
		}
	}
	p.WaitsFor, p.Until, p.RebookableUntil = shipment.WaitRebooking, data.RebookableUntil, data.RebookableUntil
}

// expectBooking sets when a collection that was scheduled at a time is booked, and
// whether that is waited for or the carrier.
func expectBooking(p *shipment.Progress, s *shipment.Shipment, e Expectations, scheduled, now time.Time) {
	p.WaitsFor = shipment.WaitBooking
	asked := p.Since
	if s != nil {
		if at, fault := e.Rules.BookingTime(*s, scheduled); fault == nil {
			at = at.UTC()
			p.BookingAt = &at
			if at.After(now) {
				p.WaitsFor, p.Until = shipment.WaitBookingTime, &at
				return
			}
			asked = at
		}
	}
	p.Until = after(asked, e.CarrierDeadline)
}

// byCalendar is when the collection is booked if that follows from the shipment alone:
// while emulating it depends on when the documents are there.
func byCalendar(s *shipment.Shipment, e Expectations, now time.Time) *time.Time {
	if s == nil || e.Rules.Emulation {
		return nil
	}
	at, fault := e.Rules.BookingTime(*s, now)
	if fault != nil || !at.After(now) { // At once, when the documents are there.
		return nil
	}
	at = at.UTC()
	return &at
}

// after is a bound; nil without one.
func after(begin time.Time, bound time.Duration) *time.Time {
	if bound <= 0 || begin.IsZero() {
		return nil
	}
	end := begin.Add(bound)
	return &end
}

// input is the newest event that the shipment was created by.
func (k known) input() *jetstream.RawStreamMsg {
	if len(k.created) == 0 {
		return nil
	}
	return slices.MaxFunc(k.created, func(a, b *jetstream.RawStreamMsg) int { return cmp.Compare(a.Sequence, b.Sequence) })
}

// trigger is the content of the shipment: that of the event that its process was
// started by, or the newest one without a process; nil if it cannot be found or read.
func (k known) trigger() *shipment.Shipment {
	var ledger events.Accepted
	accepted := k.last[events.TypeAccepted]
	if accepted != nil && decodeData(accepted, &ledger) != nil {
		return nil
	}
	newest := k.input()
	for _, msg := range k.created {
		ev, reasons := events.Decode(msg.Header, msg.Data)
		if len(reasons) > 0 || (accepted == nil && msg != newest) {
			continue
		}
		if accepted != nil && (ev.ID() != ledger.Trigger.ID || ev.Source() != ledger.Trigger.Source) {
			continue
		}
		var s shipment.Shipment
		if ev.DataAs(&s) != nil {
			return nil
		}
		s.Normalise()
		return &s
	}
	return nil
}

// rejected reports whether the last rejection is that of an input.
func (k known) rejected(input *jetstream.RawStreamMsg) bool {
	last := k.last[events.TypeRejected]
	if last == nil {
		return false
	}
	rejection, err := DecodeRejection(last)
	return err == nil && rejection.Input.StreamSequence == input.Sequence
}

// rebookingDate is the day that a rebooking asks for.
func rebookingDate(msg *jetstream.RawStreamMsg) (date string, ok bool) {
	ev, reasons := events.Decode(msg.Header, msg.Data)
	if len(reasons) > 0 {
		return "", false
	}
	request, reasons := events.ParseRequest(ev, msg.Subject)
	return request.CollectionDate, len(reasons) == 0
}

// eventTime is the time of an event: the process's, or when it was stored.
func eventTime(msg *jetstream.RawStreamMsg) time.Time {
	if ev, reasons := events.Decode(msg.Header, msg.Data); len(reasons) == 0 && !ev.Time().IsZero() {
		return ev.Time()
	}
	return msg.Time
}
