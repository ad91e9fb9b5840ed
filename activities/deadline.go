package activities

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// CarrierTimeout bounds one attempt of a carrier call. An attempt ends before that by
// itself: it makes no new request in the last [CarrierGrace] of it.
const CarrierTimeout = 30 * time.Minute

// CarrierScheduleToClose is the schedule-to-close timeout of a carrier call with a
// deadline. The call makes no request after the deadline, but a request that is in
// flight then is waited for: the carrier may still be working on it, and the call
// that undoes it must not overtake it. So the server waits for one more attempt.
func CarrierScheduleToClose(deadline time.Duration) time.Duration { return deadline + CarrierTimeout }

// ErrorTypeDeadline is the type of the application error of a carrier call whose
// deadline has passed. Its message is that of the last attempt. It is not retried.
const ErrorTypeDeadline = "CarrierDeadline"

// attempt is one attempt of a carrier call.
type attempt struct {
	begun time.Time
	// remaining is the time to the deadline; the greatest duration without one, as
	// in a local activity.
	remaining time.Duration
	info      activity.Info
}

func beginAttempt(ctx context.Context) attempt {
	a := attempt{begun: time.Now(), remaining: math.MaxInt64, info: activity.GetInfo(ctx)}
	// What the activity was scheduled with counts, for a process lasts longer than a version.
	if total, last := a.info.ScheduleToCloseTimeout, a.info.StartToCloseTimeout; !a.info.IsLocalActivity && total > last {
		// Both times are the server's, so the clocks need not agree.
		a.remaining = a.info.ScheduledTime.Add(total - last).Sub(a.info.StartedTime)
	}
	return a
}

// expired returns an error if the deadline has passed.
func (a attempt) expired() error {
	if a.remaining > 0 {
		return nil
	}
	return temporal.NewNonRetryableApplicationError("it was not asked in time", ErrorTypeDeadline, nil)
}

// window is the time within which the attempt makes new requests.
func (a attempt) window() time.Duration { return min(a.remaining, CarrierTimeout-CarrierGrace) }

// failed returns the error of an attempt. If the next one would begin after the
// deadline, that error is the last. Otherwise it has the pause until then: the
// carrier's, or one that grows from attempt to attempt.
func (a attempt) failed(err error) error {
	var application *temporal.ApplicationError
	isApplication := errors.As(err, &application)
	if err == nil || errors.Is(err, context.Canceled) || temporal.IsCanceledError(err) ||
		a.info.IsLocalActivity || isApplication && application.NonRetryable() {
		return err
	}
	kind, message, pause, cause := "", err.Error(), a.pause(), err
	if isApplication {
		kind, message, cause = application.Type(), application.Message(), application.Unwrap()
		pause = cmp.Or(application.NextRetryDelay(), pause)
	}
	if time.Since(a.begun)+pause >= a.remaining {
		return temporal.NewNonRetryableApplicationError(message, ErrorTypeDeadline, cause)
	}
	return temporal.NewApplicationErrorWithOptions(message, kind, temporal.ApplicationErrorOptions{Cause: cause, NextRetryDelay: pause})
}

// MaxRetryPause bounds the pause between two attempts of a carrier call, unless the
// carrier asks for a longer one.
const MaxRetryPause = time.Minute

// pause is the time until the next attempt, if the carrier asks for none: a second,
// two, four, and so on.
func (a attempt) pause() time.Duration {
	const doublings = 6 // to more than the bound
	return min(time.Second<<min(max(a.info.Attempt-1, 0), doublings), MaxRetryPause)
}
