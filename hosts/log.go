package hosts

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc/codes"
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
		level = zerolog.InfoLevel // Config.Validate has reported it.
	}
	return zerolog.New(writer).Level(level).With().Timestamp().Logger()
}

// temporalLog is the Temporal SDK's logger. What the SDK calls information (a
// worker started, a poller stopped) is detail to an operator, and so is what
// follows from an outage, which has a line of its own.
type temporalLog struct {
	log     zerolog.Logger
	outages outages
}

var (
	_ log.Logger     = temporalLog{}
	_ log.WithLogger = temporalLog{}
)

func (t temporalLog) Debug(msg string, keyvals ...any) { t.log.Trace().Fields(keyvals).Msg(msg) }
func (t temporalLog) Info(msg string, keyvals ...any)  { t.log.Debug().Fields(keyvals).Msg(msg) }

// Warn logs a warning.
func (t temporalLog) Warn(msg string, keyvals ...any) { t.trouble(zerolog.WarnLevel, msg, keyvals) }

// Error logs an error.
func (t temporalLog) Error(msg string, keyvals ...any) { t.trouble(zerolog.ErrorLevel, msg, keyvals) }

func (t temporalLog) trouble(level zerolog.Level, msg string, keyvals []any) {
	if t.outages.explain(keyvals) {
		level = zerolog.DebugLevel
	}
	t.log.WithLevel(level).Fields(keyvals).Msg(msg)
}

// With returns a logger that adds the key-value pairs to every line.
func (t temporalLog) With(keyvals ...any) log.Logger {
	return temporalLog{log: t.log.With().Fields(keyvals).Logger(), outages: t.outages}
}

// outages are the servers' outages.
type outages struct{ nats, temporal *outage }

// explain reports whether an error among key-value pairs follows from an outage
// that goes on.
func (o outages) explain(keyvals []any) bool {
	for _, value := range keyvals {
		if err, ok := value.(error); ok && ((o.nats.on.Load() && IsDisconnected(err)) || (o.temporal.on.Load() && isUnavailable(err))) {
			return true
		}
	}
	return false
}

// IsDisconnected reports whether an error is that of a lost connection to NATS.
func IsDisconnected(err error) bool {
	for _, lost := range []error{
		nats.ErrReconnectBufExceeded, nats.ErrDisconnected, nats.ErrConnectionReconnecting, nats.ErrStaleConnection,
		nats.ErrNoResponders, nats.ErrTimeout, context.DeadlineExceeded,
	} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

// isUnavailable reports whether an error is that of a Temporal that does not answer.
func isUnavailable(err error) bool {
	code := serviceerror.ToStatus(err).Code()
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}
