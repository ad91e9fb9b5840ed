package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout is for the compilation of the Temporal server, too.
	startTimeout = 20 * time.Minute
	// maxStarts bounds how often a taken port is waited for.
	maxStarts = 6
)

// stack is the dev stack. The zero value has not been started.
type stack struct{ *command }

// start starts the dev stack and waits until it is ready. Its ports are in the
// range that systems also use for outgoing connections: one that is taken is
// waited for.
func (s *stack) start(ctx context.Context, text string) error {
	if s.command != nil {
		return errors.New("a second fence starts the dev stack: one is enough for all documents")
	}
	for attempt := 1; ; attempt++ {
		shell, err := start(ctx, text)
		if err != nil {
			return err
		}
		if awaitReady(shell) {
			s.command = shell
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == maxStarts || !strings.Contains(shell.output(), "address already in use") {
			return errors.Join(fmt.Errorf("the dev stack did not start:\n%s", shell.output()), end(shell))
		}
		time.Sleep(10 * time.Second)
	}
}

// awaitReady waits for the last line of the banner. It returns false if the dev
// stack ends, or takes too long.
func awaitReady(shell *command) bool {
	deadline := time.After(startTimeout)
	for !strings.Contains(shell.output(), "Ctrl-C stops it.") {
		select {
		case <-shell.ended:
			return false
		case <-deadline:
			return false
		case <-time.After(200 * time.Millisecond):
		}
	}
	return true
}

// stop stops the dev stack as Ctrl-C does, and expects it to end cleanly.
func (s *stack) stop() error {
	if s.command == nil {
		return nil
	}
	if err := s.signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("the dev stack has ended by itself: %w\n%s", err, s.output())
	}
	select {
	case <-s.ended: // The exit code of "go run" is 1 after Ctrl-C, whatever its program's is.
	case <-time.After(10 * time.Second):
		return errors.Join(errors.New("the dev stack did not stop within 10 seconds"), end(s.command))
	}
	if out := s.output(); !strings.Contains(out, "Stopping.") || strings.Contains(out, "devstack: ") {
		return fmt.Errorf("the dev stack did not stop cleanly:\n%s", out)
	}
	return nil
}

// end kills a command, if it still runs.
func end(shell *command) error {
	select {
	case <-shell.ended:
		return nil
	default:
		return shell.signal(syscall.SIGKILL)
	}
}
