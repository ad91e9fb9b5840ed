package harness_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
)

// The roles of programs that fail, and of one that runs until it is stopped.
const roleFails, roleRuns = "fails", "runs"

func TestMain(m *testing.M) {
	os.Exit(harness.Main(m.Run, map[string]func(context.Context, []string) error{
		roleFails: func(context.Context, []string) error {
			for i := range 10_000 {
				fmt.Fprintln(os.Stderr, "line", i)
			}
			return errors.New("no such luck")
		},
		roleRuns: func(ctx context.Context, _ []string) error {
			<-ctx.Done()
			return nil
		},
	}))
}

func TestProcessFailure(t *testing.T) {
	t.Run("a process that ends by itself", func(t *testing.T) {
		p := harness.Start(t, harness.Options{Role: roleFails, Log: io.Discard})
		require.Error(t, p.Wait())
		text := p.Failure().Error()
		require.Contains(t, text, "fails has ended (exit status 1)")
		require.True(t, strings.HasSuffix(text, "line 9999\nfails: no such luck\n"), text)
		require.Less(t, len(text), 10<<10)
	})
	t.Run("a process that may end", func(t *testing.T) {
		p := harness.Start(t, harness.Options{Role: roleFails, Log: io.Discard, MayEnd: true})
		require.Error(t, p.Wait())
		require.NoError(t, p.Failure())
	})
	t.Run("a process that is stopped", func(t *testing.T) {
		p := harness.Start(t, harness.Options{Role: roleRuns})
		require.NoError(t, p.Failure())
		p.Kill()
		require.NoError(t, p.Failure())
	})
}

func TestProcessBannerOfAStackThatDoesNotStart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	began := time.Now()
	p := harness.Start(t, harness.Options{Role: harness.Devstack, Log: io.Discard, Args: []string{
		"--ephemeral", "--hosts=none", "--nats-port=0", "--ui-port=0", fmt.Sprintf("--temporal-port=%d", listener.Addr().(*net.TCPAddr).Port),
	}})
	_, err = p.Banner()
	require.ErrorContains(t, err, "devstack has ended (exit status 1)")
	require.ErrorContains(t, err, "devstack: Temporal: listen tcp "+listener.Addr().String()+": bind: address already in use")
	require.Less(t, time.Since(began), 10*time.Second)
}
