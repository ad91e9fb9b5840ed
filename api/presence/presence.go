package presence

import (
	"context"
	"encoding/json"
	"time"

	"github.com/nats-io/nats.go"

	"shipments/activities/pace"
)

// Subjects are those that processes say it on, by core NATS:
//
//	nats sub 'shipments-hosts.*'
const Subjects = prefix + "*"

const prefix = "shipments-hosts."

// Subject is that of a process whose first host has a name. It has no more rights
// than that host.
func Subject(host string) string { return prefix + host }

const (
	// interval is the time between two messages of a process.
	interval = 5 * time.Second
	// changeInterval is how often it looks whether it is still as ready as before.
	changeInterval = time.Second
)

// Process is what a process says of itself.
type Process struct {
	// Name tells it from all others: process id and machine.
	Name    string `json:"name"`
	Version string `json:"version"`
	// Hosts are what it runs, in order; at least one.
	Hosts   []string  `json:"hosts"`
	Started time.Time `json:"started"`
	Ready   bool      `json:"ready"`
	// Why is why it is not ready, in one line.
	Why string `json:"why,omitempty"`
	// Stopped is set in the last message.
	Stopped bool `json:"stopped,omitempty"`
}

// Tell says what now returns, every five seconds and within one of a change of whether
// it is ready, until ctx is done, and then that the process stops. While there is no
// connection it says nothing.
func Tell(ctx context.Context, nc *nats.Conn, now func() Process) {
	var said time.Time
	var wasReady bool
	for {
		p := now()
		if p.Ready != wasReady || time.Since(said) >= interval {
			tell(nc, p)
			said, wasReady = time.Now(), p.Ready
		}
		if !pace.Sleep(ctx, changeInterval) {
			break
		}
	}
	last := now()
	last.Stopped = true
	tell(nc, last)
}

func tell(nc *nats.Conn, p Process) {
	if !nc.IsConnected() {
		return // It would be sent later, when it is no longer true.
	}
	text, err := json.Marshal(p)
	if err == nil {
		_ = nc.Publish(Subject(p.Hosts[0]), text) // The next message follows soon.
	}
}
