package traces

import (
	"context"
	"sync"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// group are the spans of one piece of work in this process: its root, and what was
// begun below it. They are delivered together when the root ends, the root first, so
// that no span is exported whose parent is lost with the process.
type group struct {
	deliver func([]sdk.ReadOnlySpan)

	mu    sync.Mutex
	root  trace.SpanID
	below []sdk.ReadOnlySpan
}

type groupKey struct{}

// inGroup returns a context whose spans belong to a new group.
func inGroup(ctx context.Context, deliver func([]sdk.ReadOnlySpan)) context.Context {
	return context.WithValue(ctx, groupKey{}, &group{deliver: deliver})
}

func (g *group) started(span trace.SpanID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.root.IsValid() {
		g.root = span
	}
}

// ended takes a span. One that ends after its root is not exported.
func (g *group) ended(span sdk.ReadOnlySpan) {
	g.mu.Lock()
	if span.SpanContext().SpanID() != g.root {
		g.below = append(g.below, span)
		g.mu.Unlock()
		return
	}
	all := append([]sdk.ReadOnlySpan{span}, g.below...)
	g.mu.Unlock()
	g.deliver(all)
}

// groups is the span processor that sorts spans into their groups. A span without a
// group is dropped: there is none.
type groups struct{ open sync.Map } // of [trace.SpanID] to *group

var _ sdk.SpanProcessor = (*groups)(nil)

// OnStart notes the group of a span.
func (p *groups) OnStart(ctx context.Context, span sdk.ReadWriteSpan) {
	if g, ok := ctx.Value(groupKey{}).(*group); ok {
		id := span.SpanContext().SpanID()
		g.started(id)
		p.open.Store(id, g)
	}
}

// OnEnd hands a span to its group.
func (p *groups) OnEnd(span sdk.ReadOnlySpan) {
	if g, ok := p.open.LoadAndDelete(span.SpanContext().SpanID()); ok && span.SpanContext().IsSampled() {
		g.(*group).ended(span)
	}
}

// Shutdown does nothing: the queue is closed on its own.
func (p *groups) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing.
func (p *groups) ForceFlush(context.Context) error { return nil }
