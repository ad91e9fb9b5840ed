package carriers

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"shipments/activities/documents"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// Entry is a carrier in the table: what the process needs to know of it, and how
// it is called. URL, TokenVariable, Account and Timeout belong to the protocol http
// alone.
type Entry struct {
	ID             string   `yaml:"id"`
	Name           string   `yaml:"name"`
	Services       []string `yaml:"services"`
	PaperlessTrade bool     `yaml:"paperlessTrade"`
	Booking        struct {
		DaysBefore int    `yaml:"daysBefore"`
		Opens      string `yaml:"opens"`
		CutOff     string `yaml:"cutOff"`
	} `yaml:"booking"`
	// Protocol is how the carrier is called. It has no default.
	Protocol Protocol `yaml:"protocol"`
	// URL is the base URL of the carrier's HTTP API.
	URL string `yaml:"url"`
	// TokenVariable names the environment variable that has the bearer token;
	// without it calls bear none.
	TokenVariable string `yaml:"tokenVariable"`
	// Account is the sender's account with the carrier; without it calls have none.
	Account string `yaml:"account"`
	// Timeout bounds one request; the default is [DefaultTimeout], the longest
	// [MaxTimeout].
	Timeout time.Duration `yaml:"timeout"`
}

// Table lists the carriers that the service knows.
type Table struct {
	Carriers []Entry `yaml:"carriers"`
}

// DemoTable has the two carriers of the demo shipments, both simulated. It is for
// hosts that emulate.
func DemoTable() Table {
	var t Table
	for _, c := range sample.Carriers() {
		e := Entry{ID: c.ID, Name: c.Name, Services: c.Services, PaperlessTrade: c.PaperlessTrade, Protocol: Simulated}
		e.Booking.DaysBefore, e.Booking.Opens, e.Booking.CutOff = c.Booking.DaysBefore, c.Booking.Opens, c.Booking.CutOff
		t.Carriers = append(t.Carriers, e)
	}
	return t
}

// LoadTable reads a table from a YAML or JSON file. Its error lists everything
// that is wrong: the carrier, the field, and what would be right.
func LoadTable(file string) (Table, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return Table{}, err
	}
	var t Table
	decoder := yaml.NewDecoder(bytes.NewReader(text)) // JSON is YAML too.
	decoder.KnownFields(true)
	if err := decoder.Decode(&t); err != nil && !errors.Is(err, io.EOF) {
		return t, fmt.Errorf("%s: %w", file, err)
	}
	if err := t.validate(); err != nil {
		return t, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

func (t Table) validate() error {
	if len(t.Carriers) == 0 {
		return errors.New("carriers: the list is empty or missing: add at least one carrier")
	}
	seen := map[string]bool{}
	var wrong []error
	for i, e := range t.Carriers {
		problems := e.problems()
		if seen[e.ID] {
			problems = append(problems, "id: it is listed twice: remove one of the two")
		}
		seen[e.ID] = true
		for _, problem := range problems {
			wrong = append(wrong, fmt.Errorf("carrier %d (%s): %s", i+1, cmp.Or(e.ID, e.Name, "without id"), problem))
		}
	}
	return errors.Join(wrong...)
}

// problems lists what is wrong with the entry on its own.
func (e Entry) problems() []string {
	var problems []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	clock := func(field, value, example string) {
		_, err := time.Parse("15:04", value)
		check(err == nil, "%s: %q is not a time of day: use one such as %q", field, value, example)
	}
	check(shipment.ValidID(e.ID), "id: %q is not an id: use %s", e.ID, shipment.IDRule)
	check(documents.ValidCarrierID(e.ID),
		"id: %q could be taken for a kind of document: use another one, without '_'", e.ID)
	check(e.Name != "", "name: is missing: it is printed on labels and receipts")
	clock("booking.opens", e.Booking.Opens, "18:00")
	clock("booking.cutOff", e.Booking.CutOff, "12:00")
	check(e.Booking.DaysBefore >= 0, "booking.daysBefore: %d is negative: use 0 or more", e.Booking.DaysBefore)
	protocol, known := protocols[e.Protocol]
	switch {
	case known:
		problems = append(problems, protocol.problems(e)...)
	case e.Protocol == "":
		check(false, "protocol: is missing: use %s", protocolNames())
	default:
		check(false, "protocol: %q is unknown: use %s", e.Protocol, protocolNames())
	}
	return problems
}

// Known are the carriers as the process knows them.
func (t Table) Known() []shipment.Carrier {
	known := make([]shipment.Carrier, len(t.Carriers))
	for i, e := range t.Carriers {
		known[i] = shipment.Carrier{
			ID: e.ID, Name: e.Name, Services: e.Services, PaperlessTrade: e.PaperlessTrade,
			Booking: shipment.BookingWindow{DaysBefore: e.Booking.DaysBefore, Opens: e.Booking.Opens, CutOff: e.Booking.CutOff},
		}
	}
	return known
}

// Simulated returns the names of the simulated carriers, in the order of the
// table. What is handed to one of them is never carried.
func (t Table) Simulated() []string {
	var names []string
	for _, e := range t.Carriers {
		if e.Protocol == Simulated {
			names = append(names, e.Name)
		}
	}
	return names
}

// Integrations makes the client of every carrier, by carrier id. Its error names
// the variable of every missing token; the other carriers' clients are returned
// nevertheless.
func (t Table) Integrations(emulation bool) (map[string]Client, error) {
	integrations := map[string]Client{}
	var missing []error
	for _, e := range t.Carriers {
		protocol, known := protocols[e.Protocol]
		if !known {
			return nil, fmt.Errorf("carrier %s: protocol: %q is unknown: use %s", e.ID, e.Protocol, protocolNames())
		}
		client, err := protocol.client(e, emulation)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		integrations[e.ID] = client
	}
	return integrations, errors.Join(missing...)
}
