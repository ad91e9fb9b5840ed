// Package harness runs programs as processes of their own, for tests that
// kill, pause and restart them.
package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/stack"
	"shipments/shipment/sample"
)

// roleVariable makes a test binary behave as another program, so that a test
// has servers to kill without their being linked a second time.
const roleVariable = "HARNESS_ROLE"

// Devstack is the role of the devstack command.
const Devstack = "devstack"

// Main is a TestMain with roles: it runs the tests, unless the process was
// started by [Start] to be something else. Every binary can be a dev stack;
// others adds to that. It returns the exit code.
func Main(tests func() int, others map[string]func(ctx context.Context, args []string) error) int {
	role := os.Getenv(roleVariable)
	if role == "" {
		return tests()
	}
	behave := others[role]
	if role == Devstack {
		behave = func(ctx context.Context, args []string) error { return stack.Main(ctx, args, os.Stdout, os.Stderr) }
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := behave(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		return 1
	}
	return 0
}

// Build builds the production binary into a folder and returns its file.
func Build(t testing.TB, dir string, flags ...string) string {
	t.Helper()
	file := filepath.Join(dir, "shipments")
	cmd := exec.CommandContext(t.Context(), "go", append(append([]string{"build"}, flags...), "-o", file, "./cmd/shipments")...) //nolint:gosec // the tests say which
	cmd.Dir = filepath.Join("..", "..", "..")                                                                                    // the tests of a package of the dev stack run there
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return file
}

// Process is a running program. It is killed when the test ends, if it runs.
type Process struct {
	cmd *exec.Cmd
	out chan string
	// ended is closed when the process has ended, as err says.
	ended chan struct{}
	err   error
}

// Options are how a program is started.
type Options struct {
	// Role runs the test binary itself in a role, instead of Program.
	Role    string
	Program string
	Args    []string
	// Env is added to the environment of the test.
	Env []string
	// Log takes what the program prints to standard error; os.Stderr without it.
	Log *os.File
}

// Start starts a program in a temporary folder.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	env := append(os.Environ(), o.Env...)
	if o.Role != "" {
		self, err := os.Executable()
		require.NoError(t, err)
		o.Program, env = self, append(env, roleVariable+"="+o.Role)
	}
	p := &Process{cmd: exec.Command(o.Program, o.Args...), out: make(chan string, 1000), ended: make(chan struct{})} //nolint:gosec,noctx // Cleanup ends it
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = t.TempDir(), env, os.Stderr
	if o.Log != nil {
		p.cmd.Stderr = o.Log
	}
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			select {
			case p.out <- scanner.Text():
			default: // Nobody reads, and the program shall not wait for that.
			}
		}
		close(p.out)
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.Kill)
	return p
}

// Lines are what the program prints to standard output. The channel is closed
// when it ends; what nobody reads is dropped after a thousand lines.
func (p *Process) Lines() <-chan string { return p.out }

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process at once, paused or not. It does nothing if it has ended.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // The only error is that it has ended.
	<-p.ended
}

// Signal sends a signal, if the process still runs.
func (p *Process) Signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// Pause stops the process until Resume.
func (p *Process) Pause() { p.Signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (p *Process) Resume() { p.Signal(syscall.SIGCONT) }

// Terminate asks the process to stop, and returns how it ended: nil for exit
// code 0.
func (p *Process) Terminate(with os.Signal) error {
	p.Signal(with)
	return p.Wait()
}

// Wait waits for the process to end, and returns how: nil for exit code 0.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// Addresses reads the banner of a dev stack: address by name, such as "NATS".
func (p *Process) Addresses(t testing.TB) map[string]string {
	t.Helper()
	addresses := map[string]string{}
	for line := range p.Lines() {
		for _, name := range []string{"HTTP API", "NATS", "Temporal", "Temporal UI"} {
			rest, found := strings.CutPrefix(strings.TrimSpace(line), name+"  ")
			if fields := strings.Fields(rest); found && len(fields) > 0 {
				addresses[name] = fields[0]
			}
		}
		if strings.Contains(line, "Ctrl-C") {
			break
		}
	}
	require.Len(t, addresses, 4, "the banner is incomplete")
	return addresses
}

// CarrierTable writes a table of the demo's carriers, whose systems are at a
// URL, with settings added to each, and returns its file.
func CarrierTable(t testing.TB, url string, settings map[string]any) string {
	t.Helper()
	var entries []map[string]any
	for _, c := range sample.Carriers() {
		entry := map[string]any{
			"id": c.ID, "name": c.Name, "url": url, "booking": map[string]any{"opens": c.Booking.Opens, "cutOff": c.Booking.CutOff},
		}
		maps.Copy(entry, settings)
		entries = append(entries, entry)
	}
	text, err := json.Marshal(map[string]any{"carriers": entries})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "carriers.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}
