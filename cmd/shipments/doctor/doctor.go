package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"shipments/hosts"
)

// State is the result of a check.
type State string

// The states.
const (
	OK State = "ok"
	// Warning: the hosts can work, and something is not as it should be.
	Warning State = "warning"
	// Failed: a host cannot do its work.
	Failed State = "failed"
	// Skipped: it could not be tried, most often because of an earlier failure.
	Skipped State = "skipped"
)

// Check is the result of one check.
type Check struct {
	Name  string `json:"check"`
	State State  `json:"state"`
	Found string `json:"found"`
	// Remedy is what to do about it; empty for OK.
	Remedy string `json:"remedy,omitempty"`
}

// Patient is what is examined.
type Patient struct {
	Config hosts.Config
	// NATS and JetStream are nil if NATS cannot be connected to, for NATSError.
	NATS      *nats.Conn
	JetStream jetstream.JetStream
	NATSError error
	Temporal  client.Client
	// Roles are those whose permissions are compared; see package permissions.
	Roles []string
	// Timeout bounds each check; 0 means 5 s.
	Timeout time.Duration
}

// Healthy reports whether nothing has failed.
func Healthy(checks []Check) bool {
	for _, c := range checks {
		if c.State == Failed {
			return false
		}
	}
	return true
}

// Examine makes all checks.
func Examine(ctx context.Context, p Patient) []Check {
	if p.Timeout <= 0 {
		p.Timeout = 5 * time.Second
	}
	e := &examination{Patient: p, ctx: ctx}
	e.nats()
	e.temporal()
	e.carriers()
	e.publicURL()
	e.admin()
	return e.checks
}

type examination struct {
	Patient

	ctx    context.Context
	checks []Check
	rights *rights // of the user of NATS; nil if they are not known, or it may do everything
}

func (e *examination) add(name string, state State, found, remedy string) {
	e.checks = append(e.checks, Check{name, state, found, remedy})
}

func (e *examination) ok(name, format string, args ...any) {
	e.add(name, OK, fmt.Sprintf(format, args...), "")
}

// skip notes that checks could not be made.
func (e *examination) skip(why string, names ...string) {
	for _, name := range names {
		e.add(name, Skipped, why, "")
	}
}

// within bounds one question.
func (e *examination) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.ctx, e.Timeout)
}

// maxSkew is how far two clocks may be apart. Times of events and log lines are
// compared by people; deadlines are each counted by one clock.
const maxSkew = 2 * time.Second

// clock compares a server's clock with this host's, by a time that the server gave
// between two moments here.
func (e *examination) clock(name string, server, before, after time.Time) {
	half := after.Sub(before) / 2
	skew := server.Sub(before.Add(half)).Round(time.Millisecond)
	found := fmt.Sprintf("it differs by %s from the clock here (to within %s)", skew, half.Round(time.Millisecond))
	if skew.Abs() > maxSkew+half {
		e.add(name, Warning, found, "have both clocks set by NTP: times in events, logs and traces cannot be compared otherwise")
		return
	}
	e.ok(name, "%s", found)
}
