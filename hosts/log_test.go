package hosts_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/hosts"
)

// What others chose cannot look like another line of the log, nor steer a terminal.
func TestLogIsNotForged(t *testing.T) {
	t.Parallel()
	const hostile = "1abc\n{\"level\":\"error\",\"message\":\"forged\"}\r\x1b[2J\x1b]0;title\x07\u202e\u2028forged"
	for _, format := range []string{"json", "console"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			file, err := os.Create(filepath.Join(t.TempDir(), "log"))
			require.NoError(t, err)
			log := hosts.NewLogger(hosts.Config{LogFormat: format, LogLevel: "info"}, file)
			log.Info().Str("shipment", hostile).Strs("carriers", []string{hostile}).Bytes("data", []byte(hostile)).
				Err(errors.New(hostile)).Interface("detail", map[string]string{hostile: hostile}).Msg("Rejected")
			require.NoError(t, file.Close())
			text, err := os.ReadFile(file.Name())
			require.NoError(t, err)
			require.Equal(t, 1, strings.Count(string(text), "\n"), "%q", text)
			for _, control := range []string{"\r", "\x1b", "\x07"} {
				require.NotContains(t, strings.TrimSuffix(string(text), "\n"), control)
			}
		})
	}
}
