package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
	"shipments/shipment"
)

// ReplayBucket is the key-value bucket that marks rejections whose input was
// replayed, by the id of the rejection's event.
const ReplayBucket = "shipment-replays"

const (
	// ReplayStream is the stream of [ReplayBucket].
	ReplayStream = "KV_" + ReplayBucket
	// ReplaySubjects are the subjects of ReplayStream.
	ReplaySubjects = replayPrefix + ">"

	replayPrefix = "$KV." + ReplayBucket + "."
)

// RejectionState says whether something is left to do about a rejection.
type RejectionState string

// The states.
const (
	// RejectionOpen: nothing has become of the input since.
	RejectionOpen RejectionState = "open"
	// RejectionReplayed: the input was published again. If it was rejected again,
	// there is another rejection, which is open.
	RejectionReplayed RejectionState = "replayed"
	// RejectionSuperseded: what the input asked for has happened later, by another
	// event.
	RejectionSuperseded RejectionState = "superseded"
)

// RejectionStanding is how a rejection stands.
type RejectionStanding struct {
	State RejectionState `json:"state"`
	// ReplayedAs is the sequence in SHIPMENTS of the last replay.
	ReplayedAs uint64 `json:"replayedAs,omitempty"`
	// ReplayedBy is who replayed it last; empty if that is not known.
	ReplayedBy string `json:"replayedBy,omitempty"`
	// SupersededBy is the type of the outcome event that shows that the rejection
	// is superseded.
	SupersededBy string `json:"supersededBy,omitempty"`
}

// String is the standing in words, for example "replayed as SHIPMENTS sequence 7".
func (s RejectionStanding) String() string {
	switch s.State {
	case RejectionReplayed:
		by := ""
		if s.ReplayedBy != "" {
			by = " by " + s.ReplayedBy
		}
		return fmt.Sprintf("replayed as %s sequence %d%s", events.StreamShipments, s.ReplayedAs, by)
	case RejectionSuperseded:
		return "superseded: " + s.SupersededBy + " came later"
	case RejectionOpen:
	}
	return string(RejectionOpen)
}

// replayMark is the value in the bucket.
type replayMark struct {
	Input uint64    `json:"input"` // the sequence in SHIPMENTS
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"`
}

// markReplayed marks a rejection whose input was stored again by somebody.
func (p *Publisher) markReplayed(ctx context.Context, r events.Rejection, input uint64, by string) error {
	mark, err := json.Marshal(replayMark{Input: input, At: time.Now().UTC(), By: by})
	if err != nil {
		return err
	}
	if _, err := p.js.Publish(ctx, replayPrefix+r.EventID(), mark, jetstream.WithExpectStream(ReplayStream)); err != nil {
		return fmt.Errorf("mark the rejection as replayed: %w", err)
	}
	return nil
}

// standingsBatch is how many rejections are looked up at once. JetStream takes up
// to 1024 subjects in one request.
const standingsBatch = 250

// Standings returns how rejections stand, in their order: with two requests for up
// to 250 of them.
//
// A rejection is superseded if its shipment has been accepted since, or, for a
// request, if what it asked for has happened since. Without a valid shipment id it
// never is. Neither is a conflict, which is with a shipment that was known before.
func Standings(ctx context.Context, js jetstream.JetStream, rejections []StoredRejection) ([]RejectionStanding, error) {
	standings := make([]RejectionStanding, 0, len(rejections))
	for len(rejections) > 0 {
		batch := rejections[:min(len(rejections), standingsBatch)]
		rejections = rejections[len(batch):]
		marks, err := replayMarks(ctx, js, batch)
		if err != nil {
			return nil, fmt.Errorf("read which rejections were replayed: %w", err)
		}
		later, err := laterOutcomes(ctx, js, batch)
		if err != nil {
			return nil, fmt.Errorf("read which rejections are superseded: %w", err)
		}
		for _, r := range batch {
			standing := RejectionStanding{State: RejectionOpen}
			outcome := supersededBy(r)
			if mark, replayed := marks[r.EventID()]; replayed {
				standing = RejectionStanding{State: RejectionReplayed, ReplayedAs: mark.Input, ReplayedBy: mark.By}
			} else if at, found := later[events.Subject(outcome, r.ShipmentID)]; outcome != "" && found && at.After(r.Time) {
				standing = RejectionStanding{State: RejectionSuperseded, SupersededBy: outcome}
			}
			standings = append(standings, standing)
		}
	}
	return standings, nil
}

// supersededBy is the type of the outcome event that supersedes a rejection if it
// comes later; empty if none does.
func supersededBy(r StoredRejection) string {
	if !shipment.ValidID(r.ShipmentID) || (len(r.Reasons) > 0 && r.Reasons[0].Code == events.CodeConflict) {
		return ""
	}
	input, _ := events.SplitSubject(r.Input.Subject)
	return map[string]string{
		events.TypeCreated:               events.TypeAccepted,
		events.TypeCancellationRequested: events.TypeCancelled,
		events.TypeRebookingRequested:    events.TypeCollectionBooked,
	}[input]
}

// replayMarks are the marks of rejections, by the ids of their events.
func replayMarks(ctx context.Context, js jetstream.JetStream, rejections []StoredRejection) (map[string]replayMark, error) {
	subjects := make([]string, 0, len(rejections))
	for _, r := range rejections {
		subjects = append(subjects, replayPrefix+r.EventID())
	}
	found, err := Last(ctx, js, ReplayStream, subjects...)
	if errors.Is(err, nats.ErrNoResponders) {
		if _, missing := js.Stream(ctx, ReplayStream); errors.Is(missing, jetstream.ErrStreamNotFound) {
			return nil, nil //nolint:nilnil // nothing has been replayed yet
		}
	}
	if err != nil {
		return nil, err
	}
	marks := make(map[string]replayMark, len(found))
	for subject, msg := range found {
		var mark replayMark
		if err := json.Unmarshal(msg.Data, &mark); err != nil {
			continue // Somebody deleted the mark, or wrote another value.
		}
		marks[subject[len(replayPrefix):]] = mark
	}
	return marks, nil
}

// laterOutcomes are the times of the outcome events that may supersede rejections,
// by their subjects.
func laterOutcomes(ctx context.Context, js jetstream.JetStream, rejections []StoredRejection) (map[string]time.Time, error) {
	subjects := make([]string, 0, len(rejections))
	for _, r := range rejections {
		if outcome := supersededBy(r); outcome != "" {
			subjects = append(subjects, events.Subject(outcome, r.ShipmentID))
		}
	}
	if len(subjects) == 0 {
		return nil, nil //nolint:nilnil // none may
	}
	slices.Sort(subjects)
	subjects = slices.Compact(subjects) // Several may be of one shipment.
	found, err := Last(ctx, js, events.StreamEvents, subjects...)
	if err != nil {
		return nil, err
	}
	times := make(map[string]time.Time, len(found))
	for subject, msg := range found {
		times[subject] = msg.Time
	}
	return times, nil
}
