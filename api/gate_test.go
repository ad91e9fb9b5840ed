package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment"
)

func TestAPIAtTheGate(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Rules = eventstest.GateRules() })
	for _, c := range eventstest.GateCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, http.MethodPost, "/shipments", "application/json", string(c.Data))
			stored := b.Messages(t, events.StreamShipments, events.Subject(events.TypeCreated, c.ID))
			if c.Code != "" {
				require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, got.body)
				c.RequireRejected(t, got.problem.Errors)
				require.Empty(t, stored, "nothing of it was published")
				return
			}
			require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
			require.Len(t, stored, 1)
			ev, reasons := events.Decode(stored[0].Header, stored[0].Data)
			require.Empty(t, reasons)
			created, reasons := events.ParseCreated(ev, stored[0].Subject, eventstest.GateRules())
			require.Equal(t, []shipment.Reason(nil), reasons)
			c.RequireAccepted(t, created.Data)
		})
	}
}
