package stack

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"

	"shipments/workflows"
)

// clusterName is what a Temporal server of one cluster calls itself.
const clusterName = "active"

// startTemporal starts the Temporal server with all its services on SQLite.
func (s *Stack) startTemporal(ctx context.Context) error {
	port, err := freePort(s.options.TemporalPort)
	if err != nil {
		return fmt.Errorf("%w: stop what uses it, or choose another with --temporal-port", err)
	}
	s.TemporalAddress = net.JoinHostPort(loopback, strconv.Itoa(port))
	conf, err := s.temporalConfig(port)
	if err != nil {
		return err
	}
	dynamic := dynamicSettings()
	if s.options.TuneTemporal != nil {
		s.options.TuneTemporal(conf, dynamic)
	}
	if err := s.prepareStores(conf.Persistence); err != nil {
		return err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{
		Level: "warn", OutputFile: filepath.Join(s.Dir, "temporal.log"),
	}))
	settings, err := s.dynamicConfig(dynamic, logger)
	if err != nil {
		return err
	}
	s.temporal, err = temporal.NewServer(
		temporal.WithConfig(conf),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
		// With its members known, the server does not look for those of its
		// earlier life: it would wait for them for a minute.
		temporal.WithStaticHosts(staticHosts(conf)),
		temporal.WithDynamicConfigClient(settings),
	)
	if err != nil {
		return fmt.Errorf("make the Temporal server: %w", err)
	}
	if err := s.temporal.Start(); err != nil {
		return fmt.Errorf("start the Temporal server: %w", err)
	}
	s.undo = append(s.undo, s.temporal.Stop)
	return s.awaitTemporal(ctx)
}

// staticHosts are the addresses of the server's own services.
func staticHosts(conf *config.Config) map[primitives.ServiceName]static.Hosts {
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, service := range conf.Services {
		hosts[primitives.ServiceName(name)] = static.SingleLocalHost(net.JoinHostPort(loopback, strconv.Itoa(service.RPC.GRPCPort)))
	}
	return hosts
}

// awaitTemporal waits until the frontend serves the namespace, and matching
// and history its task queues.
func (s *Stack) awaitTemporal(ctx context.Context) error {
	c, err := client.NewLazyClient(client.Options{HostPort: s.TemporalAddress, Namespace: Namespace, Logger: quiet{}})
	if err != nil {
		return fmt.Errorf("make a Temporal client: %w", err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: Namespace})
		if err == nil {
			_, err = c.DescribeTaskQueue(ctx, workflows.QueueOrchestrator, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		}
		if err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the Temporal server does not answer (see temporal.log): %w", err)
		}
	}
}

func (s *Stack) temporalConfig(port int) (*config.Config, error) {
	conf := &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback},
		},
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
	for _, service := range []string{"frontend", "history", "matching", "worker"} {
		rpc := config.RPC{BindOnIP: loopback, GRPCPort: port}
		var err error
		if service != "frontend" {
			if rpc.GRPCPort, err = freePort(0); err != nil {
				return nil, err
			}
		}
		if rpc.MembershipPort, err = freePort(0); err != nil {
			return nil, err
		}
		conf.Services[service] = config.Service{RPC: rpc}
	}
	return conf, nil
}

// dynamicSettings fit a server with one namespace and a handful of task queues
// on one machine: limits that protect tenants from each other are lifted, task
// queues are not partitioned, executions that nothing happens to do not stay in
// memory (a hundred thousand would fill gigabytes), and nobody looks for
// payloads that are kept elsewhere in every event.
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

// dynamicConfig are settings, overridden by those of the operator's file, if
// there is one.
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

// overridden are settings of a file, and defaults for what it does not set.
type overridden struct {
	*dynamicconfig.FileBasedClient

	defaults dynamicconfig.StaticClient
}

// GetValue returns a setting's value.
func (o overridden) GetValue(key dynamicconfig.Key) []dynamicconfig.ConstrainedValue {
	if values := o.FileBasedClient.GetValue(key); len(values) > 0 {
		return values
	}
	return o.defaults.GetValue(key)
}

// quiet is a logger for a client whose failures are expected.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
