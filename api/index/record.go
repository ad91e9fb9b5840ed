package index

import (
	"slices"
	"strings"
	"time"

	"shipments/events"
	"shipments/shipment"
)

// record is what is kept of a shipment.
type record struct {
	// words are what text finds: the id, the reference and the tracking numbers,
	// with a separator between two. One string instead of three makes a list faster.
	words   string
	begins  prefixes // of words
	opened  int64    // when the story opened, in nanoseconds
	changed int64    // when it went on last
	// described is the sequence of the first input, content that of the input that
	// reference and carriers are from.
	described, content uint64
	// input is the sequence of the last input, rejected that of the last one that
	// was rejected; 0 for none.
	input, rejected uint64
	carriers        [shipment.MaxLegs]uint16
	reason          uint16
	idLength        uint8
	category        uint8 // position in categories
	failedAt        uint8 // position in stages
	seen            progress
}

// separator is between two words.
const separator = "\x1f"

func (r *record) id() string { return r.words[:r.idLength] }

// reference is empty if there is none.
func (r *record) reference() string {
	if len(r.words) == int(r.idLength) {
		return ""
	}
	reference, _, _ := strings.Cut(r.words[r.idLength+1:], separator)
	return reference
}

func (r *record) tracking() []string {
	words := strings.Split(r.words, separator)
	return words[min(len(words), 2):]
}

// setWords sets what text finds beside the id.
func (r *record) setWords(reference string, tracking []string) {
	if strings.Contains(reference, separator) {
		reference = "" // The input is invalid.
	}
	if reference == "" && len(tracking) == 0 {
		r.words = r.id()
	} else {
		r.words = strings.Join(append([]string{r.id(), reference}, tracking...), separator)
	}
	r.begins = prefixesOf(r.words)
}

// progress are the events that a story has.
type progress uint16

const (
	seenCreated progress = 1 << iota
	seenAccepted
	seenManifested
	seenDocuments
	seenBooked
	seenCompleted
	seenFailed
	seenCancelled
	// seenDeclined: a booking of the collection has failed.
	seenDeclined
	// seenRequestRejected: what rejected has is the rejection of a request.
	seenRequestRejected
	// confirmed: the shipment is no repeat of an older one.
	confirmed
	// contentRejected: the input that reference and carriers are from was rejected.
	contentRejected
)

const seenEnd = seenCompleted | seenFailed | seenCancelled

var progressOf = map[string]progress{
	events.TypeCreated:            seenCreated,
	events.TypeAccepted:           seenAccepted,
	events.TypeManifested:         seenManifested,
	events.TypeDocumentsGenerated: seenDocuments,
	events.TypeCollectionBooked:   seenBooked,
	events.TypeCollectionDeclined: seenDeclined,
	events.TypeCompleted:          seenCompleted,
	events.TypeFailed:             seenFailed,
	events.TypeCancelled:          seenCancelled,
}

var (
	categories = []shipment.Category{"", shipment.Domestic, shipment.International, shipment.InternationalPaperless}
	stages     = append([]shipment.Stage{""}, shipment.Stages()...)
)

// opens reports whether a message opens the story of a shipment that is not in
// the view. The rest of the story of an older shipment does not.
func (m message) opens() bool {
	return m.eventType == events.TypeCreated || m.eventType == events.TypeAccepted || m.eventType == events.TypeRejected
}

// apply changes the view by a message. The order in which messages of different
// streams are applied makes no difference. mu is held.
func (x *Index) apply(m message) {
	at := m.at.UnixNano()
	var r *record
	i, known := x.byID[m.id]
	switch {
	case known:
		r = &x.records[i]
		if m.opens() && at < r.opened {
			x.reopen(r, at)
		}
	case !m.opens() || at < x.completeSince:
		return
	case x.keepsOrphans && m.eventType == events.TypeAccepted:
		x.orphans = append(x.orphans, m)
		return
	default:
		r = x.open(m.id, at)
		x.openings.add(m.at)
		if x.completeSince != 0 {
			x.doubtful = append(x.doubtful, m.id)
		}
		if _, kept := x.byID[m.id]; !kept {
			return // It is older than all others of a full view.
		}
	}
	r.changed = max(r.changed, at)
	before := r.seen
	r.seen |= progressOf[m.eventType]
	if before&seenEnd == 0 && r.seen&seenEnd != 0 {
		x.endings.add(m.at)
	}
	x.describe(r, m)
}

// describe takes what a message says of a shipment.
func (x *Index) describe(r *record, m message) {
	switch m.eventType {
	case events.TypeCreated:
		r.input = max(r.input, m.sequence)
		if r.seen&seenRequestRejected != 0 {
			r.rejected, r.seen = 0, r.seen&^seenRequestRejected
		}
		_, rejected := x.rejectedAhead[m.sequence]
		delete(x.rejectedAhead, m.sequence)
		x.describeBy(r, content{m.sequence, m.reference, m.carriers}, rejected)
	case events.TypeAccepted:
		r.category = uint8(max(0, slices.Index(categories, m.category)))
	case events.TypeManifested:
		x.setManifested(r, m)
	case events.TypeCompleted:
		if r.seen&seenManifested == 0 { // It was not read: see catchUp.
			x.setManifested(r, m)
		}
	case events.TypeFailed:
		r.failedAt = uint8(max(0, slices.Index(stages, m.stage)))
		r.reason = x.reasons.number(m.reason)
	case events.TypeCollectionDeclined:
		if r.seen&seenEnd == 0 {
			r.reason = x.reasons.number(m.reason)
		}
	case events.TypeRejected:
		x.reject(r, m)
	}
}

// content is what the view takes from an input.
type content struct {
	sequence  uint64
	reference string
	carriers  []string
}

// maxCorrections bounds the contents of a shipment that are kept beside the one that
// describes it.
const maxCorrections = 8

// describeBy takes the content of an input. The first one counts that is not rejected.
// Later ones are kept aside meanwhile, as far as they differ.
func (x *Index) describeBy(r *record, c content, rejected bool) {
	if r.described == 0 || c.sequence < r.described {
		r.described = c.sequence
	}
	if r.content == 0 || c.sequence < r.content || r.seen&contentRejected != 0 {
		x.setContent(r, c, rejected)
		return
	}
	later := x.corrections[r.id()]
	repeats := x.hasContent(r, c) && len(later) == 0 || len(later) > 0 && later[len(later)-1].equals(c)
	if !rejected && !repeats && len(later) < maxCorrections {
		x.corrections[strings.Clone(r.id())] = append(later, c)
	}
}

func (c content) equals(other content) bool {
	return c.reference == other.reference && slices.Equal(c.carriers, other.carriers)
}

// setContent takes reference and carriers. The carriers that have manifested stay.
func (x *Index) setContent(r *record, c content, rejected bool) {
	r.content = c.sequence
	r.seen &^= contentRejected
	if rejected {
		r.seen |= contentRejected
	}
	r.setWords(c.reference, r.tracking())
	if r.seen&(seenManifested|seenCompleted) == 0 {
		x.setCarriers(r, c.carriers)
	}
}

func (x *Index) hasContent(r *record, c content) bool {
	var numbers [shipment.MaxLegs]uint16
	for i, id := range c.carriers {
		numbers[i] = x.carriers.number(id)
	}
	return r.reference() == c.reference && r.carriers == numbers
}

// rejectContent notes that an input was rejected.
func (x *Index) rejectContent(r *record, sequence uint64) {
	if sequence > x.readUpTo(events.StreamShipments) {
		x.rejectedAhead[sequence] = struct{}{}
		return
	}
	later := slices.DeleteFunc(x.corrections[r.id()], func(c content) bool { return c.sequence == sequence })
	if sequence == r.content {
		if len(later) > 0 {
			x.setContent(r, later[0], false)
			later = later[1:]
		} else {
			r.seen |= contentRejected
		}
	}
	if len(later) > 0 {
		x.corrections[r.id()] = later
	} else {
		delete(x.corrections, r.id())
	}
}

// setManifested takes what the carriers said.
func (x *Index) setManifested(r *record, m message) {
	r.setWords(r.reference(), m.tracking)
	x.setCarriers(r, m.carriers)
}

// isDeclined: the collection was declined, and is not booked since.
func (r *record) isDeclined() bool {
	return r.seen&seenDeclined != 0 && r.seen&(seenBooked|seenEnd) == 0
}

// hasReason reports whether the reason is that of how the shipment stands.
func (r *record) hasReason() bool {
	status := r.status()
	return status == shipment.Failed || status == shipment.Rejected || r.isDeclined()
}

func (x *Index) setCarriers(r *record, ids []string) {
	r.carriers = [shipment.MaxLegs]uint16{}
	for i, id := range ids[:min(len(ids), len(r.carriers))] {
		r.carriers[i] = x.carriers.number(id)
	}
}

// reject notes a rejection. It decides about the shipment only while no process
// has accepted it.
func (x *Index) reject(r *record, m message) {
	switch {
	case m.ofRequest && (r.input > 0 || (r.rejected > 0 && r.seen&seenRequestRejected == 0)):
		return // It says nothing of the shipment, if there is one.
	case m.ofRequest:
		r.seen |= seenRequestRejected
	case r.seen&seenRequestRejected != 0:
		r.rejected, r.seen = 0, r.seen&^seenRequestRejected
	}
	if !m.ofRequest {
		x.rejectContent(r, m.input)
	}
	// A rejection of what was in no stream has no sequence.
	if sequence := max(m.input, 1); sequence >= r.rejected {
		r.rejected = sequence
		if r.seen&(seenFailed|seenDeclined) == 0 {
			r.reason = x.reasons.number(m.reason)
		}
	}
}

// status is how the shipment stands, as [streams.ReadStatus] reads it.
func (r *record) status() shipment.Status {
	switch {
	case r.seen&seenCompleted != 0:
		return shipment.Success
	case r.seen&seenFailed != 0:
		return shipment.Failed
	case r.seen&seenCancelled != 0:
		return shipment.Cancelled
	case r.seen&seenAccepted == 0 && r.rejected > 0 && r.rejected >= r.input:
		return shipment.Rejected
	default:
		return shipment.Pending
	}
}

// stage is where a pending shipment stands, or where one failed; nothing for another.
func (r *record) stage() shipment.Stage {
	switch status := r.status(); {
	case status == shipment.Failed:
		return stages[r.failedAt]
	case status != shipment.Pending:
		return ""
	case r.seen&(seenDocuments|seenBooked|seenDeclined) != 0:
		return shipment.StageCollection
	case r.seen&seenManifested != 0:
		return shipment.StageDocuments
	case r.seen&seenAccepted != 0:
		return shipment.StageManifestation
	default:
		return shipment.StageValidation
	}
}

// Shipment is a shipment as the view has it.
type Shipment struct {
	ShipmentID string          `json:"shipmentId"`
	Status     shipment.Status `json:"status"`
	// Stage is where a pending shipment stands, or where one failed.
	Stage    shipment.Stage    `json:"stage,omitempty"`
	Category shipment.Category `json:"category,omitempty"`
	// Reason is the code of a rejection, or the first fault of a failure, or of a
	// collection that was declined and may be rebooked.
	Reason          string   `json:"reason,omitempty"`
	Reference       string   `json:"reference,omitempty"`
	CarrierIDs      []string `json:"carrierIds,omitempty"`
	TrackingNumbers []string `json:"trackingNumbers,omitempty"`
	// OpenedAt is when the first message of the story was stored, ChangedAt when
	// the last one was.
	OpenedAt  time.Time `json:"openedAt"`
	ChangedAt time.Time `json:"changedAt"`
	// InputSequence is the sequence of the first input in the SHIPMENTS stream; 0
	// if the view has not read it.
	InputSequence uint64 `json:"inputSequence,omitempty"`
}

// show makes a record public. mu is held.
func (x *Index) show(r *record) Shipment {
	s := Shipment{
		ShipmentID: r.id(), Status: r.status(), Stage: r.stage(), Category: categories[r.category], Reference: r.reference(),
		OpenedAt: instant(r.opened), ChangedAt: instant(r.changed), InputSequence: r.described,
	}
	if r.hasReason() {
		s.Reason = x.reasons.text(r.reason)
	}
	for _, number := range r.carriers {
		if number != 0 {
			s.CarrierIDs = append(s.CarrierIDs, x.carriers.text(number))
		}
	}
	s.TrackingNumbers = r.tracking()
	return s
}

// Find returns a shipment of the view.
func (x *Index) Find(id string) (Shipment, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	i, known := x.byID[id]
	if !known {
		return Shipment{}, false
	}
	return x.show(&x.records[i]), true
}
