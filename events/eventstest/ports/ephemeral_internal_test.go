package ports

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, last, from, to int
	}{
		{32768, 60999, 20000, 30000}, // Linux
		{49152, 65535, 20000, 30000}, // IANA, macOS, Windows
		{16000, 65535, 10000, 16000},
		{1024, 60999, 61000, 65536},
		{1024, 65535, 20000, 30000},
	} {
		t.Run(fmt.Sprintf("the system chooses from %d to %d", c.first, c.last), func(t *testing.T) {
			t.Parallel()
			from, to := candidates(c.first, c.last)
			require.Equal(t, [2]int{c.from, c.to}, [2]int{from, to})
		})
	}
}

func TestEphemeralHoldsThePortsThatTheSystemChooses(t *testing.T) {
	t.Parallel()
	first, last := ephemeral()
	for range 20 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = listener.Close() })
		chosen := listener.Addr().(*net.TCPAddr).Port
		require.True(t, first <= chosen && chosen <= last, "%d is not within %d to %d", chosen, first, last)
	}
}
