//go:build browser

package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
)

// hostile is a message that would run a script where a page did not escape it.
const hostile = `<script>alert("owned")</script><img src=x onerror=alert(1)>`

func (s *system) testRejection(t *testing.T) {
	ack, err := s.js.Publish(t.Context(), events.TypeCreated, []byte(hostile))
	require.NoError(t, err)
	b := s.tab(t, wide)
	b.open(t, "/rejections")
	b.shows(t, "invalid-json")
	b.click(t, ".cards summary")
	b.shows(t, hostile)
	require.Zero(t, value[int](t, b, `document.querySelectorAll("main script, main img").length`))

	b.openDetails(t, "Replay")
	b.press(t, "Replay")
	// It is published again, and rejected again.
	b.until(t, `document.querySelectorAll(".cards > li").length === 2`)
	b.until(t, `[...document.querySelectorAll(".cards .badge")].map(e => e.textContent).join(" ") === "open replayed"`)
	last, err := streams.LastSequence(t.Context(), s.js, events.StreamShipments)
	require.NoError(t, err)
	require.Greater(t, last, ack.Sequence)
	replayed, err := streams.ReadInput(t.Context(), s.js, last)
	require.NoError(t, err)
	require.Equal(t, hostile, string(replayed.Data))

	// All that are open at once: the second one.
	b.openDetails(t, "All open ones")
	b.press(t, "Publish 1 again")
	b.until(t, `document.querySelectorAll(".cards > li").length === 3`)
	b.until(t, `document.querySelectorAll(".cards .badge.replayed").length === 2`)
}
