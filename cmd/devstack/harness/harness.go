package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/stack"
)

// roleVariable makes a test binary behave as another program. Tests get their
// servers from it without linking them a second time.
const roleVariable = "HARNESS_ROLE"

// Devstack is the role of the devstack command.
const Devstack = "devstack"

// Main is a TestMain with roles. It runs the tests, or what the process was
// started for by [Start] with a role: the dev stack, or one of others. It
// returns the exit code.
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

// Build builds the production binary into a folder and returns its file. The
// test must run in the folder of a package of the dev stack, as go test does.
func Build(t testing.TB, dir string, flags ...string) string {
	t.Helper()
	file := filepath.Join(dir, "shipments")
	args := append(append([]string{"build"}, flags...), "-o", file, "./cmd/shipments")
	cmd := exec.CommandContext(t.Context(), "go", args...) //nolint:gosec // the tests choose the flags
	cmd.Dir = filepath.Join("..", "..", "..")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return file
}
