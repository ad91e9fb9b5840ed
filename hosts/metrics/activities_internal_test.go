package metrics

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"shipments/activities"
)

func TestMetricsOfCallsNearTheirDeadline(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		call activity.Info
		want bool
	}{
		"just begun":                   {activity.Info{ScheduleToCloseTimeout: activities.CarrierScheduleToClose(time.Hour), ScheduledTime: now}, false},
		"a third of the time passed":   {activity.Info{ScheduleToCloseTimeout: activities.CarrierScheduleToClose(time.Hour), ScheduledTime: now.Add(-20 * time.Minute)}, false},
		"two thirds of it passed":      {activity.Info{ScheduleToCloseTimeout: activities.CarrierScheduleToClose(time.Hour), ScheduledTime: now.Add(-40 * time.Minute)}, true},
		"without a deadline":           {activity.Info{ScheduledTime: now.Add(-40 * time.Minute)}, false},
		"a first, local try that hung": {activity.Info{IsLocalActivity: true, ScheduleToCloseTimeout: time.Hour, ScheduledTime: now.Add(-40 * time.Minute)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, nearDeadline(c.call, now))
		})
	}
}
