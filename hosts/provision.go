package hosts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"
)

const (
	// firstAttempt bounds the first attempt of a step. It is short, so that a
	// server that cannot be used is found out soon.
	firstAttempt = time.Second
	// laterAttempt bounds the others.
	laterAttempt = 5 * time.Second
	// attemptInterval is the pause between two attempts.
	attemptInterval = 500 * time.Millisecond
	// quietWait is how long a start waits before it logs what for: in a fresh
	// deployment servers come up late.
	quietWait = time.Second
	// waitInterval is the time between two log lines about the same server.
	waitInterval = 15 * time.Second
)

// step is a part of the start that needs a server.
type step struct {
	server string // for people
	do     func(context.Context) error
	// find finds out why the server cannot be used, after an error of do.
	find func(ctx context.Context, config Config, err error) (f Finding, final bool)
	// done, if there is one, is closed when the step has succeeded.
	done chan struct{}
}

// provision makes the streams and the search attributes, and tries until it
// succeeds or ctx is done, which is no error. A server that cannot be used is an
// [*UnusableError].
func (rt *runtime) provision(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := rt.until(ctx, step{"NATS", rt.provisionStreams, findNATS, rt.streamsReady}); err != nil {
			return err
		}
		rt.keepCompared(ctx)
		return nil
	})
	if rt.needsTemporal() {
		group.Go(func() error {
			if err := rt.until(ctx, step{"Temporal", rt.reachTemporal, findTemporal, rt.temporalReached}); err != nil {
				return err
			}
			if err := rt.until(ctx, step{"Temporal", rt.prepareTemporal, findTemporal, rt.temporalReady}); err != nil {
				return err
			}
			rt.keepSearchable(ctx)
			return nil
		})
	}
	return group.Wait()
}

// until tries a step until it succeeds or ctx is done, neither of which is an
// error. It logs what it waits for, and ends with an [*UnusableError] if waiting
// does not help.
func (rt *runtime) until(ctx context.Context, s step) error {
	bound := firstAttempt
	for began := time.Now(); ; bound = laterAttempt {
		once, cancel := context.WithTimeout(ctx, bound)
		err := s.do(once)
		cancel()
		if err == nil {
			rt.waits.note(s.server, "")
		}
		if err == nil && s.done != nil {
			close(s.done)
		}
		if err == nil || ctx.Err() != nil {
			return nil //nolint:nilerr // stopping is no error
		}
		if log := rt.waits.due(s.server, began); log || bound == firstAttempt {
			finding, final := s.find(ctx, rt.config, err)
			if final {
				return &UnusableError{finding}
			}
			if log && ctx.Err() == nil {
				rt.log.Warn().Str("variable", finding.Variable).Str("found", finding.Found).Str("remedy", finding.Remedy).
					Msg("Waiting for " + s.server)
			}
			rt.waits.note(s.server, finding.Found)
		}
		select {
		case <-time.After(attemptInterval):
		case <-ctx.Done():
			return nil
		}
	}
}

// waits decides when a wait for a server is logged: every now and then, by
// whichever step waits. It is safe for concurrent use.
type waits struct {
	mu     sync.Mutex
	logged map[string]time.Time // by server
	found  map[string]string    // why a server is waited for, by server
}

// note notes why a server is waited for, or with an empty text that it is not.
func (w *waits) note(server, found string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.found == nil {
		w.found = map[string]string{}
	}
	w.found[server] = found
	if found == "" {
		delete(w.found, server)
	}
}

// reasons says which servers are waited for, and why.
func (w *waits) reasons() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, server := range slices.Sorted(maps.Keys(w.found)) {
		all = append(all, "waiting for "+server+": "+w.found[server])
	}
	return strings.Join(all, "; ")
}

// due reports whether it is time for a line about a server that a step has
// waited for since it began.
func (w *waits) due(server string, began time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(began) < quietWait || time.Since(w.logged[server]) < waitInterval {
		return false
	}
	if w.logged == nil {
		w.logged = map[string]time.Time{}
	}
	w.logged[server] = time.Now()
	return true
}

// reachTemporal succeeds if Temporal answers and has the namespace.
func (rt *runtime) reachTemporal(ctx context.Context) error {
	_, err := rt.temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: rt.config.TemporalNamespace})
	if err != nil {
		return fmt.Errorf("describe namespace %s: %w", rt.config.TemporalNamespace, err)
	}
	return nil
}
