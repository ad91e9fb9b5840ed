package doctor_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"shipments/activities/documents"
	"shipments/cmd/shipments/doctor"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/hosts"
	"shipments/hosts/permissions"
)

// temporal is a gRPC server with as much of Temporal's API as is asked.
type temporal struct {
	workflowservice.UnimplementedWorkflowServiceServer
	operatorservice.UnimplementedOperatorServiceServer

	retention  time.Duration
	attributes map[string]enumspb.IndexedValueType
	pollers    map[string][]*taskqueuepb.PollerInfo // by queue
}

func (*temporal) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{ServerVersion: "1.32.1"}, nil
}

func (s *temporal) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(s.retention)}}, nil
}

func (s *temporal) ListSearchAttributes(
	context.Context, *operatorservice.ListSearchAttributesRequest,
) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: s.attributes}, nil
}

func (s *temporal) DescribeTaskQueue(
	_ context.Context, r *workflowservice.DescribeTaskQueueRequest,
) (*workflowservice.DescribeTaskQueueResponse, error) {
	return &workflowservice.DescribeTaskQueueResponse{Pollers: s.pollers[r.GetTaskQueue().GetName()]}, nil
}

// poller is a worker with a build that polled some time ago.
func poller(identity, build string, ago time.Duration) *taskqueuepb.PollerInfo {
	return &taskqueuepb.PollerInfo{
		Identity: identity, LastAccessTime: timestamppb.New(time.Now().Add(-ago)),
		WorkerVersionCapabilities: &commonpb.WorkerVersionCapabilities{BuildId: build}, //nolint:staticcheck // set without worker versioning too
	}
}

// healthy is a Temporal where all is well.
func healthy(config hosts.Config) *temporal {
	s := &temporal{retention: 72 * time.Hour, attributes: hosts.SearchAttributes(), pollers: map[string][]*taskqueuepb.PollerInfo{}}
	for _, queue := range config.Queues() {
		s.pollers[queue.Name] = []*taskqueuepb.PollerInfo{poller("w1", "b1", time.Second), poller("w2", "b1", time.Minute)}
	}
	return s
}

// configure reads a configuration from the environment of the test.
func configure(t *testing.T, variables ...string) hosts.Config {
	t.Helper()
	t.Setenv("SHIPMENTS_EMULATION", "true")
	for i := 0; i < len(variables); i += 2 {
		t.Setenv(variables[i], variables[i+1])
	}
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	return config
}

// examine examines a patient with servers of the test's own, and returns the checks by
// name.
func examine(t *testing.T, config hosts.Config, s *temporal, roles ...string) map[string]doctor.Check {
	t.Helper()
	if s != nil {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server := grpc.NewServer()
		workflowservice.RegisterWorkflowServiceServer(server, s)
		operatorservice.RegisterOperatorServiceServer(server, s)
		go func() { _ = server.Serve(listener) }() // It ends with an error when the test stops it.
		t.Cleanup(server.Stop)
		config.TemporalAddress = listener.Addr().String()
	}
	patient := doctor.Patient{Config: config, Roles: roles, Timeout: 3 * time.Second}
	patient.NATS, patient.JetStream, patient.NATSError = hosts.Dial(t.Context(), config, "doctor", zerolog.Nop())
	if patient.NATS != nil {
		t.Cleanup(patient.NATS.Close)
	}
	var err error
	patient.Temporal, _, err = hosts.NewTemporalClient(config, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(patient.Temporal.Close)
	list := doctor.Examine(t.Context(), patient)
	checks := map[string]doctor.Check{}
	for _, c := range list {
		require.NotContains(t, checks, c.Name)
		require.NotEmpty(t, c.Found, c.Name)
		if c.State == doctor.Failed || c.State == doctor.Warning {
			require.NotEmpty(t, c.Remedy, c.Name)
		}
		checks[c.Name] = c
	}
	var out bytes.Buffer
	require.NoError(t, doctor.Write(&out, list))
	require.NotContains(t, out.String(), "%!")
	t.Log("\n" + out.String())
	return checks
}

func provisioned(t *testing.T) *eventstest.Server {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	require.NoError(t, documents.Provision(t.Context(), s.JS, 1))
	return s
}

func TestDoctorFindsNothingWrong(t *testing.T) {
	s := provisioned(t)
	public := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(public.Close)
	config := configure(t, "NATS_URL", s.ClientURL(), "SHIPMENTS_PUBLIC_URL", public.URL)
	before := stored(t, s.JS)
	checks := examine(t, config, healthy(config), "operator")
	for name, c := range checks {
		switch name {
		case "durable consumer", "permissions in NATS": // Nobody pulls, and everybody may do everything.
			require.Equal(t, doctor.Warning, c.State, name)
		default:
			require.Equal(t, doctor.OK, c.State, name+": "+c.Found)
		}
	}
	for _, name := range []string{
		"NATS", "max_payload", "streams", "JetStream storage", "JetStream subjects", "clock of NATS", "Temporal", "namespace", "search attributes",
		"workers of shipment-orchestrator", "workers of shipment-carrier", "versions of the workers", "clock of Temporal", "carrier Albion Parcels", "public URL",
	} {
		require.Contains(t, checks, name)
	}
	require.Equal(t, before, stored(t, s.JS), "nothing was changed")
}

// stored is what JetStream holds: messages, and consumers.
func stored(t *testing.T, js jetstream.JetStream) map[string]string {
	t.Helper()
	found := map[string]string{}
	names := js.ListStreams(t.Context())
	for info := range names.Info() {
		found[info.Config.Name] = fmt.Sprintf("%d %d %d %v", info.State.Msgs, info.State.LastSeq, info.State.Consumers, info.Config.Metadata)
	}
	require.NoError(t, names.Err())
	return found
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	s := provisioned(t)
	require.NoError(t, s.JS.DeleteStream(t.Context(), events.StreamRejections))
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such token here", http.StatusUnauthorized)
	}))
	t.Cleanup(refusing.Close)
	answering := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get("Authorization") == "Bearer good" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.Error(w, "", http.StatusForbidden)
	}))
	t.Cleanup(answering.Close)
	table := filepath.Join(t.TempDir(), "carriers.yaml")
	const entry = "  - {id: %s, name: %s, services: [x], booking: {daysBefore: 1, opens: \"18:00\", cutOff: \"12:00\"}, protocol: http, url: %q, tokenVariable: %s}\n"
	require.NoError(t, os.WriteFile(table, []byte("carriers:\n"+
		fmt.Sprintf(entry, "one", "Refusing", refusing.URL, "TOKEN_ONE")+fmt.Sprintf(entry, "two", "Answering", answering.URL, "TOKEN_TWO")+
		fmt.Sprintf(entry, "three", "Unset", answering.URL, "TOKEN_THREE")), 0o600))
	config := configure(t, "NATS_URL", s.ClientURL(), "SHIPMENTS_PUBLIC_URL", "http://127.0.0.1:1", "SHIPMENTS_CARRIERS", table,
		"TOKEN_ONE", "s3cr3t-one", "TOKEN_TWO", "good", "SHIPMENTS_CHILD_WORKFLOWS", "carrier")
	sick := healthy(config)
	sick.retention = time.Hour
	sick.attributes = nil
	delete(sick.pollers, "shipment-orchestrator")
	delete(sick.pollers, "shipment-documents")
	sick.pollers["shipment-carrier"] = []*taskqueuepb.PollerInfo{poller("w1", "b2", -time.Hour)}
	sick.pollers["shipment-collection"] = []*taskqueuepb.PollerInfo{poller("w1", "b1", 4*time.Minute)}
	checks := examine(t, config, sick)
	for name, want := range map[string]struct {
		state  doctor.State
		found  string
		remedy string
	}{
		"stream " + events.StreamRejections: {doctor.Failed, "missing", "shipments streams apply"},
		"namespace":                         {doctor.Warning, "1h0m0s", "--retention 72h"},
		"search attributes":                 {doctor.Warning, "ShipmentCategory", "search-attribute create"},
		"workers of shipment-orchestrator":  {doctor.Failed, "none", "shipments run orchestrator"},
		"workers of shipment-documents":     {doctor.Warning, "no process that starts now needs one", "documents"},
		"workers of shipment-collection":    {doctor.Warning, "none", "collection"},
		"workers of shipment-carrier":       {doctor.OK, "1, the last poll", ""},
		"versions of the workers":           {doctor.Warning, "b1 (manifestation); b2 (carrier)", "finish the roll-out"},
		"clock of Temporal":                 {doctor.Warning, "ahead", "NTP"},
		"carriers":                          {doctor.Failed, "TOKEN_THREE is not set", "set the variable"},
		"carrier Refusing":                  {doctor.Failed, "401 Unauthorized", "correct TOKEN_ONE"},
		"carrier Answering":                 {doctor.OK, "takes the token", ""},
		"public URL":                        {doctor.Warning, "cannot be reached", "SHIPMENTS_PUBLIC_URL"},
	} {
		require.Equal(t, want.state, checks[name].State, name+": "+checks[name].Found)
		require.Contains(t, checks[name].Found, want.found, name)
		require.Contains(t, checks[name].Remedy, want.remedy, name)
	}
	for name, c := range checks {
		require.NotContains(t, c.Found+c.Remedy, "s3cr3t", name)
	}
}

func TestDoctorWithoutServers(t *testing.T) {
	config := configure(t, "NATS_URL", "nats://127.0.0.1:1", "TEMPORAL_ADDRESS", "127.0.0.1:1", "SHIPMENTS_PUBLIC_URL", "http://127.0.0.1:1")
	checks := examine(t, config, nil)
	require.Equal(t, doctor.Failed, checks["NATS"].State)
	require.Contains(t, checks["NATS"].Found, "NATS_URL")
	require.Equal(t, doctor.Failed, checks["Temporal"].State)
	require.Contains(t, checks["Temporal"].Found, "TEMPORAL_ADDRESS")
	require.Equal(t, doctor.Skipped, checks["streams"].State)
	require.Equal(t, doctor.Skipped, checks["workers"].State)
	require.Equal(t, doctor.OK, checks["carrier Albion Parcels"].State, "the rest is tried")
	require.False(t, doctor.Healthy([]doctor.Check{checks["NATS"]}))
	require.True(t, doctor.Healthy([]doctor.Check{checks["public URL"]}), "a warning is no failure")
}

// startRestricted runs nats-server with the permissions of the roles as they are printed,
// of which one subject is left out.
func startRestricted(t *testing.T, without string) string {
	t.Helper()
	roles := permissions.Roles(permissions.Options{})
	var conf bytes.Buffer
	require.NoError(t, permissions.Print(&conf, "conf", roles))
	folder := t.TempDir()
	text := strings.ReplaceAll(conf.String(), without, "left.out")
	if without == "" {
		text = conf.String()
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "permissions.conf"), []byte(text), 0o600))
	var users strings.Builder
	for _, r := range roles {
		fmt.Fprintf(&users, "      {user: %s, password: p, permissions: $%s}\n", r.Name, r.Variable())
	}
	file := filepath.Join(folder, "nats.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil,
		"include permissions.conf\nlisten: \"127.0.0.1:-1\"\njetstream: {store_dir: %q}\naccounts: {S: {jetstream: enabled, users: [\n%s\n]}}\n",
		filepath.Join(folder, "data"), users.String()), 0o600))
	options, err := natsserver.ProcessConfigFile(file)
	require.NoError(t, err)
	options.NoLog, options.NoSigs = true, true
	server, err := natsserver.NewServer(options)
	require.NoError(t, err)
	server.Start()
	t.Cleanup(func() { server.Shutdown(); server.WaitForShutdown() })
	require.True(t, server.ReadyForConnections(30*time.Second))
	nc, err := nats.Connect(server.ClientURL(), nats.UserInfo("provisioner", "p"), nats.CustomInboxPrefix("_INBOX_shipments_provisioner"))
	require.NoError(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	config := configure(t)
	_, err = hosts.ApplyStreams(t.Context(), js, config)
	require.NoError(t, err)
	return server.ClientURL()
}

func TestDoctorComparesPermissionsWithARole(t *testing.T) {
	t.Run("every role has what it needs", func(t *testing.T) {
		url := startRestricted(t, "")
		for _, role := range permissions.Names() {
			if role == "publisher" || role == "subscriber" { // Programs of others.
				continue
			}
			config := configure(t, "NATS_URL", url, "NATS_USER", role, "NATS_PASSWORD", "p", "NATS_INBOX_PREFIX", "_INBOX_shipments_"+role)
			checks := examine(t, config, healthy(config), role)
			require.Equal(t, doctor.OK, checks["permissions in NATS, role "+role].State, checks["permissions in NATS, role "+role].Found)
			if role == "operator" {
				require.Equal(t, doctor.OK, checks["JetStream storage"].State)
			}
		}
	})
	t.Run("another role's user lacks some", func(t *testing.T) {
		config := configure(t, "NATS_URL", startRestricted(t, ""), "NATS_USER", "consumer", "NATS_PASSWORD", "p", "NATS_INBOX_PREFIX",
			"_INBOX_shipments_consumer")
		check := examine(t, config, healthy(config), "orchestrator")["permissions in NATS, role orchestrator"]
		require.Equal(t, doctor.Failed, check.State)
		require.Contains(t, check.Found, "user consumer may not: publish shipments-hosts.orchestrator, publish shipments.accepted.*")
	})
	t.Run("a permission is missing", func(t *testing.T) {
		config := configure(t, "NATS_URL", startRestricted(t, "$JS.API.CONSUMER.MSG.NEXT.SHIPMENTS.shipment-process"),
			"NATS_USER", "consumer", "NATS_PASSWORD", "p", "NATS_INBOX_PREFIX", "_INBOX_shipments_consumer")
		check := examine(t, config, healthy(config), "consumer")["permissions in NATS, role consumer"]
		require.Equal(t, doctor.Failed, check.State)
		require.Contains(t, check.Found, "user consumer may not: publish $JS.API.CONSUMER.MSG.NEXT.SHIPMENTS.shipment-process")
		require.NotContains(t, check.Found, ", ", "nothing else")
	})
	t.Run("the server may not be asked", func(t *testing.T) {
		config := configure(t, "NATS_URL", startRestricted(t, "$SYS.REQ.USER.INFO"),
			"NATS_USER", "consumer", "NATS_PASSWORD", "p", "NATS_INBOX_PREFIX", "_INBOX_shipments_consumer")
		check := examine(t, config, healthy(config), "consumer")["permissions in NATS"]
		require.Equal(t, doctor.Warning, check.State)
		require.Contains(t, strings.ToLower(check.Found), "permissions violation")
	})
}
