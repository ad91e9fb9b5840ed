package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

// storyEvent is a message of a shipment's story as JSON.
type storyEvent struct {
	// Position is where the story stands with this event: what an event stream goes
	// on from.
	Position string    `json:"position"`
	Stream   string    `json:"stream"`
	Sequence uint64    `json:"sequence"`
	StoredAt time.Time `json:"storedAt"`
	Type     string    `json:"type"`
	// Event is the CloudEvent; nil if the message is none.
	Event *event.Event `json:"event,omitempty"`
	// Data has the bytes of a message that is no CloudEvent.
	Data []byte `json:"data,omitempty"`
}

// story is the reply of GET /shipments/{shipmentId}/events.
type story struct {
	ShipmentID string       `json:"shipmentId"`
	Events     []storyEvent `json:"events"`
	// Omitted counts the messages that are left out: see [streams.Story].
	Omitted int `json:"omitted,omitempty"`
}

// position is how much of a story was read: the last sequence of each stream.
type position [3]uint64

// storyStreams are the streams of a position, in its order.
var storyStreams = [3]string{events.StreamShipments, events.StreamEvents, events.StreamRejections}

func (p position) String() string { return fmt.Sprintf("%d.%d.%d", p[0], p[1], p[2]) }

// parsePosition reads a position; the beginning if there is none.
func parsePosition(text string) (p position, ok bool) {
	if text == "" {
		return p, true
	}
	n, err := fmt.Sscanf(text, "%d.%d.%d", &p[0], &p[1], &p[2])
	return p, err == nil && n == len(p) && text == p.String()
}

// has reports whether a message was read.
func (p position) has(m streams.StoredMessage) bool {
	i := slices.Index(storyStreams[:], m.Stream)
	return i >= 0 && m.Sequence <= p[i]
}

func (p *position) add(m streams.StoredMessage) {
	if i := slices.Index(storyStreams[:], m.Stream); i >= 0 {
		p[i] = max(p[i], m.Sequence)
	}
}

// readStory reads the story of a shipment.
func (a *api) readStory(r *http.Request, id string) (streams.Story, error) {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	known, _ := a.Index.Find(id)
	found, err := streams.ReadStory(ctx, a.JetStream, id, known.InputSequence)
	a.note(r, err)
	return found, err
}

// events replies with the story of the shipment in the path, once or as it goes on.
func (a *api) events(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("shipmentId")
	if !shipment.ValidID(id) {
		problem(w, http.StatusBadRequest, "a shipment id has "+shipment.IDRule)
		return
	}
	w.Header().Add("Vary", "Accept")
	live := prefers(r, eventStream, event.ApplicationJSON)
	var seen position
	if live {
		var ok bool
		if seen, ok = parsePosition(r.Header.Get("Last-Event-ID")); !ok {
			problem(w, http.StatusBadRequest, "Last-Event-ID: no event has this id")
			return
		}
	}
	following := a.Index.Follow(id) // Before the story is read: nothing falls in between.
	defer following.Close()
	found, err := a.readStory(r, id)
	if err == nil && live {
		seen, err = a.storedPosition(r, seen)
	}
	switch {
	case err != nil:
		unavailable(w)
	case len(found.Messages) == 0 && !live:
		problem(w, http.StatusNotFound, "no shipment with this id is known")
	case live:
		a.streamStory(w, r, id, found.Messages, seen, following)
	default:
		writeTagged(w, r, story{ShipmentID: id, Events: storyEvents(found.Messages, new(position)), Omitted: found.Omitted})
	}
}

// storedPosition is a position without what no stream has: one that is beyond the end of
// its stream is of a stream that was there before, and reading begins anew.
func (a *api) storedPosition(r *http.Request, seen position) (position, error) {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	for i, stream := range storyStreams {
		if seen[i] == 0 {
			continue
		}
		last, err := streams.LastSequence(ctx, a.JetStream, stream)
		a.note(r, err)
		if err != nil {
			return seen, err
		}
		if seen[i] > last {
			seen[i] = 0
		}
	}
	return seen, nil
}

// storyEvents are the messages that were not read yet.
func storyEvents(messages []streams.StoredMessage, seen *position) []storyEvent {
	found := []storyEvent{}
	before := *seen
	for _, m := range messages {
		if before.has(m) {
			continue
		}
		seen.add(m)
		e := storyEvent{Position: seen.String(), Stream: m.Stream, Sequence: m.Sequence, StoredAt: m.Time, Type: m.Type}
		if ev, reasons := events.Decode(m.Header, m.Data); len(reasons) == 0 {
			e.Event = &ev
		} else {
			e.Data = m.Data
		}
		found = append(found, e)
	}
	return found
}

// streamStory sends what is stored of a story, and then what comes, until the
// client leaves or the server stops.
func (a *api) streamStory(w http.ResponseWriter, r *http.Request, id string, messages []streams.StoredMessage, seen position, following wakes) {
	s, ok := a.openStream(w, r)
	if !ok {
		return
	}
	defer s.close()
	for {
		for _, e := range storyEvents(messages, &seen) {
			text, err := json.Marshal(e)
			if err != nil || s.send(e.Position, "story", text) != nil {
				return
			}
		}
		if !s.wait(following.Wake()) {
			return
		}
		following.News()
		for {
			found, err := a.readStory(r, id)
			if err == nil {
				messages = found.Messages
				break
			}
			if !s.pause(time.Second) { // JetStream does not answer; it will.
				return
			}
		}
	}
}
