package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "vulnerabilities":
		return checkVulnerabilities(ctx, args[1])
	case len(args) == 1 && args[0] == "reproducible":
		return checkReproducible(ctx)
	case len(args) == 2 && args[0] == "sbom":
		return writeSBOM(ctx, args[1])
	}
	return errors.New("use vulnerabilities DATABASE, reproducible, or sbom FILE")
}
