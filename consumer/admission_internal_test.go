package consumer

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAdmissionLimitsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		backlog, handled, refreshes := 0, 0, 0
		var failure error
		var busyUntil time.Time
		a := admission{limit: 100, handling: func() int { return handled }, backlog: func(context.Context) (int, error) {
			refreshes++
			if time.Now().Before(busyUntil) {
				return 500, nil
			}
			return backlog, failure
		}}
		require.Equal(t, 64, a.admit(t.Context(), 64), "no more than asked for")
		for range 64 {
			a.pulled()
		}
		require.Equal(t, 36, a.admit(t.Context(), 64), "what was admitted counts before the next refresh")
		time.Sleep(minRefreshInterval)
		require.Equal(t, 36, a.admit(t.Context(), 64))
		require.Equal(t, 1, refreshes, "while there is room nobody refreshes")
		for range 36 {
			a.pulled()
		}
		handled = 60
		require.Equal(t, 40, a.admit(t.Context(), 64), "with little in flight the next refresh is soon")
		require.Equal(t, 2, refreshes)

		backlog, handled = 85, 5
		time.Sleep(refreshInterval)
		require.Equal(t, 10, a.admit(t.Context(), 64), "an old count is not used")
		for range 10 {
			a.pulled()
		}
		backlog = 80
		began := time.Now()
		require.Equal(t, 15, a.admit(t.Context(), 64))
		require.InDelta(t, 0.85*float64(refreshInterval), float64(time.Since(began)), float64(time.Millisecond), "with much in flight the next refresh is later")
		handled = 0

		backlog, busyUntil = 98, time.Now().Add(time.Minute)
		time.Sleep(refreshInterval)
		trickled := 0
		for n := a.admit(t.Context(), 64); n == 1; n = a.admit(t.Context(), 64) {
			a.pulled()
			trickled++
		}
		require.False(t, time.Now().Before(busyUntil), "it waits until workers have caught up")
		require.InDelta(t, int(time.Minute/trickle), trickled, 1, "but for a trickle")

		backlog = 0
		for i := range 80 {
			a.underWay.note(fmt.Sprintf("shipments.accepted.s%d", i))
			a.underWay.note(fmt.Sprintf("shipments.accepted.s%d", i)) // again
		}
		a.underWay.note("shipments.documents-generated.s0")
		a.underWay.note("shipments.failed.s1")
		a.underWay.note("shipments.cancelled.s2")
		a.underWay.note("shipments.completed.s0")
		time.Sleep(refreshInterval)
		require.Equal(t, 100-77, a.admit(t.Context(), 64))
		time.Sleep(staleAfter)
		require.Equal(t, 64, a.admit(t.Context(), 64), "what takes so long waits for others")

		failure = errors.New("away")
		time.Sleep(refreshInterval)
		require.Equal(t, 64, a.admit(t.Context(), 64), "what is not known holds nothing up")

		failure, backlog = nil, 100
		time.Sleep(refreshInterval)
		require.Equal(t, 1, a.admit(t.Context(), 64))
		stopping, stop := context.WithTimeout(t.Context(), trickle/2)
		defer stop()
		require.Zero(t, a.admit(stopping, 64))
	})
	require.Equal(t, 64, (&admission{}).admit(t.Context(), 64), "no budget, no bound")
}
