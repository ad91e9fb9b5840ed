package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"shipments/hosts"
)

func newVersion() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, its commit and the Go version",
		Long: `Print the version of the program, the commit that it was built from and the Go
version, as the Go toolchain recorded them. The hosts report the same version in
/readyz, in their logs and in the names of their connections.`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, out := hosts.ReadVersion(), cmd.OutOrStdout()
			if asJSON {
				encoder := json.NewEncoder(out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(v)
			}
			fmt.Fprintf(out, "shipments %s\n", v.Version)
			if v.Commit != "" {
				modified := ""
				if v.Modified {
					modified = ", with changes"
				}
				fmt.Fprintf(out, "commit    %s, %s%s\n", v.Commit, v.CommitTime, modified)
			}
			fmt.Fprintf(out, "go        %s\n", v.Go)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
