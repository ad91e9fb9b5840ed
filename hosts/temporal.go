package hosts

import (
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"shipments/hosts/payloads"
)

// temporalOptions are the options of the hosts' client.
func temporalOptions(rt *runtime) client.Options {
	options := rt.config.temporalOptions(append(rt.traces.DialOptions(), grpc.WithChainUnaryInterceptor(rt.temporalOutage.intercept, rt.polls.intercept))...)
	options.Interceptors = rt.traces.ClientInterceptors()
	options.Logger = temporalLog{
		log:     rt.plainLog.With().Str("component", "temporal-sdk").Logger(),
		host:    strings.Join(rt.about.Hosts, ","),
		outages: outages{nats: &rt.natsOutage, temporal: &rt.temporalOutage},
	}
	if rt.measured() {
		options.MetricsHandler = rt.metrics.Temporal()
	}
	return options
}

// temporalOptions are the options of all clients.
func (c *Config) temporalOptions(dial ...grpc.DialOption) client.Options {
	encoded := c.converters()
	options := client.Options{
		DataConverter:    encoded.Data,
		FailureConverter: encoded.Failure,
		HostPort:         c.TemporalAddress,
		Namespace:        c.TemporalNamespace,
		Identity:         ReadVersion().identity(),
		Credentials:      c.temporalCredentials(),
		ConnectionOptions: client.ConnectionOptions{
			TLS: c.temporalTLS,
			// A request has a few kilobytes: compressing it with gzip, the SDK's
			// default, takes longer than sending it.
			GrpcCompression: &client.GrpcCompressionNone{},
			Authority:       c.TemporalAuthority,
			DialOptions:     dial,
		},
	}
	if len(c.grpcMeta) > 0 {
		options.HeadersProvider = metadata(c.grpcMeta)
	}
	if c.temporalTLS != nil {
		fresh := newFreshTLS(c.temporalTLS, c.loadTLS)
		options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions, grpc.WithTransportCredentials(fresh))
	}
	return options
}

// NewTemporalClient makes the client of a command, which connects when it is first
// used, and the converters by which it decodes. The configuration must be valid.
func NewTemporalClient(config Config, log zerolog.Logger) (client.Client, payloads.Converters, error) {
	options := config.temporalOptions()
	options.Logger = temporalLog{log: log, outages: outages{nats: new(outage), temporal: new(outage)}}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, payloads.Converters{}, fmt.Errorf("make the Temporal client: %w", err)
	}
	return c, config.converters(), nil
}
