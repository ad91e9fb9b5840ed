package harness

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Banner waits until a dev stack is ready, and returns the addresses that it
// prints by their names: "HTTP API", "Admin", "NATS", "Temporal" and "Temporal UI". If it
// ends before, the error has the lines that it printed to standard error last.
func (p *Process) Banner() (addresses map[string]string, err error) {
	addresses = map[string]string{}
	for line := range p.Lines() {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Ready") {
			return addresses, nil
		}
		name, rest, _ := strings.Cut(line, "  ")
		if fields := strings.Fields(rest); len(fields) > 0 && slices.Contains([]string{"HTTP API", "Admin", "NATS", "Temporal", "Temporal UI"}, name) {
			addresses[name] = fields[0]
		}
	}
	<-p.ended
	return nil, p.end()
}

// Addresses is [Process.Banner] for a test that needs the stack.
func (p *Process) Addresses(t testing.TB) map[string]string {
	t.Helper()
	addresses, err := p.Banner()
	require.NoError(t, err)
	return addresses
}
