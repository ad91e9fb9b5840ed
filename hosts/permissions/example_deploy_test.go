package permissions_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts/permissions"
	"shipments/shipment/sample"
)

const example = "../../deploy/nats"

func TestPermissionsOfTheExampleAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	var table bytes.Buffer
	require.NoError(t, permissions.Print(&table, "conf", permissions.Roles(permissions.Options{})))
	text, err := os.ReadFile(filepath.Join(example, "permissions.conf"))
	require.NoError(t, err)
	require.Equal(t, table.String(), string(text), "run: go run ./cmd/shipments nats permissions > deploy/nats/permissions.conf")
}

// TestPermissionsOfTheExampleSeparateThreeAccounts runs the example and publishes
// and takes events from other accounts than the streams'.
func TestPermissionsOfTheExampleSeparateThreeAccounts(t *testing.T) {
	for _, name := range append(permissions.Names(), "orders", "warehouse") {
		t.Setenv(strings.ToUpper(name)+"_PASSWORD", password)
	}
	options, err := natsserver.ProcessConfigFile(filepath.Join(example, "nats.conf"))
	require.NoError(t, err)
	options.Host, options.Port, options.StoreDir, options.NoLog, options.NoSigs = "127.0.0.1", natsserver.RANDOM_PORT, t.TempDir(), true, true
	server, err := natsserver.NewServer(options)
	require.NoError(t, err)
	server.Start()
	t.Cleanup(func() { server.Shutdown(); server.WaitForShutdown() })
	require.True(t, server.ReadyForConnections(10*time.Second))
	as := func(name string) connection { return connect(t, server.ClientURL(), roleLike(name)) }

	provisioner := as("provisioner")
	_, err = streams.Provision(t.Context(), provisioner.js, 1)
	require.NoError(t, err)
	require.NoError(t, documents.Provision(t.Context(), provisioner.js, 1))
	_, err = provisioner.js.CreateOrUpdateConsumer(t.Context(), events.StreamEvents, jetstream.ConsumerConfig{Durable: "warehouse", AckPolicy: jetstream.AckExplicitPolicy})
	require.NoError(t, err)

	now := time.Now()
	ev, err := events.NewCreated("1", "/orders", now, sample.Shipment("abc", now))
	require.NoError(t, err)
	orders := as("orders")
	sequence, err := streams.NewPublisher(orders.js, "http://api.test").PublishCreated(t.Context(), ev, "abc")
	require.NoError(t, err, "it is confirmed across accounts")
	require.EqualValues(t, 1, sequence)
	take(t, as("consumer"), events.StreamShipments, streams.ConsumerName)
	_, err = streams.NewPublisher(as("orchestrator").js, "http://api.test").PublishOnce(t.Context(), events.Outcome{
		Type: events.TypeAccepted, Sequence: 1, Time: now, Data: events.Accepted{ShipmentID: "abc"},
		Lineage: events.Lineage{ShipmentID: "abc", RunID: "run-1", CausationID: "1", CorrelationID: "1"},
	})
	require.NoError(t, err)

	warehouse := as("warehouse")
	warehouse.js, err = jetstream.NewWithAPIPrefix(warehouse.Conn, "platform.API")
	require.NoError(t, err)
	take(t, warehouse, events.StreamEvents, "warehouse")
	for who, c := range map[string]connection{"orders": orders, "warehouse": warehouse} {
		t.Run(who+" forges nothing", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.js.Publish(ctx, "shipments.accepted.forged", []byte("{}"))
			require.Error(t, err)
			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = c.js.CreateOrUpdateConsumer(ctx, events.StreamEvents, jetstream.ConsumerConfig{Name: "forger", DeliverPolicy: jetstream.DeliverAllPolicy})
			require.Error(t, err)
			// An answer of the server would be an entry, within its account.
			for _, request := range []string{"shipments.created.abc", "platform.API.CONSUMER.MSG.NEXT.SHIPMENT_EVENTS.warehouse"} {
				require.NoError(t, c.PublishRequest(request, "shipments.accepted.forged", []byte("{}")))
			}
			require.NoError(t, c.Flush())
		})
	}
	// The server answers to the subject that a message names: the answer must not end in
	// a stream of the platform.
	for who, questions := range map[connection][]string{
		orders: {"shipments.created.x", "shipments.created", "shipments.cancellation-requested.x", "shipments.collection-rebooking-requested"},
		warehouse: {
			"platform.API.CONSUMER.INFO.SHIPMENT_EVENTS.warehouse", "platform.API.CONSUMER.MSG.NEXT.SHIPMENT_EVENTS.warehouse",
			"$JS.ACK.SHIPMENT_EVENTS.warehouse.1.1.1.1.1",
		},
	} {
		for i, question := range questions {
			for _, forged := range []string{"shipments.accepted.forged", "shipments.completed.forged", "shipments.rejected.forged"} {
				require.NoError(t, who.PublishMsg(&nats.Msg{Subject: question, Reply: forged, Data: fmt.Appendf(nil, `{"batch": 1, "id": %d}`, i)}))
			}
		}
		require.NoError(t, who.Flush())
	}
	// Likewise with headers by which the server publishes something itself.
	for _, header := range []nats.Header{
		{"Nats-Trace-Dest": {"shipments.accepted.forged"}}, {"Nats-Rollup": {"sub"}},
		{"Nats-Schedule": {"@at " + now.UTC().Format(time.RFC3339)}, "Nats-Schedule-Target": {"shipments.accepted.forged"}},
	} {
		require.NoError(t, orders.PublishMsg(&nats.Msg{Subject: "shipments.created.x", Header: header, Data: []byte("{}")}))
	}
	_, err = orders.js.Publish(t.Context(), "shipments.created.y", []byte("{}"))
	require.NoError(t, err, "what was published before is handled")
	require.GreaterOrEqual(t, len(inputsOf(t, as("operator"), "shipments.created.x")), 3, "a rollup has removed nothing")
	_, err = warehouse.js.Consumer(t.Context(), events.StreamEvents, "warehouse")
	require.NoError(t, err, "likewise")
	require.Empty(t, messagesOf(t, as("operator"), "shipments.*.forged"))
	require.Len(t, messagesOf(t, as("operator"), "shipments.accepted.abc"), 1)
}

// TestPermissionsOfOneAccountDoNotBindAnswers shows why publishers and subscribers belong
// in accounts of their own, as docs/security.md says: permissions bind the subject of a
// message, not where the server answers.
func TestPermissionsOfOneAccountDoNotBindAnswers(t *testing.T) {
	t.Parallel()
	as := provisioned(t, "")
	publisher, operator := as(t, "publisher"), as(t, "operator")
	_, err := publisher.js.Publish(t.Context(), "shipments.accepted.forged", []byte("{}"))
	require.Error(t, err)
	require.NoError(t, publisher.PublishMsg(&nats.Msg{Subject: "shipments.created", Reply: "shipments.accepted.forged", Data: []byte("{}")}))
	require.Eventually(t, func() bool { return len(messagesOf(t, operator, "shipments.accepted.forged")) == 1 }, 30*time.Second, 50*time.Millisecond,
		"if this fails, the server has learnt to check it: say so in docs/security.md")
}

// roleLike has the name and inbox prefix of a user of the example.
func roleLike(name string) permissions.Role {
	role := name
	if name == "orders" {
		role = "publisher"
	}
	return permissions.Role{Name: name, InboxPrefix: "_INBOX_shipments_" + role}
}

func messagesOf(t *testing.T, c connection, subject string) []string {
	t.Helper()
	return subjectsIn(t, c, events.StreamEvents, subject)
}

func inputsOf(t *testing.T, c connection, subject string) []string {
	t.Helper()
	return subjectsIn(t, c, events.StreamShipments, subject)
}

func subjectsIn(t *testing.T, c connection, stream, subject string) []string {
	t.Helper()
	var found []string
	require.NoError(t, streams.Walk(t.Context(), c.js, streams.Range{Stream: stream, Subject: subject}, func(msg *jetstream.RawStreamMsg) bool {
		found = append(found, msg.Subject)
		return true
	}))
	return found
}
