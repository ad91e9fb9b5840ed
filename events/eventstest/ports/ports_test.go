package ports_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events/eventstest/ports"
)

// holdVariable makes the test binary a program that holds as many ports as its value
// says, prints them, and ends with its standard input.
const holdVariable = "PORTS_TEST_HOLD"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(holdVariable)); err == nil {
		os.Exit(holdMany(n))
	}
	os.Exit(m.Run())
}

func holdMany(n int) int {
	for range n {
		port, err := ports.Hold()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(port.Number())
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func TestHoldSeveralProcesses(t *testing.T) {
	t.Parallel()
	// Without a lock, two of these processes would certainly choose the same port.
	const processes, each = 5, 200
	self, err := os.Executable()
	require.NoError(t, err)
	var outputs []*bufio.Scanner
	for range processes {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, self)
		cmd.Env = append(os.Environ(), holdVariable+"="+strconv.Itoa(each))
		cmd.Stderr = os.Stderr
		_, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { cancel(); _ = cmd.Wait() })
		outputs = append(outputs, bufio.NewScanner(out))
	}
	held := map[string]bool{}
	for _, out := range outputs {
		for range each {
			require.True(t, out.Scan(), "a process ended")
			require.False(t, held[out.Text()], "two processes hold port %s", out.Text())
			held[out.Text()] = true
		}
	}
}

// Not parallel: a process that another test is starting has a copy of the listener
// until it executes its program, and the address would still be in use.
func TestHoldServerThatComesBack(t *testing.T) {
	port, err := ports.Hold()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, port.Release()) })
	for range 3 {
		listener, err := net.Listen("tcp", port.Address())
		require.NoError(t, err)
		require.Equal(t, port.Number(), listener.Addr().(*net.TCPAddr).Port)
		require.ErrorContains(t, ports.Free(port.Address()), "address already in use")
		require.NoError(t, listener.Close())
		require.NoError(t, ports.Free(port.Address()))
	}
}
