package carriers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shipments/shipment"
	"shipments/shipment/sample"
)

// Entry is a carrier in the table: what the process has to know of it, and how
// it is reached.
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
	// URL is the base URL of the carrier's HTTP API; without one the carrier is
	// simulated in process.
	URL string `yaml:"url"`
	// TokenVariable names the environment variable that has the bearer token.
	TokenVariable string `yaml:"tokenVariable"`
	// Timeout bounds one request; 30 seconds if it is not given.
	Timeout time.Duration `yaml:"timeout"`
}

// Table lists the carriers that the service knows.
type Table struct {
	Carriers []Entry `yaml:"carriers"`
}

// DefaultTable has the two carriers of the demo shipments, simulated.
func DefaultTable() Table {
	var t Table
	for _, c := range sample.Carriers() {
		e := Entry{ID: c.ID, Name: c.Name, Services: c.Services, PaperlessTrade: c.PaperlessTrade}
		e.Booking.DaysBefore, e.Booking.Opens, e.Booking.CutOff = c.Booking.DaysBefore, c.Booking.Opens, c.Booking.CutOff
		t.Carriers = append(t.Carriers, e)
	}
	return t
}

// LoadTable reads a table from a YAML or JSON file. What is wrong with it is an
// error that names the carrier and the field.
func LoadTable(file string) (Table, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return Table{}, err
	}
	var t Table
	decoder := yaml.NewDecoder(bytes.NewReader(text)) // JSON is YAML.
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
		return errors.New("there are no carriers in it")
	}
	seen := map[string]bool{}
	var wrong []error
	for i, e := range t.Carriers {
		check := func(ok bool, format string, args ...any) {
			if !ok {
				wrong = append(wrong, fmt.Errorf("carrier %d (%s): %s", i+1, e.ID, fmt.Sprintf(format, args...)))
			}
		}
		check(shipment.ValidID(e.ID), "id: use %s", shipment.IDRule)
		check(!seen[e.ID], "id: it is listed twice")
		// Documents are named by a shipment id, an underscore, and a kind or carrier id.
		check(!strings.Contains(e.ID, "_") && !slices.Contains([]string{"labels", "invoice", "receipt", "document"}, e.ID),
			"id: %q could be taken for a kind of document: use one without '_'", e.ID)
		seen[e.ID] = true
		check(e.Name != "", "name: is missing")
		_, err := time.Parse("15:04", e.Booking.Opens)
		check(err == nil, "booking.opens: %q is no time such as 18:00", e.Booking.Opens)
		_, err = time.Parse("15:04", e.Booking.CutOff)
		check(err == nil, "booking.cutOff: %q is no time such as 12:00", e.Booking.CutOff)
		check(e.Booking.DaysBefore >= 0, "booking.daysBefore: %d is negative", e.Booking.DaysBefore)
		check(e.Timeout >= 0, "timeout: %v is negative", e.Timeout)
		if e.URL != "" {
			u, err := url.Parse(e.URL)
			check(err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"), "url: %q is not an http(s) URL", e.URL)
		}
	}
	return errors.Join(wrong...)
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

// Integrations are the carriers' systems by id. An error names every variable
// whose token is missing; the carriers that have theirs are returned anyway.
func (t Table) Integrations(emulation bool) (map[string]Client, error) {
	integrations := map[string]Client{}
	var missing []error
	for _, e := range t.Carriers {
		if e.URL == "" {
			integrations[e.ID] = Simulator{Emulation: emulation}
			continue
		}
		base, err := url.Parse(e.URL)
		if err != nil {
			return nil, fmt.Errorf("carrier %s: url: %w", e.ID, err)
		}
		token := os.Getenv(e.TokenVariable)
		if e.TokenVariable != "" && token == "" {
			missing = append(missing, fmt.Errorf("%s is not set: it has the token of carrier %s (%s)", e.TokenVariable, e.ID, e.Name))
			continue
		}
		integrations[e.ID] = NewHTTP(base, token, e.Timeout)
	}
	return integrations, errors.Join(missing...)
}
