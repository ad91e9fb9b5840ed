package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"shipments/activities/carriers"
	"shipments/activities/carriers/conformance"
)

func newCarrier() *cobra.Command {
	cmd := &cobra.Command{Use: "carrier", Short: "Work with carriers' systems"}
	cmd.AddCommand(newCarrierCheck())
	return cmd
}

func newCarrierCheck() *cobra.Command {
	var (
		options conformance.Options
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "check URL",
		Short: "Try every rule of the carrier API against a service",
		Long: `Try every rule of the carrier API against a service, and print a table of what
was seen and what would be right. docs/carriers.md and GET /openapi.yaml of the
carrier simulator describe the API.

The service manifests legs and books collections for it, whose shipment ids begin
with "check-": use a service for tests. It takes some fifty calls.

The exit code is 1 if a rule fails.`,
		Example: `  shipments carrier check http://127.0.0.1:43220
  shipments carrier check https://carrier.example/api --token "$TOKEN" --json`,
		Args: takes(1, 1, "the base URL of the service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			base, err := url.Parse(args[0])
			if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
				return fmt.Errorf("%q is not an http(s) URL: use one such as http://127.0.0.1:43220", args[0])
			}
			findings, err := conformance.Check(cmd.Context(), base, options)
			if err != nil {
				return err
			}
			if err := printFindings(cmd.OutOrStdout(), findings, asJSON); err != nil {
				return err
			}
			failed := 0
			for _, f := range findings {
				if f.Result == conformance.Failed {
					failed++
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d of %d rules failed", failed, len(findings))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&options.Token, "token", "", "bearer token; without it the rules about tokens are skipped")
	f.DurationVar(&options.Timeout, "timeout", carriers.DefaultTimeout, "how long each request may take")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printFindings(out io.Writer, findings []conformance.Finding, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(findings)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tRESULT\tSEEN\tRIGHT")
	for _, f := range findings {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Rule, f.Result, shortened(f.Seen), f.Right)
	}
	return table.Flush()
}

// shortened is a text of a size that fits into a column of a table.
func shortened(text string) string {
	if runes := []rune(text); len(runes) > 100 {
		return string(runes[:99]) + "…"
	}
	return text
}
