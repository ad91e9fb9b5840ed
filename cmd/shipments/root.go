package main

import (
	"github.com/spf13/cobra"

	"shipments/hosts"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "shipments",
		Short: "Shipment process manager: NATS JetStream events in, durable Temporal processes, events out",
		Long: `Shipment process manager: NATS JetStream events in, durable Temporal processes, events out.

The configuration is the environment; "shipments run --help" lists the variables.

` + exitHelp,
		Version:       hosts.ReadVersion().Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newRun(), newPublish(), newStatus(), newWhy(), newDoctor(), newConfig(), newWatch(), newList(), newCancel(), newRebook(), newRejected(), newStreams(), newNATS(),
		newCodec(), newToken(), newLoadtest(), newHealthcheck(), newCarrier(), newCarrierSimulator(), newVersion())
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetFlagErrorFunc(flagError)
	needCommands(root)
	return root
}

// needCommands makes a command that has others fail without one of them: cobra
// would print its help and succeed.
func needCommands(cmd *cobra.Command) {
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return commandError(cmd, args) }
	}
	for _, c := range cmd.Commands() {
		needCommands(c)
	}
}

// newHelp makes the help command, which fails for an unknown command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Describe a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			described, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 && described.HasSubCommands() {
				return commandError(described, rest)
			}
			return described.Help()
		},
	}
}
