package stack

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
)

// lines is a writer that passes on what is written to it.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestStartAloudSaysWhatTakesLong(t *testing.T) {
	out := make(lines, 1)
	var said string
	s, err := startAloud(t.Context(), Options{Ephemeral: true, NoUI: true, Log: zerolog.Nop(), TuneTemporal: func(*config.Config, map[dynamicconfig.Key]any) {
		select { // The start goes on when the line is out.
		case said = <-out:
		case <-time.After(10 * quietStart):
		}
	}}, out)
	require.NoError(t, err)
	require.NoError(t, s.Stop())
	require.Equal(t, "Starting NATS, Temporal …\n", said)
}

func TestRunStoppedDuringTheStart(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var out bytes.Buffer
	err := run(ctx, Options{Ephemeral: true, NoUI: true, Log: zerolog.Nop(), TuneTemporal: func(*config.Config, map[dynamicconfig.Key]any) { stop() }}, &out)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(out.String(), "Stopped.\n"), out.String())
}
