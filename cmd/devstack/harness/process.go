package harness

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Process is a running program. It is killed when the test ends, if it still
// runs then. Its methods are safe for concurrent use.
type Process struct {
	name   string
	cmd    *exec.Cmd
	out    chan string
	stderr tail
	// stopping is set when the test has asked the process to end.
	stopping atomic.Bool
	// ended is closed when the process has ended; err says how.
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
	// Log takes what the program prints to standard error; os.Stderr by default.
	Log io.Writer
	// MayEnd is set for a program that ends by itself.
	MayEnd bool
}

// Start starts a program in a temporary folder.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	name, env := o.Program, append(os.Environ(), o.Env...)
	if o.Role != "" {
		self, err := os.Executable()
		require.NoError(t, err)
		name, o.Program, env = o.Role, self, append(env, roleVariable+"="+o.Role)
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	p := &Process{
		name: name, out: make(chan string, 1000), ended: make(chan struct{}),
		cmd: exec.Command(o.Program, o.Args...), //nolint:gosec,noctx // Cleanup ends it
	}
	p.stopping.Store(o.MayEnd)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = t.TempDir(), env, io.MultiWriter(o.Log, &p.stderr)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go p.read(out)
	t.Cleanup(p.Kill)
	return p
}

// read passes the lines of standard output on, and waits for the end.
func (p *Process) read(out io.Reader) {
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		select {
		case p.out <- scanner.Text():
		default: // The program does not wait for a reader.
		}
	}
	close(p.out)
	p.err = p.cmd.Wait()
	close(p.ended)
}

// Lines are what the program prints to standard output. The channel is closed
// when it ends. Of the lines that are not read, a thousand are kept.
func (p *Process) Lines() <-chan string { return p.out }

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process at once, also while it is paused, and waits for that. It
// does nothing if the process has ended.
func (p *Process) Kill() {
	p.Signal(os.Kill)
	<-p.ended
}

// Signal sends a signal, if the process still runs.
func (p *Process) Signal(s os.Signal) {
	if s == os.Kill || s == os.Interrupt || s == syscall.SIGTERM {
		p.stopping.Store(true)
	}
	_ = p.cmd.Process.Signal(s) // The only error is that it has ended.
}

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

// Failure returns an error if the process has ended although the test has not
// asked it to: how it ended, and the last lines that it printed to standard error.
func (p *Process) Failure() error {
	select {
	case <-p.ended:
	default:
		return nil
	}
	if p.stopping.Load() {
		return nil
	}
	return p.end()
}

// end describes how a process ended that has ended.
func (p *Process) end() error {
	how := "exit code 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s has ended (%s). The end of its standard error:\n%s", p.name, how, p.stderr.String())
}
