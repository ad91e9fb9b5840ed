package hosts

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLoopsReadiness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l loops
		consumer, api := loopError{why: "no pull\nhas been answered"}, loopError{}
		l.follow("consumer", func() loopError { return consumer })
		l.follow("api", func() loopError { return api })
		r := l.readiness()
		require.False(t, r.Ready, "it has not worked yet")
		require.Equal(t, "consumer: no pull has been answered", r.Why, "in one line")

		consumer = loopError{}
		r = l.readiness()
		require.True(t, r.Ready)
		require.Empty(t, r.Why)
		require.Equal(t, map[string]string{"consumer": "ok", "api": "ok"}, r.Checks)

		api = loopError{why: "no answer", since: time.Now()}
		time.Sleep(tolerance)
		r = l.readiness()
		require.True(t, r.Ready, "a failure may pass")
		require.Equal(t, "no answer (for 30s)", r.Checks["api"])
		time.Sleep(time.Second)
		r = l.readiness()
		require.False(t, r.Ready)
		require.Equal(t, "api: no answer (for 31s)", r.Why)
		api = loopError{}
		require.True(t, l.readiness().Ready)

		require.True(t, l.warn("attributes", "none"))
		require.False(t, l.warn("attributes", "none"), "nothing new")
		require.Equal(t, []string{"none"}, l.readiness().Warnings)
		require.True(t, l.readiness().Ready, "a warning is no error")
		require.True(t, l.warn("attributes", ""))
		require.Empty(t, l.readiness().Warnings)
	})
}
