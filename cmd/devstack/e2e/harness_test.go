package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"shipments/api/contract/contracttest"
	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
)

func TestMain(m *testing.M) {
	stack.TuneGC() // What is measured here applies to the dev stack.
	os.Exit(harness.Main(m.Run, nil))
}

// system is a running system, seen from outside.
type system struct {
	natsURL, temporalAddress, apiURL string
	// adminURL is empty if the hosts were not started by startWith.
	adminURL string
	token    string // for the API, if it asks for one

	js       jetstream.JetStream
	temporal client.Client
}

// dial connects to a system's servers.
func dial(t testing.TB, natsURL, temporalAddress, httpAddr string) *system {
	t.Helper()
	return dialWith(t, natsURL, temporalAddress, httpAddr, nil)
}

// dialWith connects to servers by TLS, unless config is nil, with options for NATS.
func dialWith(t testing.TB, natsURL, temporalAddress, httpAddr string, config *tls.Config, options ...nats.Option) *system {
	t.Helper()
	s := &system{natsURL: natsURL, temporalAddress: temporalAddress, apiURL: "http://" + httpAddr}
	nc, err := nats.Connect(natsURL, append(options, nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	s.js, err = jetstream.New(nc)
	require.NoError(t, err)
	s.temporal, err = client.NewLazyClient(client.Options{
		HostPort: temporalAddress, Namespace: stack.Namespace, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}, TLS: config}, // as the hosts'
	})
	require.NoError(t, err)
	t.Cleanup(s.temporal.Close)
	t.Cleanup(func() { s.checkStored(t) })
	return s
}

// checkStored holds every message that the streams have at the end of a test against
// asyncapi.yaml. Benchmarks store too many.
func (s *system) checkStored(t testing.TB) {
	t.Helper()
	if _, benchmark := t.(*testing.B); benchmark || t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience) // That of the test has ended.
	defer cancel()
	probe, end := context.WithTimeout(ctx, 5*time.Second)
	defer end()
	if _, err := s.js.AccountInfo(probe); err != nil {
		t.Log("the server is down: what it stored is not held against asyncapi.yaml")
		return
	}
	read, err := contracttest.Stored(ctx, s.js)
	require.NoError(t, err)
	t.Logf("%d stored messages are what asyncapi.yaml says", read)
}

// start runs a system in this process, without keeping state.
func start(t testing.TB, composition string, delay time.Duration) *system {
	t.Helper()
	return startWith(t, composition, delay, stack.Options{})
}

// startWith runs a system in this process with options of the test's choice. It
// keeps state if these have a folder, and runs all hosts unless they have others.
func startWith(t testing.TB, composition string, delay time.Duration, options stack.Options) *system {
	t.Helper()
	return startMeasured(t, composition, delay, options, true)
}

// startMeasured is startWith for a system that may have no metrics.
func startMeasured(t testing.TB, composition string, delay time.Duration, options stack.Options, measured bool) *system {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	config.Emulation, config.CollectionDelay, config.ChildWorkflows, config.PublicURL = true, delay, composition, ""
	options.Ephemeral, options.NoUI, options.HTTPAddr, options.AdminAddr, options.Config = options.Dir == "", true, "127.0.0.1:0", "127.0.0.1:0", config
	if !measured {
		options.AdminAddr = ""
	}
	if len(options.Hosts) == 0 {
		options.Hosts = hosts.All()
	}
	options.Log = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	s, err := stack.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	seen := dial(t, s.NATSURL, s.TemporalAddress, s.HTTPAddr)
	seen.adminURL = "http://" + s.AdminAddr
	return seen
}

// silent is a logger that drops everything, for clients of servers that are killed.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

// patience is how long a test waits by default for what has to happen.
const patience = time.Minute

// eventually waits until a condition holds.
func eventually(t testing.TB, condition func() bool, what string, args ...any) {
	t.Helper()
	eventuallyWithin(t, patience, condition, what, args...)
}

// eventuallyWithin waits longer than usual, or less long.
func eventuallyWithin(t testing.TB, patience time.Duration, condition func() bool, what string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !condition() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			require.Fail(t, "this took too long", append([]any{what}, args...)...)
		}
	}
}

// ready waits until the API of hosts that run as processes is ready. The test
// fails as soon as one of them has ended.
func (s *system) ready(t testing.TB, processes ...*harness.Process) {
	t.Helper()
	eventually(t, func() bool {
		for _, p := range processes {
			require.NoError(t, p.Failure())
		}
		status, _ := s.get(t, "/readyz")
		return status == http.StatusOK
	}, "the hosts are ready")
}

func (s *system) get(t testing.TB, path string) (status int, body []byte) {
	t.Helper()
	return s.do(t, http.MethodGet, path)
}

func (s *system) do(t testing.TB, method, path string) (status int, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.apiURL+path, nil)
	require.NoError(t, err)
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, body
}

// ended waits until a shipment's process has ended, and returns what GET says.
func (s *system) ended(t testing.TB, id string) (result shipment.Result, body []byte) {
	t.Helper()
	eventually(t, func() bool {
		var status int
		status, body = s.get(t, "/"+id)
		if status != http.StatusOK {
			return false
		}
		result = shipment.Result{} // A pending one has more members.
		require.NoError(t, json.Unmarshal(body, &result))
		return result.Status != shipment.Pending
	}, "shipment %s has not ended", id)
	return result, body
}

// story returns the types of a shipment's outcome events, as they are stored and
// without "shipments.". It checks that each event is valid.
func (s *system) story(t testing.TB, id string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := s.js.Stream(ctx, events.StreamEvents)
	require.NoError(t, err)
	var types []string
	for next := uint64(1); ; {
		msg, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(events.StorySubjects(id)))
		if err != nil {
			require.ErrorIs(t, err, jetstream.ErrMsgNotFound)
			return types
		}
		var ev event.Event
		require.NoError(t, json.Unmarshal(msg.Data, &ev))
		require.NoError(t, ev.Validate())
		require.Empty(t, events.ValidateData(ev.Type(), ev.Data()))
		require.Equal(t, fmt.Sprintf("%08d", len(types)+1), ev.Extensions()["sequence"])
		types = append(types, strings.TrimPrefix(ev.Type(), "shipments."))
		next = msg.Sequence + 1
	}
}

// drained waits until every input has been acknowledged or rejected.
func (s *system) drained(t testing.TB) {
	t.Helper()
	eventually(t, func() bool {
		c, err := s.js.Consumer(t.Context(), events.StreamShipments, streams.ConsumerName)
		if err != nil {
			return false
		}
		stream, err := s.js.Stream(t.Context(), events.StreamShipments)
		return err == nil && c.CachedInfo().NumAckPending == 0 && c.CachedInfo().AckFloor.Stream == stream.CachedInfo().State.LastSeq
	}, "every input is acknowledged or rejected")
}

// executions lists the workflow executions of a shipment.
func (s *system) executions(t testing.TB, id string) []*workflowpb.WorkflowExecutionInfo {
	t.Helper()
	list, err := s.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: stack.Namespace, PageSize: 100,
		Query: fmt.Sprintf("WorkflowId = 'shipment.%[1]s' OR WorkflowId STARTS_WITH 'shipment.%[1]s.'", id),
	})
	require.NoError(t, err)
	return list.GetExecutions()
}

// devstack starts a process of the dev stack and returns when it is ready.
func devstack(t testing.TB, env []string, args ...string) (*harness.Process, *system) {
	t.Helper()
	args = append([]string{"--nats-port=0", "--temporal-port=0", "--ui-port=0", "--http-addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0"}, args...)
	p := harness.Start(t, harness.Options{Role: harness.Devstack, Env: env, Args: args})
	addresses := p.Addresses(t)
	return p, dial(t, addresses["NATS"], addresses["Temporal"], strings.TrimPrefix(addresses["HTTP API"], "http://"))
}
