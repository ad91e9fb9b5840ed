// Package stack runs NATS, Temporal, the Temporal UI and the hosts in one
// process, for development, demonstrations and end-to-end tests.
//
//	main.go      the command: flags, banner
//	stack.go     start and stop, in order
//	nats.go      the NATS server
//	temporal.go  the Temporal server
//	sqlite.go    its stores
//	ui.go        the Temporal UI
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"shipments/hosts"
)

// gcPercent lets the heap grow further between collections than Go's default of
// 100: the servers live on short-lived garbage, and a fifth of the processor
// went into collecting it. GOGC overrides it.
const gcPercent = 400

// TuneGC has the garbage of this process collected as it suits the stack, which
// runs in it, unless GOGC is set.
func TuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// Main is the devstack command. It runs until ctx is done.
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
otherwise; the hosts' other settings come from the environment too, but for the
addresses, the namespace and the credentials, which are those of the stack.`,
		Example: `  go run -C cmd/devstack .                       # everything, state kept in cmd/devstack/data
  go run -C cmd/devstack . --ephemeral           # everything, state forgotten
  go run -C cmd/devstack . --hosts none          # the servers alone
  go run -C cmd/devstack . --hosts consumer,api  # the servers and some hosts`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			named, err := namedHosts(hostList)
			if err != nil {
				return err
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
	f.IntVar(&options.NATSPort, "nats-port", 4222, "port of NATS; 0 picks a free one")
	f.IntVar(&options.TemporalPort, "temporal-port", 7233, "port of Temporal; 0 picks a free one")
	f.IntVar(&options.UIPort, "ui-port", 8080, "port of the Temporal UI; 0 picks a free one")
	f.StringVar(&options.HTTPAddr, "http-addr", "127.0.0.1:43210", "address of the HTTP API; port 0 picks a free one")
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

// run starts the stack, says what runs where, and waits for ctx to be done or
// for a host to fail.
func run(ctx context.Context, options Options, out io.Writer) error {
	s, err := Start(ctx, options)
	if err != nil {
		return err
	}
	if err := banner.Execute(out, s); err != nil {
		return errors.Join(err, s.Stop())
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "Stopping.")
	case <-s.Failed():
	}
	return s.Stop()
}

var banner = template.Must(template.New("banner").Parse(`
  Shipment dev stack

  HTTP API     http://{{.HTTPAddr}}
  Temporal UI  {{.UIURL}}
  NATS         {{.NATSURL}}
  Temporal     {{.TemporalAddress}} (namespace {{.Namespace}})
  Hosts        {{.HostNames}}
  State        {{.State}}
  Server logs  {{.Dir}}
  Process      {{.PID}}

  Try next, in another shell:

    curl -i -X POST http://{{.HTTPAddr}}/15916b8a5d11456f9934ed91c2bd82c0
    curl http://{{.HTTPAddr}}/15916b8a5d11456f9934ed91c2bd82c0
    nats --server {{.NATSURL}} sub 'shipments.>'

  Ctrl-C stops it.

`))
