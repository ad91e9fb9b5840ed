package stack

import (
	"fmt"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
)

// clusterName is the name of the only cluster.
const clusterName = "active"

// temporalConfig is the configuration of the Temporal server: one cluster on this
// machine, whose services have the ports of their listeners.
func (s *Stack) temporalConfig() *config.Config {
	conf := &config.Config{
		// The services may take twice this time to start.
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second}},
		Persistence: config.Persistence{
			DefaultStore:     mainStore,
			VisibilityStore:  visibilityStore,
			NumHistoryShards: 4,
			DataStores:       s.stores(),
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: s.TemporalAddress},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: s.TemporalAddress},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		Services: map[string]config.Service{},
	}
	if tls := s.options.TemporalTLS; tls != nil {
		conf.Global.TLS = temporalTLS(*tls)
	}
	for name, listener := range s.listeners.temporal {
		conf.Services[string(name)] = config.Service{RPC: config.RPC{BindOnIP: loopback, GRPCPort: portOf(listener)}}
	}
	return conf
}

// temporalTLS is TLS with certificates of clients at the frontend. The other services
// are on loopback alone, and reached without.
func temporalTLS(files TLS) config.RootTLS {
	client := config.ClientTLS{RootCAFiles: []string{files.CA}, ServerName: "localhost"}
	return config.RootTLS{
		Frontend: config.GroupTLS{
			Server: config.ServerTLS{CertFile: files.Cert, KeyFile: files.Key, ClientCAFiles: []string{files.CA}, RequireClientAuth: true},
			Client: client,
		},
		SystemWorker:    config.WorkerTLS{CertFile: files.Cert, KeyFile: files.Key, Client: client},
		RefreshInterval: time.Second,
	}
}

// dynamicSettings fit a server with one namespace and a handful of task queues
// on one machine. Limits that protect tenants from each other are lifted. Task
// queues have one partition. The cache of executions is small: a hundred thousand
// that wait for their timers would fill gigabytes. Events are not searched for
// payloads that are kept elsewhere.
func dynamicSettings() map[dynamicconfig.Key]any {
	const (
		plenty     = 100_000
		executions = 4_000
	)
	return map[dynamicconfig.Key]any{
		dynamicconfig.FrontendRPS.Key():                                         plenty,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                  plenty,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key():        plenty,
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key(): plenty,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                           plenty,
		dynamicconfig.HistoryRPS.Key():                                          plenty,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                            plenty,
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                        executions,
		dynamicconfig.MatchingRPS.Key():                                         plenty,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                           plenty,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():                  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key():                 1,
		dynamicconfig.ExternalPayloadsEnabled.Key():                             false,
		dynamicconfig.RetentionTimerJitterDuration.Key():                        time.Second,
		dynamicconfig.FrontendShutdownDrainDuration.Key():                       time.Duration(0),
		dynamicconfig.HistoryShutdownDrainDuration.Key():                        time.Duration(0),
		dynamicconfig.MatchingShutdownDrainDuration.Key():                       time.Duration(0),
	}
}

// dynamicConfig returns settings, overridden by those in --temporal-config.
func (s *Stack) dynamicConfig(settings map[dynamicconfig.Key]any, logger log.Logger) (dynamicconfig.Client, error) {
	defaults := dynamicconfig.StaticClient(settings)
	if s.options.TemporalConfig == "" {
		return defaults, nil
	}
	done := make(chan any)
	file, err := dynamicconfig.NewFileBasedClient(&dynamicconfig.FileBasedClientConfig{
		Filepath: s.options.TemporalConfig, PollInterval: 5 * time.Second,
	}, logger, done)
	if err != nil {
		return nil, fmt.Errorf("--temporal-config: %w", err)
	}
	s.undo = append(s.undo, func() error { close(done); return nil })
	return overridden{FileBasedClient: file, defaults: defaults}, nil
}

// overridden has the settings of a file, and defaults for those that it lacks.
type overridden struct {
	*dynamicconfig.FileBasedClient

	defaults dynamicconfig.StaticClient
}

// GetValue returns the values of a setting.
func (o overridden) GetValue(key dynamicconfig.Key) []dynamicconfig.ConstrainedValue {
	if values := o.FileBasedClient.GetValue(key); len(values) > 0 {
		return values
	}
	return o.defaults.GetValue(key)
}
