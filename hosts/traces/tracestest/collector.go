package tracestest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span that a collector has received.
type Span struct {
	TraceID, SpanID, ParentID [16]byte // a span's id is followed by zeros
	Name                      string
	Kind                      tracepb.Span_SpanKind
	Start, End                time.Time
	Failed                    bool
	Attributes                map[string]string
	// Links are the traces and the spans that it is linked to.
	Links []Link
	// Resource has the attributes of its process.
	Resource map[string]string
}

// Link is a link to a span.
type Link struct{ TraceID, SpanID [16]byte }

// Collector is a collector for tests. Its methods are safe for concurrent use.
type Collector struct {
	// URL is that of OTEL_EXPORTER_OTLP_ENDPOINT.
	URL string

	mu       sync.Mutex
	spans    []Span
	problems []string
	answer   http.HandlerFunc
}

// Start starts a collector, which runs until the test ends.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	s := httptest.NewServer(c)
	t.Cleanup(func() {
		s.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		require.Empty(t, c.problems)
	})
	c.URL = s.URL
	return c
}

// Answer has the collector answer in another way, and take nothing; nil undoes that.
func (c *Collector) Answer(with http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = with
}

// ServeHTTP takes spans.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	answer := c.answer
	c.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	request, err := read(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.problems = append(c.problems, err.Error())
		w.WriteHeader(http.StatusBadRequest)
	case r.Method != http.MethodPost || r.URL.Path != "/v1/traces":
		c.problems = append(c.problems, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusNotFound)
	default:
		c.take(request)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}
}

func read(r *http.Request) (*collectorpb.ExportTraceServiceRequest, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = unzipped
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var request collectorpb.ExportTraceServiceRequest
	return &request, proto.Unmarshal(data, &request)
}

func (c *Collector) take(request *collectorpb.ExportTraceServiceRequest) {
	for _, resource := range request.GetResourceSpans() {
		about := attributes(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{
					Name: s.GetName(), Kind: s.GetKind(), Failed: s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR,
					Start: time.Unix(0, int64(s.GetStartTimeUnixNano())), End: time.Unix(0, int64(s.GetEndTimeUnixNano())),
					Attributes: attributes(s.GetAttributes()), Resource: about,
				}
				copy(span.TraceID[:], s.GetTraceId())
				copy(span.SpanID[:], s.GetSpanId())
				copy(span.ParentID[:], s.GetParentSpanId())
				for _, l := range s.GetLinks() {
					var link Link
					copy(link.TraceID[:], l.GetTraceId())
					copy(link.SpanID[:], l.GetSpanId())
					span.Links = append(span.Links, link)
				}
				c.spans = append(c.spans, span)
			}
		}
	}
}

func attributes(pairs []*commonpb.KeyValue) map[string]string {
	m := map[string]string{}
	for _, p := range pairs {
		switch v := p.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			m[p.GetKey()] = v.StringValue
		default:
			_, text, _ := strings.Cut(p.GetValue().String(), ":")
			m[p.GetKey()] = text
		}
	}
	return m
}

// Spans are the spans so far, by the time of their start.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := slices.Clone(c.spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return spans
}

// Of are the spans of a shipment, and those below them.
func (c *Collector) Of(shipmentID string) []Span {
	all := c.Spans()
	below := map[[16]byte]bool{}
	for changed := true; changed; {
		changed = false
		for _, s := range all {
			if !below[s.SpanID] && (s.Attributes["shipments.shipment"] == shipmentID || below[s.ParentID]) {
				below[s.SpanID], changed = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(s Span) bool { return !below[s.SpanID] })
}
