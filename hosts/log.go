package hosts

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc/codes"

	"shipments/shipment"
	"shipments/workflows"
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
	log zerolog.Logger
	// host is the worker host, or the hosts of the process; empty in a command.
	host    string
	outages outages
}

var (
	_ log.Logger     = temporalLog{}
	_ log.WithLogger = temporalLog{}
)

func (t temporalLog) Debug(msg string, keyvals ...any) { t.line(zerolog.TraceLevel, msg, keyvals) }
func (t temporalLog) Info(msg string, keyvals ...any)  { t.line(zerolog.DebugLevel, msg, keyvals) }

// Warn logs a warning.
func (t temporalLog) Warn(msg string, keyvals ...any) { t.write(zerolog.WarnLevel, msg, keyvals) }

// Error logs an error.
func (t temporalLog) Error(msg string, keyvals ...any) { t.write(zerolog.ErrorLevel, msg, keyvals) }

func (t temporalLog) write(level zerolog.Level, msg string, keyvals []any) {
	if t.outages.explain(keyvals) {
		level = zerolog.DebugLevel
	}
	t.line(level, msg, keyvals)
}

func (t temporalLog) line(level zerolog.Level, msg string, keyvals []any) {
	if id := shipment.OfProcess(valueOf(keyvals, "WorkflowID")); id != "" {
		keyvals = append(slices.Clip(keyvals), "shipment", id)
	}
	if t.host != "" {
		keyvals = append(slices.Clip(keyvals), "host", t.host)
	}
	t.log.WithLevel(level).Fields(keyvals).Msg(msg)
}

// With returns a logger that adds the key-value pairs to every line. It adds the
// shipment of a workflow, and the host of a task queue.
func (t temporalLog) With(keyvals ...any) log.Logger {
	fields := t.log.With().Fields(keyvals)
	if id := shipment.OfProcess(valueOf(keyvals, "WorkflowID")); id != "" {
		fields = fields.Str("shipment", id)
	}
	if host := hostsByQueue[valueOf(keyvals, "TaskQueue")]; host != "" {
		t.host = host
	}
	t.log = fields.Logger()
	return t
}

// valueOf is a text among key-value pairs; empty if it is not there.
func valueOf(keyvals []any, key string) string {
	for i := 0; i+1 < len(keyvals); i += 2 {
		if keyvals[i] == key {
			value, _ := keyvals[i+1].(string)
			return value
		}
	}
	return ""
}

// hostsByQueue are the worker hosts.
var hostsByQueue = func() map[string]string {
	m := map[string]string{}
	for _, w := range workflows.Workers() {
		m[w.Queue] = w.Host
	}
	return m
}()

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
