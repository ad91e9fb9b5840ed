package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"shipments/cmd/devstack/harness"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

// TestGuardedSystem runs everything with everything that guards it turned on. What
// Temporal has stored does not contain the name of a person then, and nothing that was
// written contains a secret.
func TestGuardedSystem(t *testing.T) {
	g := newGuarded(t)
	var processes []*harness.Process
	admin := map[string]string{}
	for _, host := range hosts.Names() {
		admin[host] = harness.Port(t).Address()
		processes = append(processes, g.start(t, host, []string{"SHIPMENTS_ADMIN_ADDR=" + admin[host]}, "run", host))
	}
	g.ready(t, processes...)
	codec := harness.Port(t).Address()
	g.start(t, "operator", nil, "codec", "serve", "--addr="+codec, "--origin=http://ui.test")
	g.token = g.tokens["all"]

	t.Run("repeats and conflicts", func(t *testing.T) { g.repeatAndConflict(t) })
	t.Run("invalid events", func(t *testing.T) { g.publishInvalid(t) })
	t.Run("a cancellation and a rebooking", func(t *testing.T) { g.cancelAndRebook(t) }) // While nothing else delays them.
	var named []string
	t.Run("a hundred shipments of an account of publishers", func(t *testing.T) { named = g.publishNamed(t, 100) })
	t.Run("every category and ending", func(t *testing.T) {
		for _, id := range examples {
			status, _ := g.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
		}
		for _, id := range examples {
			g.checkEnd(t, id)
		}
	})
	for _, id := range named {
		g.checkEnd(t, id)
	}
	g.drained(t)
	t.Run("commands of an operator", func(t *testing.T) {
		require.Contains(t, g.run(t, "operator", "status", examples[0]), "Success")
		require.Contains(t, g.run(t, "operator", "rejected", "ls"), events.CodeConflict)
		require.Contains(t, g.run(t, "operator", "rejected", "replay", "1"), "Replayed 1 of 1")
		g.run(t, "operator", "streams", "check")
	})
	t.Run("a scope is not another one", func(t *testing.T) {
		all := g.token
		defer func() { g.token = all }()
		for token, want := range map[string]int{"": 401, "made-up": 401, g.tokens["shipments:write"]: 403, g.tokens["shipments:read"]: 200} {
			g.token = token
			status, _ := g.get(t, "/"+examples[0])
			require.Equal(t, want, status)
		}
	})
	t.Run("the codec's endpoint shows names", func(t *testing.T) { g.checkCodec(t, codec, named[0]) })
	t.Run("Temporal's files have no names", func(t *testing.T) { g.checkTemporalFiles(t, named) })
	t.Run("nothing shows a secret", func(t *testing.T) { g.checkSecrets(t, processes, admin) })
	for i, p := range processes[1:] {
		require.NoError(t, p.Terminate(syscall.SIGTERM), hosts.Names()[i+1])
	}
	g.stop()
	t.Run("also when Temporal has stopped", func(t *testing.T) { g.checkTemporalFiles(t, named) })
}

// The names of the people of publishNamed.
const senders, receivers = "Ottilie Quartermaine", "Cosmo Featherstonehaugh"

// publishNamed publishes n shipments of people with names that nobody else has, as a
// program in an account that may do nothing else. It returns their ids.
func (g *guarded) publishNamed(t *testing.T, n int) []string {
	t.Helper()
	publisher := streams.NewPublisher(g.connect(t, "orders"), "http://shipments.test")
	var ids []string
	routes := []emulation.Route{emulation.Domestic, emulation.Paperless, emulation.International}
	for i := range n {
		id := emulation.NewID(routes[i%len(routes)], fmt.Sprintf("named%03d", i), emulation.Succeeds)
		content := sample.Shipment(id, time.Now())
		for leg := range content.Legs {
			content.Legs[leg].Sender.Name, content.Legs[leg].Receiver.Name = fmt.Sprint(senders, " ", i), fmt.Sprint(receivers, " ", i)
		}
		ev, err := events.NewCreated("e-"+id, "/orders", time.Now(), content)
		require.NoError(t, err)
		_, err = publisher.PublishCreated(t.Context(), ev, id)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// contains returns those of the texts that are in a file of a folder whose name begins
// with a prefix, or below it.
func contains(t *testing.T, dir, prefix string, texts ...string) (found []string) {
	t.Helper()
	in := map[string]bool{}
	require.NoError(t, filepath.WalkDir(dir, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(filepath.Base(file), prefix) {
			return err
		}
		content, err := os.ReadFile(file)
		for _, text := range texts {
			in[text] = in[text] || bytes.Contains(content, []byte(text))
		}
		return err
	}))
	for _, text := range texts {
		if in[text] {
			found = append(found, text)
		}
	}
	return found
}

// checkTemporalFiles looks for names in the files of Temporal's databases.
func (g *guarded) checkTemporalFiles(t *testing.T, named []string) {
	t.Helper()
	names := []string{senders, receivers, "Quartermaine", "Featherstonehaugh"}
	for _, id := range examples {
		for _, leg := range sample.Shipment(id, time.Now()).Legs {
			names = append(names, leg.Sender.Name, leg.Sender.Line1, leg.Receiver.Name, leg.Receiver.Line1)
		}
	}
	slices.Sort(names)
	require.Empty(t, contains(t, g.dir, "temporal-", slices.Compact(names)...))
	named = named[:5]
	require.Equal(t, named, contains(t, g.dir, "temporal-", named...), "what is searched has the shipments, by their ids")
	require.Equal(t, []string{senders, receivers}, contains(t, g.natsDir, "", senders, receivers), "JetStream has the names: the search finds them where they are")
}

// checkCodec has the codec server decrypt the input of a shipment's workflow, as the
// Temporal UI and the temporal command do.
func (g *guarded) checkCodec(t *testing.T, address, id string) {
	t.Helper()
	history := g.temporal.GetWorkflowHistory(t.Context(), shipment.ProcessID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var stored []*commonpb.Payload
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		stored = append(stored, event.GetWorkflowExecutionSignaledEventAttributes().GetInput().GetPayloads()...)
	}
	require.NotEmpty(t, stored)
	decode := func(token string) ([]*commonpb.Payload, error) {
		return converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: "http://" + address, ModifyRequest: func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Origin", "http://ui.test")
			return nil
		}}).Decode(stored)
	}
	shown, err := decode(g.tokens["operate"])
	require.NoError(t, err)
	text, err := json.Marshal(shown)
	require.NoError(t, err)
	require.NotContains(t, string(text), senders, "data is base64 here")
	require.Contains(t, string(shown[0].GetData()), senders)
	require.Contains(t, string(shown[0].GetData()), receivers)
	require.NotContains(t, string(stored[0].GetData()), senders)
	_, err = decode(g.tokens["shipments:read"])
	require.Error(t, err)
}

// checkSecrets looks for the secrets in all that the processes wrote: logs at the most
// detailed level, what commands printed, errors, the dump of a process that crashes,
// metrics, readiness, the replies of the API.
func (g *guarded) checkSecrets(t *testing.T, processes []*harness.Process, admin map[string]string) {
	t.Helper()
	for _, address := range admin {
		for _, path := range []string{"/metrics", "/readyz", "/healthz"} {
			other := &system{apiURL: "http://" + address}
			status, body := other.get(t, path)
			require.Equal(t, http.StatusOK, status, path)
			_, _ = g.written.Write(body)
		}
	}
	g.provokeErrors(t)
	processes[0].Signal(syscall.SIGQUIT)
	require.Error(t, processes[0].Wait())
	text := g.written.bytes()
	require.Contains(t, string(text), "SIGQUIT: quit")
	require.Greater(t, len(text), 100_000, "there is much to search")
	require.Greater(t, len(g.secrets), 20)
	for name, secret := range g.secrets {
		require.NotEmpty(t, secret, name)
		at := bytes.Index(text, []byte(secret))
		if at >= 0 {
			require.Fail(t, "the "+name+" was written: "+string(text[max(0, at-200):at]))
		}
	}
}

// provokeErrors runs commands that fail, with secrets in their settings.
func (g *guarded) provokeErrors(t *testing.T) {
	t.Helper()
	inURL, apiKey, wrong := g.secret(t, "password in a URL"), g.secret(t, "API key"), g.secret(t, "wrong password")
	misplaced := filepath.Join(t.TempDir(), "misplaced.yaml")
	require.NoError(t, os.WriteFile(misplaced, fmt.Appendf(nil, "keys:\n  - {id: \"a b\", secret: %q}\n", g.secret(t, "key of another form")), 0o600))
	tokens := filepath.Join(t.TempDir(), "tokens.yaml")
	require.NoError(t, os.WriteFile(tokens, fmt.Appendf(nil, "tokens:\n  - {name: a, scopes: [operate], sha256: %q}\n", g.secret(t, "token instead of its hash")), 0o600))
	for _, env := range [][]string{
		{"NATS_USER=", "NATS_PASSWORD=", "NATS_URL=tls://operator:" + inURL + "@127.0.0.1:1"},
		{"NATS_USER=", "NATS_PASSWORD=", "NATS_URL=tls://operator:" + inURL + "@" + strings.TrimPrefix(strings.TrimPrefix(g.natsURL, "tls://"), "nats://")},
		{"NATS_PASSWORD=" + wrong},
		{"NATS_URL=nonsense://operator:" + inURL + "@ %", "NATS_USER=", "NATS_PASSWORD="},
		{"SHIPMENTS_PAYLOAD_KEYS=" + misplaced},
		{"SHIPMENTS_LINK_KEYS=" + misplaced},
		{"SHIPMENTS_AUTH_TOKENS=" + tokens},
		{"TEMPORAL_API_KEY=" + apiKey, "TEMPORAL_API_KEY_FILE=" + tokens},
		{"TEMPORAL_TLS_CLIENT_KEY_DATA=" + apiKey, "TEMPORAL_TLS_CLIENT_KEY_PATH=", "TEMPORAL_TLS_CLIENT_CERT_PATH=", "TEMPORAL_TLS_CLIENT_CERT_DATA=" + apiKey},
	} {
		_, err := g.try(t, "operator", env, "ls")
		require.Error(t, err, env)
	}
	for _, path := range []string{"/shipments?token=" + g.tokens["all"], "/" + g.tokens["all"]} {
		status, _ := g.get(t, path)
		require.Less(t, status, http.StatusInternalServerError)
	}
}
