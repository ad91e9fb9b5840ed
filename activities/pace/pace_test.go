package pace_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/pace"
)

func TestEvery(t *testing.T) {
	t.Parallel()
	t.Run("repeats after each interval until it is stopped", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			began, beats := time.Now(), []time.Duration(nil)
			stop := pace.Every(t.Context(), time.Second, func() { beats = append(beats, time.Since(began)) })
			time.Sleep(3500 * time.Millisecond)
			stop()
			stop() // Twice does no harm.
			time.Sleep(time.Minute)
			require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, beats)
		})
	})
	t.Run("ends with its context", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			defer cancel()
			beats := 0
			stop := pace.Every(ctx, time.Second, func() { beats++ })
			time.Sleep(time.Minute)
			stop()
			require.Equal(t, 2, beats)
		})
	})
	t.Run("stopping waits for the call that is under way", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			done := false
			stop := pace.Every(t.Context(), time.Second, func() {
				time.Sleep(time.Second)
				done = true
			})
			time.Sleep(1500 * time.Millisecond)
			stop()
			require.True(t, done)
		})
	})
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		require.True(t, pace.Sleep(t.Context(), time.Second))
		require.Equal(t, time.Second, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.False(t, pace.Sleep(ctx, time.Minute))
		require.False(t, pace.Sleep(ctx, -time.Minute))
		require.True(t, pace.Sleep(t.Context(), -time.Minute))
		require.Equal(t, 2*time.Second, time.Since(began))
	})
}
