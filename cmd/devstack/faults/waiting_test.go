package faults_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
)

// start starts a process whose standard error goes to a log of that name.
func (s *site) start(name string, o harness.Options) *harness.Process {
	s.Helper()
	file, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s, err)
	s.Cleanup(func() { _ = file.Close() })
	o.Log = file
	p := harness.Start(s, o)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = append(s.running, p)
	return p
}

// failure is the error of a process that has ended although no test has asked
// it to.
func (s *site) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		if err := p.Failure(); err != nil {
			return err
		}
	}
	return nil
}

// eventually waits until a condition holds. The test fails when that takes too
// long, and as soon as a process has ended that should run.
func (s *site) eventually(what string, condition func(ctx context.Context) bool) {
	s.Helper()
	s.eventuallyWithin(s.patience, what, condition)
}

// eventuallyWithin is eventually with another patience.
func (s *site) eventuallyWithin(patience time.Duration, what string, condition func(ctx context.Context) bool) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	for {
		once, done := context.WithTimeout(ctx, 5*time.Second)
		holds := condition(once)
		done()
		if holds {
			return
		}
		require.NoError(s, s.failure(), "while waiting: "+what)
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			require.Fail(s, "this took too long: "+what)
		}
	}
}

// outage lets time pass.
func (s *site) outage(d time.Duration) { time.Sleep(d) }

// showLogs shows the ends of the logs of a test that failed.
func (s *site) showLogs() {
	files, err := filepath.Glob(filepath.Join(s.dir, "*.log"))
	require.NoError(s, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(s, err)
		if s.Failed() {
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			s.Logf("the end of %s:\n%s", filepath.Base(file), strings.Join(lines[max(0, len(lines)-30):], "\n"))
		}
	}
}

// count counts the messages of a stream that match a subject.
func (s *site) count(ctx context.Context, name, subject string) int {
	stream, err := s.js.Stream(ctx, name)
	if err != nil {
		return 0
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil {
		return 0
	}
	n := uint64(0)
	for _, messages := range info.State.Subjects {
		n += messages
	}
	return int(n)
}
