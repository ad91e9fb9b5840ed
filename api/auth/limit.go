package auth

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimited bounds the principals whose rate is remembered.
const maxLimited = 10_000

// limits bounds the requests of each principal. It is safe for concurrent use.
type limits struct {
	perSecond float64 // 0 for no limit

	mu   sync.Mutex
	each map[string]*rate.Limiter
}

// wait returns 0 if a request may go on now, or else when to try again. A principal
// may use up two seconds' worth at once.
func (l *limits) wait(name string) time.Duration {
	if l.perSecond <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.each == nil || len(l.each) >= maxLimited {
		l.each = map[string]*rate.Limiter{}
	}
	limiter := l.each[name]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Limit(l.perSecond), max(1, int(2*l.perSecond)))
		l.each[name] = limiter
	}
	if limiter.Allow() {
		return 0
	}
	return time.Duration(float64(time.Second) / l.perSecond)
}
