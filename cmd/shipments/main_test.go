package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/api/auth"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// setup points the environment at a server of the test's own, where the hosts emulate.
func setup(t *testing.T) *eventstest.Server {
	t.Helper()
	s := eventstest.StartProvisioned(t)
	t.Setenv("NATS_URL", s.ClientURL())
	t.Setenv("SHIPMENTS_LOG_LEVEL", "error")
	require.NoError(t, hosts.RecordEmulation(t.Context(), s.JS, true)) // as the hosts of a demonstration do
	return s
}

// shipments runs the command and returns what it printed.
func shipments(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(args)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

func TestPublishSamples(t *testing.T) {
	s := setup(t)
	out, err := shipments(t, "publish", "1abc", "c3")
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(out, "published"))
	require.Len(t, s.Messages(t, events.StreamShipments, "shipments.created.1abc"), 1)

	_, err = shipments(t, "publish", "a.b")
	require.ErrorContains(t, err, "is not a shipment id")
	_, err = shipments(t, "publish")
	require.ErrorContains(t, err, "needs shipment ids")

	require.NoError(t, hosts.RecordEmulation(t.Context(), s.JS, false))
	_, err = shipments(t, "publish", "c4")
	require.ErrorContains(t, err, "SHIPMENTS_EMULATION", "carriers are real ones where the hosts do not emulate")
	_, err = shipments(t, "loadtest", "--shipments", "1")
	require.ErrorContains(t, err, "SHIPMENTS_EMULATION")
	require.Len(t, s.Messages(t, events.StreamShipments, "shipments.created.*"), 2)
}

func TestPublishFile(t *testing.T) {
	s := setup(t)
	file := filepath.Join(t.TempDir(), "shipment.json")
	write := func(content any) {
		text, err := json.Marshal(content)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	write(sample.Shipment("c3", time.Now()))
	_, err := shipments(t, "publish", "--file", file)
	require.NoError(t, err)

	ev, err := events.NewCreated("e-1", "/team", time.Now(), sample.Shipment("c4", time.Now()))
	require.NoError(t, err)
	write(ev)
	out, err := shipments(t, "publish", "--file", file)
	require.NoError(t, err)
	require.Contains(t, out, "published c4 as event e-1")

	for reason, spoil := range map[string]func(*shipment.Shipment){
		"unknown-carrier at /legs/0/carrierId":                                    func(s *shipment.Shipment) { s.Legs[0].CarrierID = "nobody" },
		"invalid-collection-date at /collectionDate: 2203-01-15 is":               func(s *shipment.Shipment) { s.CollectionDate = "2203-01-15" },
		"unprintable-text at /legs/0/receiver/name: no font here prints U+5C71 山": func(s *shipment.Shipment) { s.Legs[0].Receiver.Name = "山" },
	} {
		broken := sample.Shipment("c5", time.Now())
		spoil(&broken)
		write(broken)
		_, err = shipments(t, "publish", "--file", file)
		require.ErrorContains(t, err, reason)
	}
	require.Len(t, s.Messages(t, events.StreamShipments, "shipments.created.*"), 2)

	known := sample.Shipment("c3", time.Now())
	write(known)
	_, err = shipments(t, "publish", "--file", file)
	require.NoError(t, err, "the same content is a repeat")
	known.Reference = "4711"
	write(known)
	_, err = shipments(t, "publish", "--file", file)
	require.ErrorContains(t, err, "was not published: shipment c3: conflict at /shipmentId: the shipment is known with other content, from event ")
	require.Len(t, s.Messages(t, events.StreamShipments, "shipments.created.c3"), 2)
}

func TestStatus(t *testing.T) {
	s := setup(t)
	_, err := shipments(t, "status", "c3")
	require.ErrorContains(t, err, "no shipment with id c3 is known")

	_, err = shipments(t, "publish", "c3")
	require.NoError(t, err)
	out, err := shipments(t, "status", "c3")
	require.NoError(t, err)
	require.Contains(t, out, "Pending")
	require.Contains(t, out, "Stage     validation, since ")
	require.Contains(t, out, "Waits     for the consumer to start its process\n")
	_, err = shipments(t, "status", "--wait", "--timeout", "50ms", "c3")
	require.ErrorIs(t, err, exitCodeError(3), "it stopped waiting")

	published := make(chan struct{})
	go func() { // while the command waits
		defer close(published)
		_, err := streams.NewPublisher(s.JS, "http://x").PublishOnce(t.Context(), events.Outcome{
			Lineage: events.Lineage{ShipmentID: "c3", RunID: "r", CausationID: "1", CorrelationID: "1"}, Type: events.TypeFailed, Sequence: 1, Time: time.Now(),
			Data: events.Failed{ShipmentID: "c3", Status: shipment.Failed, Stage: shipment.StageManifestation, Failure: &shipment.Failure{
				Faults: []shipment.Fault{*shipment.NewFault("Carrier manifestation failed", "1.2.3: Manifestation failed")},
			}},
		})
		if err != nil {
			t.Error(err)
		}
	}()
	out, err = shipments(t, "status", "--wait", "--json", "c3")
	<-published
	require.ErrorIs(t, err, exitCodeError(2))
	require.JSONEq(t, `{"shipmentId":"c3","status":"Failure","failure":{"faults":[{"description":"Carrier manifestation failed","errors":["1.2.3: Manifestation failed"]}]}}`, out)
}

func TestRejectedListsAndShows(t *testing.T) {
	s := setup(t)
	out, err := shipments(t, "rejected", "ls")
	require.NoError(t, err)
	require.Contains(t, out, "Nothing was rejected.")
	require.NoError(t, streams.NewPublisher(s.JS, "http://x").Reject(t.Context(), events.Rejection{
		Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON, Message: "not JSON"}},
		Input:   events.Input{Stream: events.StreamShipments, StreamSequence: 7, Subject: "shipments.created", StoredAt: time.Now(), Data: []byte("a\x1bb")},
	}))
	out, err = shipments(t, "rejected", "ls")
	require.NoError(t, err)
	require.Contains(t, out, "shipments.created 7")
	require.Contains(t, out, "invalid-json: not JSON")
	out, err = shipments(t, "rejected", "ls", "--reason", "conflict")
	require.NoError(t, err)
	require.Contains(t, out, "Nothing was rejected.")
	out, err = shipments(t, "rejected", "show", "1")
	require.NoError(t, err)
	require.Contains(t, out, `"a\x1bb"`, "no input reaches the terminal as it is")
	out, err = shipments(t, "rejected", "show", "--raw", "1")
	require.NoError(t, err)
	require.Equal(t, "a\x1bb", out)
	_, err = shipments(t, "rejected", "show", "x")
	require.ErrorContains(t, err, "is not a sequence")
}

func TestStreamsCheckAndApply(t *testing.T) {
	s := setup(t)
	out, err := shipments(t, "streams", "check")
	require.ErrorIs(t, err, exitCodeError(1))
	require.Contains(t, out, documents.Bucket, "the bucket is missing")
	_, err = shipments(t, "streams", "apply")
	require.NoError(t, err)
	out, err = shipments(t, "streams", "check")
	require.NoError(t, err)
	require.Contains(t, out, "as they should be")
	require.NoError(t, s.JS.DeleteStream(t.Context(), events.StreamRejections))
	out, err = shipments(t, "streams", "check")
	require.ErrorIs(t, err, exitCodeError(1))
	require.Contains(t, out, events.StreamRejections)
	_, err = shipments(t, "streams", "apply")
	require.NoError(t, err)
	_, err = shipments(t, "streams", "check")
	require.NoError(t, err)
}

func TestStreamsApplyRecordsEmulationIfItIsSet(t *testing.T) {
	s := setup(t)
	require.NoError(t, hosts.RecordEmulation(t.Context(), s.JS, true))
	t.Setenv("SHIPMENTS_EMULATION", "false")
	_, err := shipments(t, "streams", "apply")
	require.NoError(t, err)
	on, err := hosts.Emulation(t.Context(), s.JS)
	require.NoError(t, err)
	require.False(t, on)
	require.NoError(t, os.Unsetenv("SHIPMENTS_EMULATION"))
	require.NoError(t, hosts.RecordEmulation(t.Context(), s.JS, true))
	_, err = shipments(t, "streams", "apply")
	require.NoError(t, err)
	on, err = hosts.Emulation(t.Context(), s.JS)
	require.NoError(t, err)
	require.True(t, on, "it was not set")
}

func TestNATSPermissionsArePrinted(t *testing.T) {
	out, err := shipments(t, "nats", "permissions", "--role", "subscriber", "--durable", "warehouse")
	require.NoError(t, err)
	require.Contains(t, out, `"$JS.API.CONSUMER.MSG.NEXT.SHIPMENT_EVENTS.warehouse"`)
	require.NotContains(t, out, "CONSUMER.CREATE")
	out, err = shipments(t, "nats", "permissions")
	require.NoError(t, err)
	for _, host := range hosts.Names() {
		require.Contains(t, out, "shipments_"+host+" = {", "the table has a role for each host")
	}
	_, err = shipments(t, "nats", "permissions", "--role", "nobody")
	require.ErrorContains(t, err, `"nobody" is not a role`)
}

func TestCodecKeyIsALineOfTheFileOfKeys(t *testing.T) {
	line, err := shipments(t, "codec", "key", "2026-11")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "keys.yaml")
	require.NoError(t, os.WriteFile(file, []byte("keys:\n"+line), 0o600))
	t.Setenv("SHIPMENTS_PAYLOAD_KEYS", file)
	_, err = hosts.LoadConfig()
	require.NoError(t, err)
	_, err = shipments(t, "codec", "key", "a/b")
	require.ErrorContains(t, err, "is not an id of a key")
	require.NoError(t, os.WriteFile(file, []byte("keys: []"), 0o600))
	_, err = hosts.LoadConfig()
	require.ErrorContains(t, err, "SHIPMENTS_PAYLOAD_KEYS: ")
}

func TestCodecServeIsChecked(t *testing.T) {
	_, err := shipments(t, "codec", "serve")
	require.ErrorContains(t, err, "SHIPMENTS_PAYLOAD_KEYS is not set")
	line, err := shipments(t, "codec", "key", "a")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "keys.yaml")
	require.NoError(t, os.WriteFile(file, []byte("keys:\n"+line), 0o600))
	t.Setenv("SHIPMENTS_PAYLOAD_KEYS", file)
	t.Setenv("SHIPMENTS_AUTH", "none")
	_, err = shipments(t, "codec", "serve", "--addr", "0.0.0.0:0")
	require.ErrorContains(t, err, "can be reached from other hosts")
	_, err = shipments(t, "codec", "serve", "--origin", "https://temporal.test/path")
	require.ErrorContains(t, err, "is not scheme, host and port alone")
}

func TestTokenNewAddsATokenToAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	for _, name := range []string{"ada", "bob"} {
		out, err := shipments(t, "token", "new", name, "--scope", "shipments:read,operate", "--expires-in", "1h", "--file", file)
		require.NoError(t, err)
		tokens, err := auth.LoadTokens(file)
		require.NoError(t, err)
		principal, err := tokens.Authenticate(t.Context(), strings.TrimSpace(out))
		require.NoError(t, err)
		require.Equal(t, auth.Principal{Name: name, Scopes: []auth.Scope{auth.ScopeRead, auth.ScopeOperate}}, principal)
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(text), "shipments_", "it has hashes alone")
	out, err := shipments(t, "token", "new", "eve", "--scope", "operate")
	require.NoError(t, err)
	require.Contains(t, out, `  - {name: "eve", scopes: ["operate"], sha256: "`)
	_, err = shipments(t, "token", "new", "eve", "--scope", "everything")
	require.ErrorContains(t, err, "is not a scope: use shipments:write")
	_, err = shipments(t, "token", "new", "eve")
	require.ErrorContains(t, err, "it has no scopes")
	require.NoError(t, os.WriteFile(file, []byte("other: true\n"), 0o600))
	_, err = shipments(t, "token", "new", "eve", "--scope", "operate", "--file", file)
	require.ErrorContains(t, err, "cannot be added")
}

// untilSeen ends a command when it has printed something.
type untilSeen struct {
	what string
	done func()
	seen bool
	text strings.Builder
}

func (u *untilSeen) Write(p []byte) (int, error) {
	u.text.Write(p)
	if u.what != "" && strings.Contains(u.text.String(), u.what) {
		u.seen = true
		u.done()
	}
	return len(p), nil
}

func TestCommandsWithoutNATS(t *testing.T) {
	s := setup(t)
	s.Shutdown()
	_, err := shipments(t, "status", "c3")
	require.ErrorContains(t, err, "NATS_URL")
}

func TestHelpListsEveryHostAndVariable(t *testing.T) {
	out, err := shipments(t, "run", "--help")
	require.NoError(t, err)
	require.Contains(t, out, "SHIPMENTS_CHILD_WORKFLOWS")
	require.Contains(t, out, "orchestrator")
}
