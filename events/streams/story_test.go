package streams_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
)

// A story has the first and the last messages of a subject that has too many.
func TestReadStoryOmitsTheMiddle(t *testing.T) {
	t.Parallel()
	s := eventstest.StartProvisioned(t)
	publish := func(data string) uint64 {
		ack, err := s.JS.Publish(t.Context(), "shipments.cancellation-requested.abc", []byte(data))
		require.NoError(t, err)
		return ack.Sequence
	}
	first := publish("first")
	for range 150 {
		publish("few")
	}
	story, err := streams.ReadStory(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	require.Len(t, story.Messages, 151)
	require.Zero(t, story.Omitted)

	const many = 100
	for range many {
		publish(strings.Repeat("x", 60_000))
	}
	last := publish("last")
	story, err = streams.ReadStory(t.Context(), s.JS, "abc")
	require.NoError(t, err)
	require.Equal(t, first, story.Messages[0].Sequence)
	require.Equal(t, last, story.Messages[len(story.Messages)-1].Sequence)
	require.Positive(t, story.Omitted)
	require.Equal(t, 152+many, len(story.Messages)+story.Omitted)
	empty, err := streams.ReadStory(t.Context(), s.JS, "other")
	require.NoError(t, err)
	require.Empty(t, empty.Messages)
	again, err := streams.ReadStory(t.Context(), s.JS, "abc", first)
	require.NoError(t, err)
	require.Len(t, again.Messages, len(story.Messages), "an input that is found by its subject too is there once")
	require.Equal(t, story.Omitted, again.Omitted)
	require.Equal(t, events.TypeCancellationRequested, story.Messages[0].Type)
}
