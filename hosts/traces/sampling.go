package traces

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The values of OTEL_TRACES_SAMPLER.
const (
	alwaysOn      = "always_on"
	alwaysOff     = "always_off"
	ratio         = "traceidratio"
	parentBased   = "parentbased_"
	DefaultSample = parentBased + alwaysOn
)

// Sampler makes the sampler that OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG
// name; the OpenTelemetry specification has their values. Without a name it is
// [DefaultSample].
func Sampler(name, argument string) (sdk.Sampler, error) {
	if name == "" {
		name = DefaultSample
	}
	switch name {
	case alwaysOn:
		return sdk.AlwaysSample(), nil
	case alwaysOff:
		return sdk.NeverSample(), nil
	case ratio:
		share := 1.0
		if argument != "" {
			var err error
			if share, err = strconv.ParseFloat(argument, 64); err != nil || !(share >= 0 && share <= 1) {
				return nil, fmt.Errorf("the argument %q is not a share from 0 to 1", argument)
			}
		}
		return sdk.TraceIDRatioBased(share), nil
	case parentBased + alwaysOn, parentBased + alwaysOff, parentBased + ratio:
		root, err := Sampler(name[len(parentBased):], argument)
		if err != nil {
			return nil, err
		}
		return sdk.ParentBased(root), nil
	}
	return nil, errors.New(`use always_on, always_off, traceidratio, or one of them with "parentbased_" before it`)
}

// decision says that a trace is sampled. The process that began it has decided that.
type decision struct {
	trace trace.TraceID
	state trace.TraceState
}

type decisionKey struct{}

// withDecision returns a context in which all spans are sampled, and a span without
// a parent is in the trace.
func withDecision(ctx context.Context, id trace.TraceID, state trace.TraceState) context.Context {
	return context.WithValue(ctx, decisionKey{}, decision{id, state})
}

type traceIDKey struct{}

// withTraceID returns a context in which a span without a parent is in the trace, if
// it is sampled.
func withTraceID(ctx context.Context, id trace.TraceID) context.Context {
	return context.WithValue(ctx, traceIDKey{}, id)
}

// decidedSampler samples what is decided, and asks another one otherwise.
type decidedSampler struct{ sdk.Sampler }

// ShouldSample implements [sdk.Sampler].
func (s decidedSampler) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	if d, ok := p.ParentContext.Value(decisionKey{}).(decision); ok {
		return sdk.SamplingResult{Decision: sdk.RecordAndSample, Tracestate: d.state}
	}
	return s.Sampler.ShouldSample(p)
}

// ids makes the ids of traces and spans.
type ids struct{}

// NewIDs implements [sdk.IDGenerator] for a span without a parent.
func (ids) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	if d, ok := ctx.Value(decisionKey{}).(decision); ok {
		id = d.trace
	} else if given, ok := ctx.Value(traceIDKey{}).(trace.TraceID); ok {
		id = given
	} else {
		binary.BigEndian.PutUint64(id[:8], rand.Uint64()) //nolint:gosec // an id is no secret
		binary.BigEndian.PutUint64(id[8:], random())
	}
	return id, ids{}.NewSpanID(ctx, id)
}

// NewSpanID implements [sdk.IDGenerator].
func (ids) NewSpanID(context.Context, trace.TraceID) (span trace.SpanID) {
	binary.BigEndian.PutUint64(span[:], random())
	return span
}

// random is a number other than 0.
func random() uint64 {
	for {
		if n := rand.Uint64(); n != 0 { //nolint:gosec // an id is no secret
			return n
		}
	}
}
