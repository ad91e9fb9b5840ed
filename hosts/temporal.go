package hosts

import (
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
)

func temporalOptions(rt *runtime) client.Options {
	options := client.Options{
		HostPort:  rt.config.TemporalAddress,
		Namespace: rt.config.TemporalNamespace,
		Identity:  ReadVersion().identity(),
		Logger: temporalLog{
			log:     rt.log.With().Str("component", "temporal-sdk").Logger(),
			outages: outages{nats: &rt.natsOutage, temporal: &rt.temporalOutage},
		},
		ConnectionOptions: client.ConnectionOptions{
			TLS: rt.config.temporalTLS,
			// A request has a few kilobytes: compressing it with gzip, the SDK's
			// default, takes longer than sending it.
			GrpcCompression: &client.GrpcCompressionNone{},
			DialOptions:     []grpc.DialOption{grpc.WithChainUnaryInterceptor(rt.temporalOutage.intercept)},
		},
	}
	if rt.config.TemporalAPIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(rt.config.TemporalAPIKey)
	}
	return options
}
