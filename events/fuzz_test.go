package events_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// FuzzDecode decodes messages as the consumer does before it starts a process:
// the result is reasons, or a shipment that the process can read.
func FuzzDecode(f *testing.F) {
	add := func(header nats.Header, body []byte, subject string) {
		f.Add(headerText(header), body, cmp.Or(subject, "shipments.created"))
	}
	for _, test := range badInput(f) {
		add(test.header, test.body, test.subject)
	}
	add(nil, structured(f, "time", `"0001-01-01T00:00:00Z"`, "traceparent", `"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`, "tracestate", `"a=1"`, "subject", `"\u00e9"`), "shipments.created."+sampleID)
	add(nil, structured(f, "correlationid", `""`), "")
	add(nil, structured(f, "time", `"2026-11-23T12:00:00.5+01:00"`, "extra", "7", "flag", "true"), "shipments.created."+sampleID)
	add(binaryHeader("Content-Type", "application/json; charset=utf-8", "ce-correlationid", `"order%207"`), []byte(sampleData(f)), "")
	for _, form := range eventstest.Forms(f) {
		add(form.Header, form.Body, "")
	}
	documented := documentOfEvents(f)
	f.Fuzz(func(t *testing.T, header string, body []byte, subject string) {
		ev, reasons := events.Decode(headerOf(header), body)
		if len(reasons) > 0 {
			requireKnown(t, documented, reasons)
			return
		}
		require.NoError(t, ev.Validate(), "the SDK finds nothing wrong either")
		created, reasons := events.ParseCreated(ev, subject, rules)
		if len(reasons) > 0 {
			requireKnown(t, documented, reasons)
			require.True(t, created.Data.ShipmentID == "" || shipment.ValidID(created.Data.ShipmentID))
			return
		}
		require.Empty(t, rules.Validate(created.Data))
		normal := created.Data
		normal.Normalise()
		require.Equal(t, created.Data, normal)
		data, err := json.Marshal(normal)
		require.NoError(t, err)
		require.Empty(t, events.ValidateData(events.TypeCreated, data), "the schema accepts it too")

		// As Temporal keeps it.
		signal, err := json.Marshal(created)
		require.NoError(t, err)
		var back events.ShipmentCreated
		require.NoError(t, json.Unmarshal(signal, &back))
		require.Equal(t, created, back)

		// As the HTTP API publishes it.
		msg, err := streams.Message(events.Subject(events.TypeCreated, created.Data.ShipmentID), ev)
		require.NoError(t, err)
		if len(msg.Data) > events.MaxMessageBytes {
			return // The API answers that it is too large.
		}
		again, reasons := read(msg.Header, msg.Data, msg.Subject)
		require.Empty(t, reasons)
		require.Equal(t, created, again)
	})
}

// requireKnown requires reasons whose codes are documented.
func requireKnown(t *testing.T, documented string, reasons []shipment.Reason) {
	t.Helper()
	for _, r := range reasons {
		require.Contains(t, documented, "`"+r.Code+"`")
		require.NotEqual(t, events.CodeUndecodable, r.Code)
		require.NotEmpty(t, r.Message)
	}
}

// headerText writes headers in lines, for a fuzzer to change.
func headerText(header nats.Header) string {
	var b strings.Builder
	for name, values := range header {
		for _, value := range values {
			b.WriteString(name + ":" + value + "\n")
		}
	}
	return b.String()
}

func headerOf(text string) nats.Header {
	header := nats.Header{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		header.Add(name, value)
	}
	return header
}

// FuzzNames makes every name that is made of an id from outside.
func FuzzNames(f *testing.F) {
	for _, id := range []string{
		"", "abc", "x_pt", "unknown", "shipments.created", "a.b", ".", "*", ">", "a b", "a\r\nPUB x", "a\x00", "\xff", "\u00fc", "\u2028",
		"../../x", "a/b", "a%2Eb", "abc\n", strings.Repeat("x", 64), strings.Repeat("x", 65),
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		token := id
		if !shipment.ValidID(id) {
			token = events.UnknownShipment
		}
		for _, eventType := range events.Types() {
			require.Equal(t, token, lastToken(t, events.Subject(eventType, id), 3))
		}
		story := strings.Replace(events.StorySubjects(id), "*", "any", 1)
		if id == "" {
			require.Equal(t, "shipments.any.*", story)
		} else {
			require.Equal(t, token, lastToken(t, story, 3))
		}
		for _, subject := range []string{id, "shipments.created." + id} {
			if found := events.SubjectShipment(subject); found != "" {
				require.Equal(t, found, lastToken(t, events.Subject(events.TypeRejected, found), 3))
				require.True(t, strings.HasSuffix(subject, found))
			}
		}
		for _, eventID := range []string{
			events.Lineage{ShipmentID: id, RunID: id}.EventID(events.TypeAccepted, 0),
			events.Rejection{ShipmentID: id, Input: events.Input{Stream: id}}.EventID(),
		} {
			require.NoError(t, uuid.Validate(eventID))
		}
		for name, values := range events.EscapeHeaders(nats.Header{id: {id}}) {
			encoded, err := json.Marshal(name + values[0])
			require.NoError(t, err)
			require.LessOrEqual(t, len(encoded), 6*2*len(id)+len(`""`), "what fits into an input fits into its rejection")
		}

		// Nothing makes a workflow id or the name of an object of an id that
		// was not accepted before.
		data, err := json.Marshal(sample.Shipment(id, now))
		require.NoError(t, err)
		created, reasons := read(nil, structured(t, "data", string(data)), "shipments.created")
		require.Equal(t, shipment.ValidID(id), len(reasons) == 0)
		if len(reasons) > 0 {
			require.Empty(t, created.Data.ShipmentID)
			return
		}
		require.Equal(t, id, created.Data.ShipmentID)
		require.Equal(t, id, lastToken(t, shipment.ProcessID(id), 2))
		for _, kind := range []string{documents.KindLabels, documents.KindInvoice, documents.KindPaperlessInvoice, id} {
			require.Regexp(t, `^[A-Za-z0-9_-]+[_.][A-Za-z0-9_-]+$`, documents.Name(id, kind))
		}
	})
}

// tokenPattern is a subject token that is no wildcard.
var tokenPattern = regexp.MustCompile(`^[^\s\pC.*>]+$`)

// lastToken requires n proper tokens and returns the last.
func lastToken(t *testing.T, subject string, n int) string {
	t.Helper()
	tokens := strings.Split(subject, ".")
	require.Len(t, tokens, n, subject)
	for _, token := range tokens {
		require.Regexp(t, tokenPattern, token)
	}
	return tokens[n-1]
}

// documentOfEvents is the document about the events, docs/events.md.
func documentOfEvents(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "docs", "events.md"))
	require.NoError(t, err)
	return string(content)
}
