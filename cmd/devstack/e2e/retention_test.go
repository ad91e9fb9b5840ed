package e2e_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment/sample"
)

// The streams keep messages for longer than Temporal keeps processes: afterwards
// the ledger shows that a shipment is known.
func TestLedgerWhenTemporalHasForgottenTheProcess(t *testing.T) {
	for _, composition := range []string{"all", "none"} {
		t.Run(composition, func(t *testing.T) {
			s := startWith(t, composition, 100*time.Millisecond, stack.Options{Retention: time.Second})
			id := succeeds("forgotten")
			publish := func(eventID string, weight int) {
				t.Helper()
				content := sample.Shipment(id, sampleTime)
				content.Packages[0].WeightGrams = weight
				ev, err := events.NewCreated(eventID, "/team/orders", sampleTime, content)
				require.NoError(t, err)
				body, err := json.Marshal(ev)
				require.NoError(t, err)
				_, err = s.js.Publish(t.Context(), "shipments.created", body)
				require.NoError(t, err)
			}
			forgotten := func() {
				t.Helper()
				eventually(t, func() bool {
					_, err := s.temporal.DescribeWorkflowExecution(t.Context(), "shipment."+id, "")
					var notFound *serviceerror.NotFound
					return errors.As(err, &notFound)
				}, "Temporal forgets the process")
			}
			publish("e-1", 1000)
			s.checkEnd(t, id)
			forgotten()
			first, err := streams.ReadLedger(t.Context(), s.js, id)
			require.NoError(t, err)

			publish("e-1", 1000) // the same event
			s.drained(t)
			forgotten()          // a run that finds the ledger's entry ends without effect
			publish("e-2", 1000) // the same content
			s.drained(t)
			forgotten()
			require.Empty(t, eventstest.Rejections(t, s.js))
			publish("e-3", 2000) // other content
			eventually(t, func() bool { return len(eventstest.Rejections(t, s.js)) == 1 }, "the conflict is rejected")
			require.Equal(t, events.CodeConflict, eventstest.Rejections(t, s.js)[0].Reasons[0].Code)
			s.drained(t)

			require.Equal(t, successStory, s.story(t, id))
			entry, err := streams.ReadLedger(t.Context(), s.js, id)
			require.NoError(t, err)
			require.Equal(t, first, entry, "the ledger names the first run")
		})
	}
}

// sampleTime is one time for all samples, so that a shipment's are equal.
var sampleTime = time.Now()
