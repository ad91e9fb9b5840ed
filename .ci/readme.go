// Command readme runs the README's commands as they stand there, in their
// order, against the dev stack on its own ports, and checks what they print.
//
//	go run .ci/readme.go
//
// A block's info string says how it is run: "sh" is run and must succeed, "sh
// background" runs beside the next blocks and must have ended in the end, "sh
// devstack" starts the dev stack. Every line of the text block that follows
// commands must be in what they printed, numbers and ids aside.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	text, err := os.ReadFile("README.md")
	if err != nil {
		fail("%v", err)
	}
	r := &runner{}
	for _, block := range regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		r.block(block[1], block[2])
	}
	r.finish()
	fmt.Println("The README's commands did what it says.")
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "README: "+format+"\n", args...)
	stopStack()
	os.Exit(1)
}

type runner struct {
	last       string // what the last block printed
	background []*command
}

func (r *runner) block(info, text string) {
	switch info {
	case "sh devstack":
		startStack(text)
	case "sh background":
		r.background = append(r.background, start(text))
		time.Sleep(2 * time.Second) // Its subscription has nothing to show yet.
	case "sh":
		c := start(text)
		if <-c.ended; c.err != nil {
			fail("%v\n%s\nprinted:\n%s", c.err, text, c.output())
		}
		r.last = c.output()
	case "text":
		for line := range strings.Lines(text) {
			if want := mask(line); !strings.Contains(mask(r.last), want) {
				fail("this line was not printed:\n%s\nbut:\n%s", line, r.last)
			}
		}
	}
}

func (r *runner) finish() {
	for _, c := range r.background {
		select {
		case <-c.ended:
			if c.err != nil {
				fail("%v\n%s\nprinted:\n%s", c.err, c.text, c.output())
			}
			checkStory(c.output())
		case <-time.After(30 * time.Second):
			fail("this did not end:\n%s\nprinted:\n%s", c.text, c.output())
		}
	}
	stopStack()
}

// checkStory checks that a subscription showed the events in their order.
func checkStory(output string) {
	at := 0
	for _, event := range []string{"created", "accepted", "manifested", "documents-generated", "collection-booked", "completed"} {
		i := strings.Index(output[at:], `"shipments.`+event+`.`)
		if i < 0 {
			fail("the subscription did not show %s in its place:\n%s", event, output)
		}
		at += i
	}
}

var (
	variable = regexp.MustCompile(`[0-9a-f]{32}|[0-9a-f-]{36}|[0-9]+`)
	blanks   = regexp.MustCompile(`\s+`)
)

// mask hides what differs from run to run.
func mask(s string) string {
	return strings.TrimSpace(blanks.ReplaceAllString(variable.ReplaceAllString(s, "#"), " "))
}

// command is a shell that runs a block.
type command struct {
	*exec.Cmd

	text string
	mu   sync.Mutex
	out  bytes.Buffer

	ended chan struct{} // closed when it has ended, with err
	err   error
}

func start(text string) *command {
	fmt.Printf("--- %s\n", strings.TrimSpace(text))
	c := &command{Cmd: exec.Command("bash", "-euo", "pipefail", "-c", text), text: text}
	c.Stdout, c.Stderr = c, c
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		fail("%v\n%s", err, text)
	}
	c.ended = make(chan struct{})
	go func() {
		defer close(c.ended)
		c.err = c.Wait()
	}()
	return c
}

func (c *command) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	os.Stdout.Write(p)
	return c.out.Write(p)
}

func (c *command) output() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

var stack *command

// startStack starts the dev stack and waits for its banner. Its ports are in the
// range that systems also use for outgoing connections: one that is taken is
// waited for.
func startStack(text string) {
	for attempt := 1; ; attempt++ {
		stack = start(text)
		if awaitBanner() {
			return
		}
		if attempt == 6 || !strings.Contains(stack.output(), "address already in use") {
			fail("the dev stack did not start:\n%s", stack.output())
		}
		time.Sleep(10 * time.Second)
	}
}

// awaitBanner waits until the dev stack says that it runs; false if it ends.
func awaitBanner() bool {
	deadline := time.After(20 * time.Minute)
	for !strings.Contains(stack.output(), "Ctrl-C stops it.") {
		select {
		case <-stack.ended:
			return false
		case <-deadline:
			fail("the dev stack did not start in time:\n%s", stack.output())
		case <-time.After(200 * time.Millisecond):
		}
	}
	return true
}

// stopStack stops it as Ctrl-C does, and expects it to end by itself.
func stopStack() {
	if stack == nil {
		return
	}
	running := stack
	stack = nil
	_ = syscall.Kill(-running.Process.Pid, syscall.SIGINT)
	select {
	case <-running.ended: // "go run" says 1 after Ctrl-C, whatever its program says.
		if out := running.output(); !strings.Contains(out, "Stopping.") || strings.Contains(out, "devstack: ") {
			fail("the dev stack did not stop cleanly:\n%s", out)
		}
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-running.Process.Pid, syscall.SIGKILL)
		fail("the dev stack did not stop within 10 seconds")
	}
}
