package consumer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
)

// logged makes a session that logs into lines.
func logged(t *testing.T) (s *session, stop func(), lines func() []string) {
	t.Helper()
	var mu sync.Mutex
	var log bytes.Buffer
	stopping, stop := context.WithCancel(t.Context())
	s = newSession(stopping, &Consumer{config: Config{}.withDefaults(), log: zerolog.New(zerolog.SyncWriter(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	})))})
	return s, stop, func() []string {
		mu.Lock()
		defer mu.Unlock()
		var messages []string
		for line := range strings.Lines(log.String()) {
			var entry struct {
				Message string `json:"message"`
			}
			require.NoError(t, json.Unmarshal([]byte(line), &entry))
			messages = append(messages, entry.Message)
		}
		return messages
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

var first = delivery{meta: &nats.MsgMetadata{NumDelivered: 1}}

func TestRetryUntilDecided(t *testing.T) {
	t.Parallel()
	const (
		unavailableLine = "Temporal is unavailable; pulling pauses until it answers"
		answersLine     = "Temporal answers again"
		heldLine        = "An event is held and retried"
	)
	t.Run("an outage is logged once, however many messages find it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, stop, lines := logged(t)
			defer stop()
			began := time.Now()
			var handlers sync.WaitGroup
			for range 64 {
				handlers.Go(func() {
					v := s.retryUntilDecided(t.Context(), first, "s1", func() (verdict, error) {
						if time.Since(began) < time.Hour {
							return verdict{}, serviceerror.NewUnavailable("nobody there")
						}
						return verdict{effect: "accepted"}, nil
					})
					require.Equal(t, "accepted", v.effect)
				})
			}
			handlers.Wait()
			require.Equal(t, []string{unavailableLine, answersLine}, lines())
			require.Less(t, time.Since(began), time.Hour+maxBackoff+time.Second)
		})
	})
	t.Run("a message with an error of its own begins no further outage", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, stop, lines := logged(t)
			attempts := 0
			var held sync.WaitGroup
			held.Go(func() {
				v := s.retryUntilDecided(t.Context(), first, "s1", func() (verdict, error) {
					attempts++
					return verdict{}, serviceerror.NewUnavailable("its shard has no owner")
				})
				require.Error(t, v.nak)
			})
			for range 1000 {
				time.Sleep(100 * time.Millisecond)
				s.retryUntilDecided(t.Context(), first, "s2", func() (verdict, error) { return verdict{effect: "accepted"}, nil })
			}
			stop()
			held.Wait()
			require.Less(t, attempts, 25, "with its own backoff, in 100 seconds")
			require.Equal(t, []string{unavailableLine, answersLine}, lines()[:2])
			for _, line := range lines()[2:] {
				require.Equal(t, heldLine, line)
			}
			require.Less(t, len(lines()), 15)
		})
	})
	t.Run("it waits as long as the server asks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, stop, _ := logged(t)
			defer stop()
			var at []time.Duration
			began := time.Now()
			s.retryUntilDecided(t.Context(), first, "s1", func() (verdict, error) {
				if at = append(at, time.Since(began)); len(at) < 3 {
					return verdict{}, busyFor(t, 7*time.Second)
				}
				return verdict{effect: "accepted"}, nil
			})
			require.Equal(t, []time.Duration{0, 7 * time.Second, 14 * time.Second}, at)
		})
	})
	t.Run("an answer to another message does not shorten that wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, stop, _ := logged(t)
			defer stop()
			began := time.Now()
			var other sync.WaitGroup
			other.Go(func() {
				time.Sleep(time.Second)
				s.retryUntilDecided(t.Context(), first, "s2", func() (verdict, error) { return verdict{effect: "accepted"}, nil })
			})
			attempts := 0
			s.retryUntilDecided(t.Context(), first, "s1", func() (verdict, error) {
				if attempts++; attempts == 1 {
					return verdict{}, busyFor(t, 7*time.Second)
				}
				return verdict{effect: "accepted"}, nil
			})
			other.Wait()
			require.Equal(t, 7*time.Second, time.Since(began))
		})
	})
	t.Run("a call that is not answered ends after its time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, stop, lines := logged(t)
			defer stop()
			began := time.Now()
			attempts := 0
			s.retryUntilDecided(t.Context(), first, "s1", func() (verdict, error) {
				if attempts++; attempts > 1 {
					return verdict{effect: "accepted"}, nil
				}
				return verdict{}, s.call(t.Context(), func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				})
			})
			require.Equal(t, rpcTimeout+firstBackoff, time.Since(began))
			require.Equal(t, []string{unavailableLine, answersLine}, lines())
		})
	})
	t.Run("a consumer that stops does not end the outage", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, stop, lines := logged(t)
			time.AfterFunc(time.Minute, stop)
			v := s.retryUntilDecided(t.Context(), first, "s1", func() (verdict, error) {
				return verdict{}, serviceerror.NewUnavailable("nobody there")
			})
			require.Error(t, v.nak)
			require.Equal(t, []string{unavailableLine}, lines())
		})
	})
	t.Run("JetStream's errors are no outage of Temporal", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, stop, lines := logged(t)
			defer stop()
			attempts := 0
			s.retryUntilDecided(t.Context(), first, "s1", func() (verdict, error) {
				if attempts++; attempts < 3 {
					return verdict{}, &jetStreamError{errors.New("no responders")}
				}
				return verdict{effect: "accepted"}, nil
			})
			require.Equal(t, []string{heldLine}, lines(), "one line in ten seconds")
		})
	})
}
