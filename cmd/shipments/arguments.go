package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"shipments/hosts"
	"shipments/shipment"
)

// What is wrong with a command line is said in one line: what, what was
// expected, and the nearest name that exists.

// commandError is the error of a command that needs one of its commands.
func commandError(cmd *cobra.Command, args []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	list := strings.Join(names, ", ")
	if len(args) == 0 {
		return fmt.Errorf("%s needs a command: use one of %s", cmd.CommandPath(), list)
	}
	if nearest := hosts.Nearest(args[0], names); nearest != "" {
		return fmt.Errorf("%s has no command %q: did you mean %s?", cmd.CommandPath(), args[0], nearest)
	}
	return fmt.Errorf("%s has no command %q: use one of %s", cmd.CommandPath(), args[0], list)
}

// takes checks the number of arguments of a command. what describes one.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s needs %s: use %s", cmd.CommandPath(), what, cmd.UseLine())
		case len(args) > most:
			return fmt.Errorf("%s has an argument too many, %q: use %s", cmd.CommandPath(), args[most], cmd.UseLine())
		}
		return nil
	}
}

// takesNone is for commands without arguments.
func takesNone(cmd *cobra.Command, args []string) error { return takes(0, 0, "")(cmd, args) }

// flagError is the error of a flag that cannot be parsed.
func flagError(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); len(args) > 0 && cmd.HasSubCommands() {
		return commandError(cmd, args) // The flag is that of a misspelt command.
	}
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown.GetSpecifiedName())
	case errors.As(err, &missing):
		return fmt.Errorf("--%s needs a value: use %s", missing.GetFlag().Name, valueOf(missing.GetFlag()))
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s cannot be %q: use %s", invalid.GetFlag().Name, invalid.GetValue(), valueOf(invalid.GetFlag()))
	}
	return err
}

func unknownFlag(cmd *cobra.Command, name string) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if nearest := hosts.Nearest(name, names); nearest != "" {
		return fmt.Errorf("%s has no flag %q: did you mean --%s?", cmd.CommandPath(), name, nearest)
	}
	return fmt.Errorf("%s has no flag %q: %q lists its flags", cmd.CommandPath(), name, cmd.CommandPath()+" --help")
}

// valueOf describes the values of a flag.
func valueOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "duration":
		return "a duration such as 5s"
	case "bool":
		return "true or false"
	case "float64":
		return "a number such as 2.5"
	case "string", "stringSlice":
		return "a text"
	default:
		return "a whole number"
	}
}

func checkIDs(ids ...string) error {
	for _, id := range ids {
		if !shipment.ValidID(id) {
			return fmt.Errorf("%q is not a shipment id, which has %s", id, shipment.IDRule)
		}
	}
	return nil
}
