package carriers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// loadTable loads a table from its text.
func loadTable(t *testing.T, text string) (carriers.Table, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "carriers.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return carriers.LoadTable(file)
}

const twoCarriers = `
carriers:
  - id: one
    name: One
    services: [Express]
    paperlessTrade: true
    booking: {daysBefore: 2, opens: "08:00", cutOff: "15:30"}
    protocol: http
    url: https://one.example/api
    tokenVariable: TOKEN_OF_ONE
    timeout: 10s
  - {id: two, name: Two, booking: {opens: "08:00", cutOff: "15:30"}, protocol: simulated}
`

func TestTableKnown(t *testing.T) {
	t.Parallel()
	table, err := loadTable(t, twoCarriers)
	require.NoError(t, err)
	window := shipment.BookingWindow{Opens: "08:00", CutOff: "15:30"}
	windowOfOne := window
	windowOfOne.DaysBefore = 2
	require.Equal(t, []shipment.Carrier{
		{ID: "one", Name: "One", Services: []string{"Express"}, PaperlessTrade: true, Booking: windowOfOne},
		{ID: "two", Name: "Two", Booking: window},
	}, table.Known())
}

func TestTableSimulated(t *testing.T) {
	t.Parallel()
	table, err := loadTable(t, twoCarriers)
	require.NoError(t, err)
	require.Equal(t, []string{"Two"}, table.Simulated())
	require.Equal(t, []string{"Albion Parcels", "Continental Freight"}, carriers.DemoTable().Simulated())
}

func TestTableIntegrations(t *testing.T) {
	table, err := loadTable(t, twoCarriers)
	require.NoError(t, err)
	t.Run("a missing token is named and leaves the others", func(t *testing.T) {
		integrations, err := table.Integrations(false)
		require.EqualError(t, err, "TOKEN_OF_ONE is not set: it has the token of carrier one (One)")
		require.Equal(t, map[string]carriers.Client{"two": carriers.Simulator{}}, integrations)
	})
	t.Run("each carrier has the client of its protocol", func(t *testing.T) {
		t.Setenv("TOKEN_OF_ONE", "secret")
		integrations, err := table.Integrations(true)
		require.NoError(t, err)
		require.IsType(t, &carriers.HTTP{}, integrations["one"])
		require.Equal(t, carriers.Simulator{Emulation: true}, integrations["two"])
	})
	t.Run("a table that was not loaded needs protocols too", func(t *testing.T) {
		_, err := carriers.Table{Carriers: []carriers.Entry{{ID: "one"}}}.Integrations(true)
		require.EqualError(t, err, `carrier one: protocol: "" is unknown: use http or simulated`)
	})
}

func TestTableDemo(t *testing.T) {
	t.Parallel()
	require.Equal(t, sample.Carriers(), carriers.DemoTable().Known())
	integrations, err := carriers.DemoTable().Integrations(true)
	require.NoError(t, err)
	require.Len(t, integrations, 2)
}

func TestTableLoadNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	// entry is a carrier with some fields of its own.
	entry := func(fields string) string {
		return "{id: a, name: A, booking: {opens: '08:00', cutOff: '12:00'}, " + fields + "}"
	}
	good := entry("protocol: simulated")
	for name, test := range map[string]struct{ carriers, complaint string }{
		"no carriers":        {"", "carriers: the list is empty or missing"},
		"id":                 {"{id: a b}", `carrier 1 (a b): id: "a b" is not an id: use 1 to 64 letters`},
		"no id":              {"{name: A}", `carrier 1 (A): id: "" is not an id`},
		"id of a document":   {"{id: labels}", `id: "labels" could be taken for a kind of document`},
		"id with underscore": {"{id: a_b}", `id: "a_b" could be taken for a kind of document`},
		"id twice":           {good + ", " + good, "carrier 2 (a): id: it is listed twice"},
		"name":               {"{id: a}", "carrier 1 (a): name: is missing"},
		"opens":              {"{id: a, booking: {opens: '8'}}", `booking.opens: "8" is not a time of day: use one such as "18:00"`},
		"cutOff":             {"{id: a, booking: {cutOff: noon}}", `booking.cutOff: "noon" is not a time of day`},
		"daysBefore":         {"{id: a, booking: {daysBefore: -1}}", "booking.daysBefore: -1 is negative"},
		"unknown field":      {"{id: a, title: A}", "field title not found"},
		"no protocol":        {entry(""), "carrier 1 (a): protocol: is missing: use http or simulated"},
		"URL for protocol":   {entry("url: 'http://x'"), "carrier 1 (a): protocol: is missing: use http or simulated"},
		"unknown protocol":   {entry("protocol: ftp"), `carrier 1 (a): protocol: "ftp" is unknown: use http or simulated`},
		"http without URL":   {entry("protocol: http"), "carrier 1 (a): url: is missing: protocol http needs the base URL"},
		"another scheme":     {entry("protocol: http, url: 'ftp://x'"), `url: "ftp://x" is not an http(s) URL`},
		"no host":            {entry("protocol: http, url: 'http:/x'"), `url: "http:/x" is not an http(s) URL`},
		"negative timeout":   {entry("protocol: http, url: 'http://x', timeout: -1s"), "timeout: -1s is negative"},
		"long timeout":       {entry("protocol: http, url: 'http://x', timeout: 11m"), "timeout: 11m0s is too long: use at most 10m"},
		"simulated with URL": {entry("protocol: simulated, url: 'http://x'"), "carrier 1 (a): url: a simulated carrier has none: remove it, or use protocol: http"},
		"simulated, token":   {entry("protocol: simulated, tokenVariable: T"), "tokenVariable: a simulated carrier has none"},
		"simulated, timeout": {entry("protocol: simulated, timeout: 1s"), "timeout: a simulated carrier has none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadTable(t, strings.TrimSpace("carriers: ["+test.carriers+"]"))
			require.ErrorContains(t, err, test.complaint)
			require.ErrorContains(t, err, "carriers.yaml", "the file is named")
		})
	}
	t.Run("everything at once", func(t *testing.T) {
		t.Parallel()
		_, err := loadTable(t, "carriers: [{id: a}, {id: b}]")
		require.ErrorContains(t, err, "carrier 1 (a): name")
		require.ErrorContains(t, err, "carrier 2 (b): name")
		require.ErrorContains(t, err, "carrier 2 (b): protocol")
	})
	t.Run("an empty file", func(t *testing.T) {
		t.Parallel()
		_, err := loadTable(t, "")
		require.ErrorContains(t, err, "the list is empty or missing")
	})
}
