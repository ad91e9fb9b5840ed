package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shipments/hosts"
)

// gcPercent is the value of GOGC for the stack. Its servers make much short-lived
// garbage: with Go's default of 100, the collector would run too often.
const gcPercent = 400

// TuneGC sets the garbage collector of this process to the stack's value, unless
// the environment has GOGC.
func TuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// Main is the devstack command. It runs until ctx is done, which is no error.
func Main(ctx context.Context, args []string, stdout, stderr *os.File) error {
	TuneGC()
	root := newCommand(stderr)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

func newCommand(logTo *os.File) *cobra.Command {
	options := Options{}
	var hostList string
	cmd := &cobra.Command{
		Use:   "devstack",
		Short: "NATS, Temporal, Temporal UI and the shipment hosts in one process",
		Long: `NATS with JetStream, the Temporal server on SQLite, the Temporal UI and the
shipment hosts in one process. Emulation is on unless SHIPMENTS_EMULATION says
otherwise. The hosts take their other settings from the environment too, except
the addresses, the namespace and the credentials, which are those of the stack.

Configuration, carriers' tokens and ports are checked before anything starts.
The last line that is printed begins with Ready: all servers and hosts work.`,
		Example: `  go run -C cmd/devstack .                       # everything, state kept in cmd/devstack/data
  go run -C cmd/devstack . --ephemeral           # everything, no state kept
  go run -C cmd/devstack . --hosts none          # the servers alone, without the HTTP port
  go run -C cmd/devstack . --hosts consumer,api  # the servers and some hosts`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			named, err := namedHosts(hostList)
			if err != nil {
				return fmt.Errorf("--hosts: %w", err)
			}
			config, err := hosts.LoadConfig()
			if err != nil {
				return err
			}
			if _, set := os.LookupEnv("SHIPMENTS_EMULATION"); !set {
				config.Emulation = true
			}
			if _, set := os.LookupEnv("SHIPMENTS_PUBLIC_URL"); !set {
				config.PublicURL = "" // It follows the address that the API gets.
			}
			options.Config, options.Hosts = config, named
			options.Log = hosts.NewLogger(config, logTo)
			return run(cmd.Context(), options, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&options.Dir, "data", "data", "folder that keeps the state across restarts")
	f.BoolVar(&options.Ephemeral, "ephemeral", false, "keep no state")
	f.IntVar(&options.NATSPort, "nats-port", 4222, "port of NATS; 0 takes a free one")
	f.IntVar(&options.TemporalPort, "temporal-port", 7233, "port of Temporal; 0 takes a free one")
	f.IntVar(&options.UIPort, "ui-port", 8080, "port of the Temporal UI; 0 takes a free one")
	f.StringVar(&options.HTTPAddr, "http-addr", "127.0.0.1:43210", "address of the HTTP API; port 0 takes a free one")
	f.StringVar(&options.AdminAddr, "admin-addr", "127.0.0.1:43211", "address of the hosts' admin listener; port 0 takes a free one")
	f.StringVar(&options.TemporalConfig, "temporal-config", "", "file with dynamic configuration of the Temporal server (YAML), read again when it changes")
	f.StringVar(&hostList, "hosts", "all", "hosts to run: all, none, or a list of "+strings.Join(hosts.Names(), ", "))
	return cmd
}

func namedHosts(list string) ([]hosts.Host, error) {
	switch list {
	case "all":
		return hosts.All(), nil
	case "none":
		return nil, nil
	}
	return hosts.Named(strings.Split(list, ",")...)
}

// run starts the stack, prints the banner, and waits until ctx is done or a host
// has failed.
func run(ctx context.Context, options Options, out io.Writer) error {
	s, err := startAloud(ctx, options, out)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(out, "Stopped.")
		return nil //nolint:nilerr // Ctrl-C while it starts is no error
	}
	if err != nil {
		return err
	}
	if err := s.printBanner(out); err != nil {
		return errors.Join(err, s.Stop())
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "Stopping.")
	case <-s.Failed():
	}
	return s.Stop()
}

// quietStart is how long a start may take before a line says what it does.
const quietStart = 2 * time.Second

// startAloud is [Start] with a line of output if it takes long.
func startAloud(ctx context.Context, options Options, out io.Writer) (s *Stack, err error) {
	started := make(chan struct{})
	go func() {
		defer close(started)
		s, err = Start(ctx, options)
	}()
	select {
	case <-started:
		return s, err
	case <-time.After(quietStart):
	}
	fmt.Fprintln(out, "Starting "+strings.Join(options.parts(), ", ")+" …")
	<-started
	return s, err
}

// parts lists what a stack with these options consists of.
func (o Options) parts() []string {
	parts := []string{"NATS", "Temporal"}
	if !o.NoUI {
		parts = append(parts, "the Temporal UI")
	}
	if len(o.Hosts) > 0 {
		parts = append(parts, "the hosts")
	}
	return parts
}
