// Command doccheck runs the commands of README.md and docs/*.md as they stand
// there, in their order, against one dev stack on its own ports, and checks what
// they print. It is run from the root of the repository:
//
//	go run ./docs/doccheck
//
// The info string of a fence decides what happens to its text:
//
//	sh devstack    starts the dev stack; once, in the first file
//	sh             is run, and must succeed
//	sh background  runs beside the blocks that follow, and must end by the end of its file
//	sh tests       is not run: .ci/run does that
//	text           every line must be in what the last sh block printed, apart from
//	               numbers, ids and the amount of white space
//	console, go, json, mermaid, yaml
//	               is not run
//
// Files:
//
//   - main.go: the documents, and what becomes of their blocks
//   - command.go: shells that run blocks
//   - stack.go: the dev stack
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "doccheck:", err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stdout, "The commands of the documents did what the documents say.")
}

// run checks all documents. The dev stack is stopped in any case.
func run(ctx context.Context) (err error) {
	documents, err := filepath.Glob("docs/*.md")
	if err != nil {
		return err
	}
	c := &checker{}
	defer func() {
		for _, shell := range c.background { // left over after an error
			err = errors.Join(err, end(shell))
		}
		err = errors.Join(err, c.stack.stop())
	}()
	for _, file := range append([]string{"README.md"}, documents...) {
		if err := c.document(ctx, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// checker runs the blocks of the documents, one after the other.
type checker struct {
	stack      stack
	last       string // what the last sh block printed
	background []*command
}

// fence matches a fenced block: its info string and its text.
var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func (c *checker) document(ctx context.Context, file string) error {
	text, err := os.ReadFile(file) //nolint:gosec // a document of this repository
	if err != nil {
		return err
	}
	c.last = ""
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		if err := c.block(ctx, block[1], block[2]); err != nil {
			return err
		}
	}
	return c.awaitBackground()
}

// unused are the info strings of blocks that are not run.
var unused = []string{"sh tests", "console", "go", "json", "mermaid", "yaml"}

func (c *checker) block(ctx context.Context, info, text string) error {
	switch {
	case slices.Contains(unused, info):
		return nil
	case info == "sh devstack":
		return c.stack.start(ctx, text)
	case info == "sh background":
		started, err := start(ctx, text)
		if err != nil {
			return err
		}
		c.background = append(c.background, started)
		time.Sleep(2 * time.Second) // Nothing shows that its subscription is there.
		return nil
	case info == "sh":
		shell, err := start(ctx, text)
		if err != nil {
			return err
		}
		<-shell.ended
		c.last = shell.output()
		return shell.failure()
	case info == "text":
		return c.printed(text)
	}
	return fmt.Errorf("a fence has the info string %q: the package comment of docs/doccheck lists the known ones", info)
}

// printed checks that the last sh block printed every line of a text.
func (c *checker) printed(text string) error {
	for line := range strings.Lines(text) {
		if !strings.Contains(mask(c.last), mask(line)) {
			return fmt.Errorf("this line was not printed:\n%s\nbut:\n%s", line, c.last)
		}
	}
	return nil
}

var (
	variable = regexp.MustCompile(`[0-9a-f]{32}|[0-9a-f-]{36}|[0-9]+`)
	blanks   = regexp.MustCompile(`\s+`)
)

// mask hides what differs from run to run.
func mask(s string) string {
	return strings.TrimSpace(blanks.ReplaceAllString(variable.ReplaceAllString(s, "#"), " "))
}

// awaitBackground waits for the background commands of a document.
func (c *checker) awaitBackground() error {
	for _, shell := range c.background {
		select {
		case <-shell.ended:
		case <-time.After(30 * time.Second):
			return fmt.Errorf("this did not end:\n%s\nprinted:\n%s", shell.text, shell.output())
		}
		if err := errors.Join(shell.failure(), checkStory(shell.output())); err != nil {
			return err
		}
	}
	c.background = nil
	return nil
}

// checkStory checks that a subscription showed the events of a successful shipment
// in their order.
func checkStory(output string) error {
	at := 0
	for _, event := range []string{"created", "accepted", "manifested", "documents-generated", "collection-booked", "completed"} {
		i := strings.Index(output[at:], `"shipments.`+event+`.`)
		if i < 0 {
			return fmt.Errorf("the subscription did not show %s in its place:\n%s", event, output)
		}
		at += i
	}
	return nil
}
