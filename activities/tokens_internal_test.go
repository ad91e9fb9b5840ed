package activities

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"shipments/activities/carriers"
)

func TestTokenWatchAlarmsOnceAfterAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var alarms, resolved []TokenRefusal
		w := &TokenWatch{
			Alarm:    func(r TokenRefusal) { alarms = append(alarms, r) },
			Resolved: func(r TokenRefusal) { resolved = append(resolved, r) },
		}
		refused := temporal.NewApplicationError("the carrier answered 401 Unauthorized: expired", carriers.ErrorTypeTokenRefused)
		begun := time.Now()
		for range 5 { // The retries of a call: after 1, 2, 4, 8 s.
			w.note("one", refused)
			time.Sleep(8 * time.Second)
		}
		require.Empty(t, alarms, "it may be about to be renewed")
		require.Empty(t, w.Refused())
		time.Sleep(30 * time.Second)
		w.note("one", refused)
		w.note("one", refused)
		w.note("two", refused)
		w.note("one", errors.New("connection refused"))
		want := []TokenRefusal{{CarrierID: "one", Since: begun, Words: "the carrier answered 401 Unauthorized: expired"}}
		require.Equal(t, want, alarms)
		require.Equal(t, map[string]TokenRefusal{"one": want[0]}, w.Refused())

		w.note("one", nil)
		w.note("two", nil)
		require.Equal(t, want, resolved, "of two there was no alarm")
		require.Empty(t, w.Refused())
		w.note("one", refused)
		require.Len(t, alarms, 1, "it begins anew")
	})
	var none *TokenWatch
	none.note("one", nil)
}
