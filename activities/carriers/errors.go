package carriers

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
)

// The types of the errors that a call of [HTTP] ends with. Temporal keeps the type
// of an error, also where a workflow gets it.
const (
	// ErrorTypeBusy is for a carrier that asks to try again later (429, 503).
	ErrorTypeBusy = "CarrierBusy"
	// ErrorTypeInProgress is for a carrier that is working on an earlier call with
	// the same idempotency key (409).
	ErrorTypeInProgress = "CarrierCallInProgress"
	// ErrorTypeMisconfigured is for a wrong URL: 404, a redirect.
	ErrorTypeMisconfigured = "CarrierMisconfigured"
	// ErrorTypeTokenRefused is for a token that the carrier does not accept: 401, 403.
	ErrorTypeTokenRefused = "CarrierTokenRefused"
	// ErrorTypeUnreachable is for a carrier to which no request could be sent.
	ErrorTypeUnreachable = "CarrierUnreachable"
	// ErrorTypeFailed is for a carrier that answered that it failed (500).
	ErrorTypeFailed = "CarrierFailed"
	// ErrorTypeReplyLost is for a request whose answer never came.
	ErrorTypeReplyLost = "CarrierReplyLost"
	// ErrorTypeUnreadable is for an answer that does not say what it has to say. It
	// is not retried once it has come several times in a row.
	ErrorTypeUnreadable = "CarrierAnswerUnreadable"
	// ErrorTypeLabelMissing is for a label of the carrier that could not be fetched.
	// The leg is manifested.
	ErrorTypeLabelMissing = "CarrierLabelMissing"
)

// MayHaveHadEffect reports whether a call that ended with an error may have had its
// effect, and may still have it: its answer was lost, or cannot be read.
//
// It is false for a carrier that failed and said so. Then that call has ended, and
// the result of its key says whether it had an effect.
func MayHaveHadEffect(err error) bool {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) {
		return err != nil
	}
	switch application.Type() {
	case ErrorTypeBusy, ErrorTypeMisconfigured, ErrorTypeTokenRefused, ErrorTypeUnreachable, ErrorTypeFailed:
		return false
	}
	return true
}

// IsTokenRefused reports whether a call ended because the carrier does not accept the
// token.
func IsTokenRefused(err error) bool { return isType(err, ErrorTypeTokenRefused) }

// Message is the text of an error, without the type that Temporal adds.
func Message(err error) string { return message(err) }

// callError makes an error of a type. The call is retried, not before the pause;
// 0 leaves the time to the retry policy.
func callError(kind, message string, cause error, pause time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(message, kind, temporal.ApplicationErrorOptions{Cause: cause, NextRetryDelay: pause})
}

// isType reports whether an error has one of the types.
func isType(err error, kinds ...string) bool {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) {
		return false
	}
	for _, kind := range kinds {
		if application.Type() == kind {
			return true
		}
	}
	return false
}

// pauseOf is the pause that an error of [callError] asks for.
func pauseOf(err error) time.Duration {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) {
		return 0
	}
	return application.NextRetryDelay()
}

// prefixed puts a text before the message of an error of [callError]. It does not
// wrap: Temporal looks at the type of the outermost error alone.
func prefixed(text string, err error) error {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) {
		return fmt.Errorf("%s%w", text, err)
	}
	return callError(application.Type(), text+application.Message(), err, application.NextRetryDelay())
}
