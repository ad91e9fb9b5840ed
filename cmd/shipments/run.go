package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/kelseyhightower/envconfig"
	"github.com/spf13/cobra"

	"shipments/hosts"
)

func newRun() *cobra.Command {
	return &cobra.Command{
		Use:   "run [HOST...]",
		Short: "Run hosts: all of them, or those named",
		Long:  runHelp(),
		Example: `  shipments run                          # everything in one process
  shipments run consumer                 # one host, for its own deployment
  SHIPMENTS_EMULATION=true shipments run # demo: simulated carriers, ids that decide what happens`,
		ValidArgs: hosts.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := hosts.LoadConfig()
			if err != nil {
				return err
			}
			named, err := hosts.Named(args...)
			if err != nil {
				return err
			}
			log := hosts.NewLogger(config, os.Stderr)
			if err := hosts.Run(cmd.Context(), config, named, log); err != nil {
				return err
			}
			log.Info().Msg("Stopped")
			return nil
		},
	}
}

// runHelp lists the hosts and the variables from their tables.
func runHelp() string {
	var b strings.Builder
	b.WriteString("Run hosts against NATS and Temporal until SIGINT or SIGTERM, then drain and stop.\n\n" +
		"Servers that are not there yet are waited for. A server that cannot be used as it is\n" +
		"configured ends the start with exit code 69, a wrong environment variable with 78.\n\nHosts:\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, h := range hosts.All() {
		fmt.Fprintf(w, "  %s\t%s\n", h.Name, h.Summary)
	}
	_ = w.Flush() // Into memory.
	b.WriteString("\nEnvironment:\n")
	w = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	const format = "{{range .}}  {{usage_key .}}\t{{usage_description .}}{{with usage_default .}} ({{.}}){{end}}\n{{end}}"
	if err := envconfig.Usagef("", &hosts.Config{}, w, format); err != nil {
		fmt.Fprintf(&b, "  %v\n", err)
	}
	_ = w.Flush() // Into memory.
	return b.String()
}
