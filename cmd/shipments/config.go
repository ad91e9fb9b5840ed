package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"shipments/hosts"
)

// configReport is what `config check --json` and `config show --json` print.
type configReport struct {
	Valid bool `json:"valid"`
	// Wrong has what a start would end with, one line for each variable.
	Wrong []string `json:"wrong,omitempty"`
	// Warnings are about variables that are set and have no effect.
	Warnings []string      `json:"warnings,omitempty"`
	Values   []hosts.Value `json:"values,omitempty"`
}

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check and show the configuration, which is the environment",
	}
	cmd.AddCommand(newConfigCheck(), newConfigShow())
	return cmd
}

func newConfigCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [HOST...]",
		Short: "Check the configuration as a start of the hosts does; nothing is dialled",
		Long: `Check the configuration as a start of the named hosts does (all without names): values,
files, the carrier table, tokens. Nothing is dialled. What is risky is marked, which does
not change the exit code: it may be meant so.

Exit codes: 0 if the hosts would start, 1 if not.`,
		Example: `  shipments config check
  shipments config check consumer api`,
		ValidArgs: hosts.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := hosts.Named(args...)
			if err != nil {
				return err
			}
			report := examineConfig(run)
			report.Values = slices.DeleteFunc(report.Values, func(v hosts.Value) bool { return v.Risk == "" })
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), report)
			} else {
				err = report.write(cmd.OutOrStdout())
			}
			if err == nil && !report.Valid {
				return exitCodeError(exitFailure)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newConfigShow() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show every value with its source; secrets are masked",
		Long: `Show every value with its source: default, environment, file, the context of the nats
command, the profile of the temporal command, or derived from other values. Secrets are
masked; what is risky is marked. Nothing is dialled.`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report := examineConfig(nil)
			if !all && !asJSON {
				report.Values = slices.DeleteFunc(report.Values, func(v hosts.Value) bool { return v.Value == "" && v.Risk == "" })
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), report)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "VARIABLE\tVALUE\tSOURCE\tRISK")
			for _, v := range report.Values {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.Variable, dash(clipped(v.Value)), v.Source, v.Risk)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			report.Values = nil
			return report.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&all, "all", false, "show what is not set, too")
	return cmd
}

// examineConfig reads the configuration, and checks what a start of hosts checks before
// it dials anything.
func examineConfig(run []hosts.Host) configReport {
	config, err := hosts.LoadConfig()
	if err == nil {
		err = hosts.Check(config, run)
	}
	report := configReport{Valid: err == nil, Wrong: lines(err), Values: config.Values()}
	for _, w := range config.Warnings() {
		report.Warnings = append(report.Warnings, w.Text)
	}
	return report
}

// lines are the lines of an error; none without one.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	var wrong *hosts.ConfigError
	if errors.As(err, &wrong) {
		err = wrong.Err
	}
	return strings.Split(err.Error(), "\n")
}

func (r configReport) write(out io.Writer) error {
	var text strings.Builder
	for _, line := range r.Wrong {
		fmt.Fprintf(&text, "wrong    %s\n", line)
	}
	for _, line := range r.Warnings {
		fmt.Fprintf(&text, "warning  %s\n", line)
	}
	for _, v := range r.Values {
		fmt.Fprintf(&text, "risk     %s: %s\n", v.Variable, v.Risk)
	}
	if r.Valid {
		text.WriteString("The configuration is valid.\n")
	} else {
		text.WriteString("The configuration is not valid.\n")
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// clipped is a value that may be long, for a table.
func clipped(value string) string {
	const most = 60
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return value
}
