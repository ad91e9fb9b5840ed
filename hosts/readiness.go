package hosts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"shipments/api"
	"shipments/api/presence"
)

// tolerance is how long a host may be unable to do its work before the process
// is not ready. A shorter failure passes by itself, and taking all processes out of
// service for it would make it worse.
const tolerance = 30 * time.Second

// loopError is why a loop cannot do its work, in words, and since when; the zero
// time means that it has not worked yet. The zero value means that it works.
type loopError struct {
	why   string
	since time.Time
}

// loops has what the loops of a process say of themselves. Readiness follows
// them, and not a probe of the servers: a server may answer a probe and refuse
// all that a loop asks for. It is safe for concurrent use.
type loops struct {
	mu         sync.Mutex
	loopErrors map[string]func() loopError // by the name of a host, or of what hosts have in common
	warnings   map[string]string           // by subject
}

// follow has a loop asked, in place of what was asked before under its name.
func (l *loops) follow(name string, say func() loopError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loopErrors == nil {
		l.loopErrors = map[string]func() loopError{}
	}
	l.loopErrors[name] = say
}

// warn sets the warning on a subject, or takes it back with an empty text. It
// reports whether that changed anything.
func (l *loops) warn(subject, text string) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.warnings[subject] == text {
		return false
	}
	if l.warnings == nil {
		l.warnings = map[string]string{}
	}
	l.warnings[subject] = text
	if text == "" {
		delete(l.warnings, subject)
	}
	return true
}

// The subjects of warnings.
const (
	subjectSearchAttributes = "search attributes"
	subjectJetStream        = "settings in JetStream"
)

// countWarnings counts the warnings on each subject.
func (l *loops) countWarnings() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[string]int{subjectSearchAttributes: 0, subjectJetStream: 0}
	for subject := range l.warnings {
		counts[subject] = 1
	}
	return counts
}

// ask asks all loops.
func (l *loops) ask() map[string]loopError {
	l.mu.Lock()
	defer l.mu.Unlock()
	loopErrors := map[string]loopError{}
	for name, say := range l.loopErrors {
		loopErrors[name] = say()
	}
	return loopErrors
}

// readiness asks all loops. The process is ready if each has worked, and none has
// been unable to for longer than tolerance.
func (l *loops) readiness() api.Readiness {
	loopErrors := l.ask()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := api.Readiness{Ready: true, Checks: map[string]string{}}
	var why []string
	for _, name := range slices.Sorted(maps.Keys(loopErrors)) {
		t := loopErrors[name]
		r.Checks[name] = t.String()
		if t.lasts() {
			r.Ready = false
			why = append(why, name+": "+t.String())
		}
	}
	r.Why = strings.Join(why, "; ")
	for _, subject := range slices.Sorted(maps.Keys(l.warnings)) {
		r.Warnings = append(r.Warnings, l.warnings[subject])
	}
	return r
}

// lasts reports whether there is an error that is not expected to pass by itself.
func (t loopError) lasts() bool { return t.why != "" && time.Since(t.since) > tolerance }

// String is "ok", or what is wrong in one line.
func (t loopError) String() string {
	if t.why == "" {
		return "ok"
	}
	line := strings.Join(strings.Fields(t.why), " ")
	if t.since.IsZero() {
		return line
	}
	return fmt.Sprintf("%s (for %s)", line, time.Since(t.since).Round(time.Second))
}

// presence is what the process says of itself to the others.
func (rt *runtime) presence() presence.Process {
	readiness := rt.loops.readiness()
	return presence.Process{
		Name: rt.name, Version: rt.about.Version, Hosts: rt.about.Hosts, Started: rt.started, Ready: readiness.Ready, Why: readiness.Why,
	}
}

// starting is the error of hosts that wait for servers.
func (rt *runtime) starting() loopError {
	if reasons := rt.waits.reasons(); reasons != "" {
		return loopError{why: "not started yet: " + reasons}
	}
	return loopError{why: "not started yet"}
}

// publishing is the error of what stores events.
func (rt *runtime) publishing() loopError {
	since, err := rt.publisher.Failing()
	if err == nil {
		return loopError{}
	}
	return loopError{why: "JetStream does not store events, its disk may be full: " + err.Error(), since: since}
}
