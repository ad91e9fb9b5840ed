package stack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"shipments/workflows"
)

// startTemporal starts the Temporal server with all its services on SQLite.
func (s *Stack) startTemporal(ctx context.Context) error {
	s.TemporalAddress = s.listeners.temporal[primitives.FrontendService].Addr().String()
	conf, dynamic := s.temporalConfig(), dynamicSettings()
	if s.options.TuneTemporal != nil {
		s.options.TuneTemporal(conf, dynamic)
	}
	if err := s.prepareStores(conf.Persistence); err != nil {
		return err
	}
	logger := s.temporalLog()
	settings, err := s.dynamicConfig(dynamic, logger)
	if err != nil {
		return err
	}
	server, err := temporal.NewServerFx(
		temporalModule(s.listeners.temporal),
		temporal.WithConfig(conf),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
		// Without this list, the server would wait a minute for the members that it
		// had before a restart.
		temporal.WithStaticHosts(s.staticHosts()),
		temporal.WithDynamicConfigClient(settings),
	)
	if err != nil {
		return fmt.Errorf("make the Temporal server: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the Temporal server: %w", err)
	}
	s.undo = append(s.undo, server.Stop)
	return s.awaitTemporal(ctx)
}

// temporalLog makes the log of the Temporal server. A fatal line, with which the
// server ends the process, goes to the log of the stack too.
func (s *Stack) temporalLog() log.Logger {
	file := log.BuildZapLogger(log.Config{Level: "warn", OutputFile: filepath.Join(s.Dir, "temporal.log")})
	return log.NewZapLogger(file.WithOptions(zap.Hooks(func(line zapcore.Entry) error {
		if line.Level == zapcore.FatalLevel {
			s.options.Log.Error().Str("log", filepath.Join(s.Dir, "temporal.log")).Msg("The Temporal server ends the process: " + line.Message)
		}
		return nil
	})))
}

// staticHosts has the addresses of the server's own services.
func (s *Stack) staticHosts() map[primitives.ServiceName]static.Hosts {
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, listener := range s.listeners.temporal {
		hosts[name] = static.SingleLocalHost(listener.Addr().String())
	}
	return hosts
}

// awaitTemporal waits until the frontend serves the namespace, and matching
// and history its task queues.
func (s *Stack) awaitTemporal(ctx context.Context) error {
	options := client.Options{HostPort: s.TemporalAddress, Namespace: Namespace, Logger: quiet{}}
	if files := s.options.TemporalTLS; files != nil {
		config, err := clientTLS(*files)
		if err != nil {
			return err
		}
		options.ConnectionOptions.TLS = config
	}
	c, err := client.NewLazyClient(options)
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
			return fmt.Errorf("the Temporal server does not answer (see temporal.log): %w: %w", ctx.Err(), err)
		}
	}
}

// clientTLS reads the files of the server as those of a client.
func clientTLS(files TLS) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	authorities, err := os.ReadFile(files.CA)
	if err != nil {
		return nil, err
	}
	pool.AppendCertsFromPEM(authorities)
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: pool}, nil
}

// quiet is a logger that drops everything, for a client whose failures are expected.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
