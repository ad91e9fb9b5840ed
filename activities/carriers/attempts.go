package carriers

import (
	"context"

	"go.temporal.io/sdk/activity"
)

// isFirstTry reports whether the call is made by a local activity, which is to
// answer within a workflow task.
func isFirstTry(ctx context.Context) bool {
	return activity.IsActivity(ctx) && activity.GetInfo(ctx).IsLocalActivity
}

// attempts says what the earlier attempts of an activity have left behind.
type attempts int

const (
	// none: this is the first attempt.
	none attempts = iota
	// settled: they have ended, and the result of the key says whether one had an
	// effect.
	settled
	// uncertain: one of them may have its effect even now.
	uncertain
)

// mark is the heartbeat's detail with which an attempt ends that leaves nothing
// behind which the key's result does not show.
type mark struct {
	SettledAttempt int32 `json:"settledAttempt"`
}

// earlierAttempts reads the mark of the attempt before this one. One that died, or
// lost its reply, has left none.
func earlierAttempts(ctx context.Context) attempts {
	if !activity.IsActivity(ctx) || activity.GetInfo(ctx).Attempt <= 1 {
		return none
	}
	var last mark
	if !activity.HasHeartbeatDetails(ctx) || activity.GetHeartbeatDetails(ctx, &last) != nil ||
		last.SettledAttempt != activity.GetInfo(ctx).Attempt-1 {
		return uncertain
	}
	return settled
}

// leaveMark leaves the mark of this attempt, if it is settled.
func leaveMark(ctx context.Context, isSettled bool) {
	if isSettled && activity.IsActivity(ctx) && !isFirstTry(ctx) {
		activity.RecordHeartbeat(context.WithoutCancel(ctx), mark{SettledAttempt: activity.GetInfo(ctx).Attempt})
	}
}
