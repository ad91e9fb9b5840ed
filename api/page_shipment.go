package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"shipments/activities/documents"
	"shipments/api/index"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
)

type shipmentPage struct {
	frame

	ID     string
	Result shipment.Result
	// Waits says what a pending shipment waits for, Since for how long; Took is how
	// long one took that has ended.
	Waits, Since, Took string
	Seen               index.Shipment
	Story              []chapter
	Legs               []numberedLeg
	Documents          []documentLink
}

// Slow reports whether a gap of the story deserves attention.
func (shipmentPage) Slow(gap string) bool { return !strings.HasSuffix(gap, "ms") }

// numberedLeg is a leg, counted from 1. It has tracking numbers once it is manifested.
type numberedLeg struct {
	Number          int
	CarrierID       string
	TrackingNumbers []string
}

// chapter is an event of a story for people.
type chapter struct {
	Kind, Name, Says, Stream, Raw string
	// Gap is the time since the event before; Day is set where a day begins.
	Gap, Day string
	Sequence uint64
	At       time.Time
	Data     facts
}

// facts are what people want to know of an event.
type facts struct {
	ManifestedLegs    []shipment.ManifestedLeg    `json:"manifestedLegs"`
	ShipmentDocuments *shipment.Documents         `json:"shipmentDocuments"`
	CollectionDate    string                      `json:"collectionDate"`
	CollectionBooking *shipment.CollectionBooking `json:"collectionBooking"`
	Reason            string                      `json:"reason"`
	Stage             shipment.Stage              `json:"stage"`
	Faults            []shipment.Fault            `json:"faults"`
	RebookableUntil   *time.Time                  `json:"rebookableUntil"`
	Reasons           []shipment.Reason           `json:"reasons"`
}

type documentLink struct{ Name, Link string }

// shipmentPage shows the story of a shipment.
func (a *api) shipmentPage(w http.ResponseWriter, r *http.Request, id string) {
	p := shipmentPage{frame: a.frame("Shipment "+id, "shipment"), ID: id}
	p.Live = id
	status := http.StatusOK
	result, err := a.readStatus(r, id)
	if errors.Is(err, streams.ErrUnknownShipment) {
		err, status = nil, http.StatusNotFound
		p.Warnings = append(p.Warnings, "No shipment with this id is known.")
		p.Live = id
	}
	var found streams.Story
	if err == nil {
		found, err = a.readStory(r, id)
	}
	messages := found.Messages
	if found.Omitted > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d messages are left out: the story is too long.", found.Omitted))
	}
	if err != nil {
		status = http.StatusServiceUnavailable
		p.Warnings = append(p.Warnings, "JetStream does not answer. Try again.")
	}
	p.Result, p.Seen = result, a.seen(id)
	p.tell(messages, a.publicPath)
	if result.Status == shipment.Pending && status == http.StatusOK {
		p.Waits = "It is on its way."
		if progress := streams.Expect(messages, a.expectations(), time.Now()); progress != nil {
			p.Waits = "It waits " + progress.Says(time.UTC) + "."
		}
	} else {
		p.MayAct = false
	}
	if len(messages) > 0 {
		last := lastStep(messages)
		p.Since = brief(p.Now.Sub(last))
		if result.Status != shipment.Pending {
			p.Took = brief(last.Sub(messages[0].Time))
		}
	}
	a.render(w, status, "shipment", p)
}

// lastStep is when the shipment came to where it stands: at its last outcome event. What
// is published after that, such as repeats, changes nothing. Without an outcome event it
// is the last message.
func lastStep(messages []streams.StoredMessage) time.Time {
	for _, m := range slices.Backward(messages) {
		if t, known := events.Lookup(m.Type); known && t.Kind == events.KindOutcome {
			return m.Time
		}
	}
	return messages[len(messages)-1].Time
}

// tell makes the story of messages, and what the page shows beside it.
func (p *shipmentPage) tell(messages []streams.StoredMessage, root string) {
	day := ""
	for i, m := range messages {
		c := tell(m)
		if i > 0 {
			c.Gap = brief(m.Time.Sub(messages[i-1].Time))
		}
		if today := m.Time.UTC().Format("2 January 2006"); today != day {
			c.Day, day = today, today
		}
		p.Story = append(p.Story, c)
		if d := c.Data.ShipmentDocuments; d != nil && m.Type == events.TypeDocumentsGenerated {
			p.Documents = documentLinks(*d, root)
		}
		if legs := c.Data.ManifestedLegs; len(legs) > 0 {
			p.Legs = nil
			for k, leg := range legs {
				p.Legs = append(p.Legs, numberedLeg{k + 1, leg.CarrierID, leg.TrackingNumbers})
			}
		}
	}
	if p.Legs == nil {
		for k, id := range p.Seen.CarrierIDs {
			p.Legs = append(p.Legs, numberedLeg{Number: k + 1, CarrierID: id})
		}
	}
}

// seen is what the view has of a shipment: nothing if it is older.
func (a *api) seen(id string) index.Shipment {
	seen, _ := a.Index.Find(id)
	return seen
}

// tell makes a chapter of a message. What it is no event of, it shows as it is.
func tell(m streams.StoredMessage) chapter {
	c := chapter{Stream: m.Stream, Sequence: m.Sequence, At: m.Time, Name: strings.ReplaceAll(strings.TrimPrefix(m.Type, "shipments."), "-", " ")}
	if t, known := events.Lookup(m.Type); known {
		c.Kind, c.Says = string(t.Kind), t.Says
	}
	c.Raw = readableText(m.Data)
	ev, reasons := events.Decode(m.Header, m.Data)
	if len(reasons) > 0 {
		return c
	}
	var indented bytes.Buffer
	if encoded, err := json.Marshal(ev); err == nil && json.Indent(&indented, encoded, "", "  ") == nil {
		c.Raw = readableText(indented.Bytes())
	}
	if m.Type == events.TypeCreated || m.Type == events.TypeCompleted {
		return c // Its data is in what follows, or was in what came before.
	}
	_ = json.Unmarshal(ev.Data(), &c.Data) // What does not fit is in the raw event.
	return c
}

// documentLinks are the documents of a shipment, in the order in which people need
// them. They lead to the host that shows the page: the URL in the event may be one
// that the browser does not reach.
func documentLinks(d shipment.Documents, root string) []documentLink {
	var links []documentLink
	add := func(name, url string) {
		if file := path.Base(url); url != "" {
			links = append(links, documentLink{name, root + documents.Folder + file})
		}
	}
	add("All documents", d.CombinedDocumentURL)
	add("Labels", d.LabelsURL)
	if d.InvoiceURL != nil {
		add("Customs invoice", *d.InvoiceURL)
	}
	add("Receipt", d.ReceiptURL)
	return links
}
