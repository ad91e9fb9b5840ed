package traces

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func TestSampler(t *testing.T) {
	t.Parallel()
	parent := func(flags trace.TraceFlags) context.Context {
		return trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: flags,
		}))
	}
	for _, test := range []struct {
		name, argument                   string
		alone, underSampled, underOthers bool
	}{
		{name: "", alone: true, underSampled: true},
		{name: "always_on", alone: true, underSampled: true, underOthers: true},
		{name: "always_off"},
		{name: "traceidratio", argument: "1", alone: true, underSampled: true, underOthers: true},
		{name: "traceidratio", argument: "0"},
		{name: "parentbased_always_on", alone: true, underSampled: true},
		{name: "parentbased_always_off", underSampled: true},
		{name: "parentbased_traceidratio", argument: "0", underSampled: true},
	} {
		t.Run(test.name+" "+test.argument, func(t *testing.T) {
			t.Parallel()
			s, err := Sampler(test.name, test.argument)
			require.NoError(t, err)
			sampled := func(ctx context.Context) bool {
				return decidedSampler{s}.ShouldSample(sdk.SamplingParameters{ParentContext: ctx, TraceID: trace.TraceID{1}}).Decision == sdk.RecordAndSample
			}
			require.Equal(t, test.alone, sampled(t.Context()))
			require.Equal(t, test.underSampled, sampled(parent(trace.FlagsSampled)))
			require.Equal(t, test.underOthers, sampled(parent(0)))
			require.True(t, sampled(withDecision(t.Context(), trace.TraceID{1}, trace.TraceState{})), "what the consumer has decided")
		})
	}
	for _, test := range [][2]string{{"sometimes", ""}, {"traceidratio", "2"}, {"traceidratio", "x"}, {"parentbased_traceidratio", "NaN"}, {"parentbased_", ""}} {
		_, err := Sampler(test[0], test[1])
		require.Error(t, err, test)
	}
}
