package hosts

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"go.temporal.io/sdk/log"
)

// NewLogger makes the logger that the configuration asks for: JSON lines, or
// text for people when out is a terminal.
func NewLogger(config Config, out *os.File) zerolog.Logger {
	var writer io.Writer = out
	if config.LogFormat == "console" || (config.LogFormat == "auto" && isatty.IsTerminal(out.Fd())) {
		writer = zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly, NoColor: !isatty.IsTerminal(out.Fd())}
	}
	level, err := zerolog.ParseLevel(config.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel // Config.Validate has complained.
	}
	return zerolog.New(writer).Level(level).With().Timestamp().Logger()
}

// temporalLog lets the Temporal SDK log through zerolog. What the SDK calls
// information (a worker started, a poller stopped) is detail to an operator.
type temporalLog struct{ log zerolog.Logger }

var (
	_ log.Logger     = temporalLog{}
	_ log.WithLogger = temporalLog{}
)

func (t temporalLog) Debug(msg string, keyvals ...any) { t.log.Trace().Fields(keyvals).Msg(msg) }
func (t temporalLog) Info(msg string, keyvals ...any)  { t.log.Debug().Fields(keyvals).Msg(msg) }
func (t temporalLog) Warn(msg string, keyvals ...any)  { t.log.Warn().Fields(keyvals).Msg(msg) }
func (t temporalLog) Error(msg string, keyvals ...any) { t.log.Error().Fields(keyvals).Msg(msg) }

// With returns a logger that adds the key-value pairs to every line.
func (t temporalLog) With(keyvals ...any) log.Logger {
	return temporalLog{t.log.With().Fields(keyvals).Logger()}
}
