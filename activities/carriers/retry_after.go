package carriers

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter bounds the pause that a carrier can ask for.
const MaxRetryAfter = time.Hour

// retryAfter reads Retry-After (RFC 9110, 10.2.3) in both of its forms: seconds, or
// a date. A date is compared with the answer's own Date, so that the carrier's
// clock need not agree with ours; without one it is compared with now. The pause
// is at most [MaxRetryAfter]. 0 leaves the pause to the retry policy.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds > int(MaxRetryAfter/time.Second) {
			return MaxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return min(max(until.Sub(now), 0), MaxRetryAfter)
}
