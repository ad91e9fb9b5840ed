package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// command is a shell that runs a block. It is a process group of its own, which
// is killed when the context ends.
type command struct {
	*exec.Cmd

	text string
	mu   sync.Mutex
	out  bytes.Buffer

	ended chan struct{} // closed when it has ended, with err
	err   error
}

// start starts a shell. What it prints is printed here too.
func start(ctx context.Context, text string) (*command, error) {
	fmt.Fprintf(os.Stdout, "--- %s\n", strings.TrimSpace(text))
	c := &command{Cmd: exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text), text: text} //nolint:gosec // what the documents say
	c.Stdout, c.Stderr = c, c
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return c.signal(syscall.SIGKILL) }
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	c.ended = make(chan struct{})
	go func() {
		defer close(c.ended)
		c.err = c.Wait()
	}()
	return c, nil
}

// signal sends a signal to the process group.
func (c *command) signal(s syscall.Signal) error { return syscall.Kill(-c.Process.Pid, s) }

// Write takes what the command prints.
func (c *command) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = os.Stdout.Write(p)
	return c.out.Write(p)
}

func (c *command) output() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

// failure is why a command that has ended has failed.
func (c *command) failure() error {
	if c.err == nil {
		return nil
	}
	return fmt.Errorf("%w\n%s\nprinted:\n%s", c.err, c.text, c.output())
}
