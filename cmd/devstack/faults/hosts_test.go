package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
)

// host is a process of hosts, and where its admin listener is.
type host struct {
	*harness.Process

	admin, api string // URLs
}

// run starts a process of hosts, all of them without names, with the environment
// added.
func (s *site) run(env []string, names ...string) *host {
	s.Helper()
	return s.runProgram(harness.Options{Program: production(s.T), Env: env}, names...)
}

// runFailing starts a process of hosts that dies at a failpoint.
func (s *site) runFailing(failpoint string, names ...string) *host {
	s.Helper()
	return s.runProgram(harness.Options{Program: withFailpoints(s.T), Env: []string{"SHIPMENTS_FAILPOINT=" + failpoint}, MayEnd: true}, names...)
}

func (s *site) runProgram(o harness.Options, names ...string) *host {
	s.Helper()
	s.hosts++
	address, admin := harness.Port(s).Address(), harness.Port(s).Address()
	o.Args = append([]string{"run"}, names...)
	o.Env = slices.Concat(s.env, []string{"SHIPMENTS_HTTP_ADDR=" + address, "SHIPMENTS_ADMIN_ADDR=" + admin}, o.Env)
	return &host{admin: "http://" + admin, api: "http://" + address, Process: s.start(fmt.Sprintf("hosts-%d", s.hosts), o)}
}

// get returns the status of a GET of the API, or 0 without an answer.
func (h *host) get(ctx context.Context, path string) int { return get(ctx, h.api+path) }

// readiness is get for /readyz of the admin listener, which every process has.
func (h *host) readiness(ctx context.Context) int { return get(ctx, h.admin+"/readyz") }

func get(ctx context.Context, url string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// ready waits until hosts are ready.
func (s *site) ready(h *host) {
	s.Helper()
	s.eventually("the hosts are ready", func(ctx context.Context) bool { return h.readiness(ctx) == http.StatusOK })
}

// Programs are built once for all tests, without the race detector: it would slow
// them down under load. The end-to-end tests run the hosts with it.
var (
	building sync.Mutex
	built    = map[string]string{}
)

func production(t *testing.T) string { return program(t, "production") }
func withFailpoints(t *testing.T) string {
	return program(t, "failpoints", "-tags=failpoints")
}

func program(t *testing.T, name string, flags ...string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	if built[name] == "" {
		dir := filepath.Join(programs, name)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		built[name] = harness.Build(t, dir, flags...)
	}
	return built[name]
}
