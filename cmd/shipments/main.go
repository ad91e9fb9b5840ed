package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // Minimal images have no time zones of their own.

	"shipments/hosts"
)

// The exit codes of all commands; exitCodeError has those of single commands.
// The numbers above 64 are those of sysexits.h.
const (
	exitFailure  = 1
	exitUnusable = 69 // EX_UNAVAILABLE
	exitConfig   = 78 // EX_CONFIG
)

// exitHelp describes the exit codes.
const exitHelp = `Exit codes:
  0   success
  1   failure; standard error says which: wrong arguments, no server that answers, …
  69  a server cannot be used as it is configured, which no waiting changes
  78  an environment variable is not set, or wrong
"shipments status" and "shipments streams check" have some of their own.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs the command that the arguments name and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var (
		code     exitCodeError
		config   *hosts.ConfigError
		unusable *hosts.UnusableError
	)
	if errors.As(err, &code) {
		return int(code)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "shipments:", err)
	switch {
	case errors.As(err, &config):
		return exitConfig
	case errors.As(err, &unusable):
		return exitUnusable
	}
	return exitFailure
}

// exitCodeError ends a command with a code. The command has printed its result.
type exitCodeError int

func (c exitCodeError) Error() string { return fmt.Sprintf("exit code %d", int(c)) }
