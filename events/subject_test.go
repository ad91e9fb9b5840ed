package events_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/shipment"
)

func TestSubjectIsFormedByNothingFromOutside(t *testing.T) {
	t.Parallel()
	require.Equal(t, "shipments.failed.abc", events.Subject(events.TypeFailed, "abc"))
	for _, id := range []string{"", "a.b", "*", ">", "a b", "a\r\nPUB x"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "shipments.rejected.unknown", events.Subject(events.TypeRejected, id))
		})
	}
}

func TestSplitSubject(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]struct{ eventType, rest, shipmentID string }{
		"shipments.created.c1":   {events.TypeCreated, "c1", "c1"},
		"shipments.created":      {events.TypeCreated, "", ""},
		"shipments.created.":     {events.TypeCreated, "", ""},
		"shipments.created.a.b":  {events.TypeCreated, "a.b", ""},
		"shipments.created. ":    {events.TypeCreated, " ", ""},
		"shipments":              {"shipments", "", ""},
		"":                       {"", "", ""},
		"...":                    {".", ".", ""},
		"shipments.completed.x_": {events.TypeCompleted, "x_", "x_"},
	} {
		t.Run(subject, func(t *testing.T) {
			t.Parallel()
			eventType, rest := events.SplitSubject(subject)
			require.Equal(t, want.eventType, eventType)
			require.Equal(t, want.rest, rest)
			require.Equal(t, want.shipmentID, events.SubjectShipment(subject))
		})
	}
}

func TestParseCreatedAndRequestRejectOtherSubjects(t *testing.T) {
	t.Parallel()
	for _, eventType := range events.InputTypes() {
		for subject, right := range map[string]bool{
			"": true, eventType: true, eventType + "." + sampleID: true,
			eventType + ".eu." + sampleID: false, eventType + "." + sampleID + ".eu": false, eventType + ".other": false,
			eventType + ".eu": false, eventType + "." + strings.Repeat("eu.", 80) + sampleID: false, "shipments.other." + sampleID: false,
		} {
			t.Run(eventType+" on "+subject, func(t *testing.T) {
				t.Parallel()
				reasons := parse(t, eventType, subject)
				if right {
					require.Empty(t, reasons)
					return
				}
				require.Len(t, reasons, 1)
				require.Equal(t, events.CodeSubjectMismatch, reasons[0].Code)
				require.Contains(t, reasons[0].Message, "publish it to "+eventType+" or "+eventType+"."+sampleID)
				require.Less(t, len(reasons[0].Message), 400)
			})
		}
	}
}

// parse parses a valid event of an input type that came on a subject.
func parse(t *testing.T, eventType, subject string) []shipment.Reason {
	t.Helper()
	data := map[string]string{
		events.TypeCreated:               sampleData(t),
		events.TypeCancellationRequested: `{"shipmentId":"` + sampleID + `","reason":"returned"}`,
		events.TypeRebookingRequested:    `{"shipmentId":"` + sampleID + `","collectionDate":"2026-11-25"}`,
	}[eventType]
	ev, reasons := events.Decode(nil, structured(t, "type", `"`+eventType+`"`, "data", data))
	require.Empty(t, reasons)
	if events.IsRequest(eventType) {
		_, reasons = events.ParseRequest(ev, subject)
		return reasons
	}
	_, reasons = events.ParseCreated(ev, subject, rules)
	return reasons
}
