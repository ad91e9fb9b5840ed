package metrics

import (
	"context"
	"strconv"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/metric"
)

// Info is what does not change while a process runs.
type Info struct {
	Version, Commit, Go string
	Composition         string
	Emulation           bool
}

// Loop is what the loop of a host says of itself.
type Loop struct {
	Host string
	// Works: it does its work. Ready: it does, or its failure may pass.
	Works, Ready bool
}

// FollowProcess measures, whenever the metrics are read, whether the hosts work,
// which carriers refuse their token, and the connection to NATS.
func (m *Metrics) FollowProcess(info Info, loops func() []Loop, refusedTokens func() map[string]bool, nc *nats.Conn) error {
	var k maker
	gauge := func(name, description string) metric.Int64ObservableGauge {
		g, err := m.meter.Int64ObservableGauge(name, metric.WithDescription(description))
		k.note(err)
		return g
	}
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		c, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		k.note(err)
		return c
	}
	var (
		build      = gauge("shipments.build_info", "1, with the version of the program.")
		config     = gauge("shipments.config_info", "1, with settings that have to be the same in all processes.")
		works      = gauge("shipments.host_works", "1 while the loop of a host does its work.")
		ready      = gauge("shipments.host_ready", "1 while a host is ready: its loop works, or its failure may pass.")
		tokens     = gauge("shipments.carrier.token_refused", "1 while a carrier refuses the token that it is called with, and has for a minute.")
		connected  = gauge("shipments.nats.connected", "1 while the process is connected to NATS.")
		reconnects = counter("shipments.nats.reconnects", "{reconnect}", "Connections to NATS that were lost and made again.")
		received   = counter("shipments.nats.received", "By", "Bytes received from NATS.")
		sent       = counter("shipments.nats.sent", "By", "Bytes sent to NATS.")
	)
	if k.err != nil {
		return k.err
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(build, 1, labels("version", info.Version, "commit", info.Commit, "go", info.Go))
		o.ObserveInt64(config, 1, labels("child_workflows", info.Composition, "emulation", strconv.FormatBool(info.Emulation)))
		for _, l := range loops() {
			o.ObserveInt64(works, int64(number(l.Works)), labels("host", l.Host))
			o.ObserveInt64(ready, int64(number(l.Ready)), labels("host", l.Host))
		}
		for carrier, refused := range refusedTokens() {
			o.ObserveInt64(tokens, int64(number(refused)), labels("carrier", carrier))
		}
		o.ObserveInt64(connected, int64(number(nc.IsConnected())))
		statistics := nc.Stats()
		o.ObserveInt64(reconnects, int64(statistics.Reconnects))
		o.ObserveInt64(received, int64(statistics.InBytes))
		o.ObserveInt64(sent, int64(statistics.OutBytes))
		return nil
	}, build, config, works, ready, tokens, connected, reconnects, received, sent)
	return err
}
