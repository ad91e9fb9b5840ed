package consumer

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shipments/activities/documents/typeface"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// BenchmarkDecide measures what the consumer does with an event without
// JetStream and Temporal: decode, validate, dispatch. Run it with GOMAXPROCS=1.
func BenchmarkDecide(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	content := sample.Shipment("cbench0", now)
	ev, err := events.NewCreated("e-1", "/bench", now, content)
	require.NoError(b, err)
	structured, err := json.Marshal(ev)
	require.NoError(b, err)
	data, err := json.Marshal(content)
	require.NoError(b, err)
	rules := shipment.Rules{
		Emulation: true, Carriers: sample.Carriers(), CollectionHorizon: 90 * 24 * time.Hour, Typeface: typeface.Default(),
	}
	s := &session{
		Consumer: &Consumer{config: Config{Settings: workflows.Settings{Rules: rules}}.withDefaults(), temporal: willing{}, log: zerolog.Nop()},
		stopping: context.Background(),
	}
	for name, msg := range map[string]*nats.Msg{
		"structured": {Subject: events.TypeCreated, Data: structured},
		"binary": {Subject: events.TypeCreated, Data: data, Header: nats.Header{
			"ce-specversion": {"1.0"}, "ce-id": {"e-1"}, "ce-source": {"/bench"}, "ce-type": {events.TypeCreated},
		}},
	} {
		b.Run(name, func(b *testing.B) {
			d := delivery{msg: msg, meta: &nats.MsgMetadata{Sequence: nats.SequencePair{Stream: 1}, NumDelivered: 1}}
			b.ReportAllocs()
			for b.Loop() {
				if v := s.decide(b.Context(), d); v.effect == "" {
					b.Fatal(v)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// willing is a Temporal that takes everything.
type willing struct{ Temporal }

func (willing) SignalWithStartWorkflow(context.Context, string, string, any, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, nil //nolint:nilnil // nobody looks
}

func (willing) SignalWorkflow(context.Context, string, string, string, any) error { return nil }
