package main

import (
	"strings"

	"github.com/spf13/cobra"

	"shipments/hosts/permissions"
)

func newNATS() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "nats",
		Short: "Print what each role may do in NATS",
	}
	var (
		roles   []string
		format  string
		options permissions.Options
	)
	table := &cobra.Command{
		Use:   "permissions",
		Short: "Print the least permissions of roles, for the configuration of nats-server",
		Long: `Print the subjects that each role may publish and subscribe to, which is what its
work needs and no more. It asks no server.

Without --role it prints each role. Hosts that run in one process share one user: name
all of them, and the role printed may do what each of them may. So do the stages that
SHIPMENTS_CHILD_WORKFLOWS leaves inline: "--role orchestrator,documents" is for an
orchestrator that generates documents itself.

Roles: ` + strings.Join(permissions.Names(), ", ") + `.`,
		Example: `  shipments nats permissions > shipments-permissions.conf  # for "include" in nats-server's configuration
  shipments nats permissions --role api --format nsc
  shipments nats permissions --role subscriber --durable warehouse`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			printed := permissions.Roles(options)
			if len(roles) > 0 {
				role, err := permissions.Named(options, roles...)
				if err != nil {
					return err
				}
				printed = []permissions.Role{role}
			}
			return permissions.Print(cmd.OutOrStdout(), format, printed)
		},
	}
	table.Flags().StringSliceVar(&roles, "role", nil, "roles that one user has together; each role by itself by default")
	table.Flags().StringVar(&format, "format", "conf", "one of "+strings.Join(permissions.Formats(), ", "))
	table.Flags().StringVar(&options.Durable, "durable", "subscriber", "name of the durable consumer of the subscriber role")
	table.Flags().StringVar(&options.Domain, "js-domain", "", "JetStream domain, as NATS_JS_DOMAIN of the hosts")
	cmd.AddCommand(table)
	return cmd
}
