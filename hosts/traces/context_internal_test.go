package traces

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

func TestTravelAfterALongWait(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_800_000_000, 0)
	parent := aWay(t, began).after(began.Add(10 * time.Minute))
	require.Equal(t, publisherTrace, parent.traceID().String())

	child := decodeTraceContext(parent.encode()) // a child workflow that waits for a day
	child = child.after(began.Add(25 * time.Hour))
	parent = parent.after(began.Add(25*time.Hour + time.Second))
	require.NotEqual(t, publisherTrace, child.traceID().String())
	require.Equal(t, child.traceID(), parent.traceID(), "the parent goes on in the trace of its child")
	soon := parent.after(began.Add(25*time.Hour + 30*time.Minute))
	require.Equal(t, parent.traceID(), soon.traceID())
	later := soon.after(began.Add(49 * time.Hour))
	require.NotEqual(t, soon.traceID(), later.traceID())
	require.Equal(t, later.base, aWay(t, began).base, "all of them are linked to the first one")
}

func TestTravelInAHeader(t *testing.T) {
	t.Parallel()
	way := aWay(t, time.Unix(1_800_000_000, 0))
	state, err := trace.ParseTraceState("a=1,b=2")
	require.NoError(t, err)
	for name, test := range map[string]traceContext{
		"first":          way,
		"later":          way.after(way.start.Add(3 * time.Hour)),
		"with a state":   {base: way.base.WithTraceState(state), start: way.start, at: way.at},
		"without a span": {base: way.base.WithSpanID(trace.SpanID{}), start: way.start, at: way.at},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test, decodeTraceContext(test.encode()))
		})
	}
}
