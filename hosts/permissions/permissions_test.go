package permissions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/api/presence"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts/permissions"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// password is that of every user.
const password = "secret"

// start runs nats-server with a configuration whose users are the roles, with the
// permissions as they are printed, and returns its URL.
func start(t *testing.T, roles []permissions.Role, settings string) string {
	t.Helper()
	var conf bytes.Buffer
	require.NoError(t, permissions.Print(&conf, "conf", roles))
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "permissions.conf"), conf.Bytes(), 0o600))
	var users strings.Builder
	for _, r := range roles {
		fmt.Fprintf(&users, "      {user: %s, password: %s, permissions: $%s}\n", r.Name, password, r.Variable())
	}
	text := fmt.Sprintf("include permissions.conf\nlisten: \"127.0.0.1:-1\"\n%s\njetstream: {store_dir: %q}\naccounts: {\n  SHIPMENTS: {\n    jetstream: enabled\n    users: [\n%s    ]\n  }\n}\n",
		settings, filepath.Join(folder, "data"), users.String())
	file := filepath.Join(folder, "nats.conf")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	options, err := natsserver.ProcessConfigFile(file)
	require.NoError(t, err)
	options.NoLog, options.NoSigs = true, true
	server, err := natsserver.NewServer(options)
	require.NoError(t, err)
	server.Start()
	t.Cleanup(func() { server.Shutdown(); server.WaitForShutdown() })
	require.True(t, server.ReadyForConnections(10*time.Second))
	return server.ClientURL()
}

// connection is a connection of a role's.
type connection struct {
	*nats.Conn

	js jetstream.JetStream
}

func connect(t *testing.T, url string, role permissions.Role) connection {
	t.Helper()
	nc, err := nats.Connect(url, nats.UserInfo(role.Name, password), nats.CustomInboxPrefix(role.InboxPrefix), nats.Timeout(20*time.Second),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return connection{nc, js}
}

func roleOf(t *testing.T, roles []permissions.Role, name string) permissions.Role {
	t.Helper()
	i := slices.IndexFunc(roles, func(r permissions.Role) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, "no role %s", name)
	return roles[i]
}

// provisioned runs a server with the streams, made by the provisioner.
func provisioned(t *testing.T, settings string) (as func(t *testing.T, role string) connection) {
	t.Helper()
	roles := permissions.Roles(permissions.Options{})
	url := start(t, roles, settings)
	as = func(t *testing.T, role string) connection {
		t.Helper()
		return connect(t, url, roleOf(t, roles, role))
	}
	p := as(t, "provisioner")
	for range 2 {
		_, err := streams.Provision(t.Context(), p.js, 1)
		require.NoError(t, err)
		require.NoError(t, documents.Provision(t.Context(), p.js, 1))
	}
	_, err := p.js.CreateOrUpdateConsumer(t.Context(), events.StreamEvents, jetstream.ConsumerConfig{Durable: "subscriber", AckPolicy: jetstream.AckExplicitPolicy})
	require.NoError(t, err)
	require.NoError(t, p.LastError())
	return as
}

// TestPermissionsLetEachRoleWork does as each role what its work consists of, with
// the functions that its work uses.
func TestPermissionsLetEachRoleWork(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"with acknowledgements in their first form":  "",
		"with acknowledgements in their second form": "feature_flags: {js_ack_fc_v2: true}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as := provisioned(t, settings)
			now := time.Now()
			ev, err := events.NewCreated("1", "/team", now, sample.Shipment("abc", now))
			require.NoError(t, err)

			publisher := as(t, "publisher")
			_, err = streams.NewPublisher(publisher.js, "http://api.test").PublishCreated(t.Context(), ev, "abc")
			require.NoError(t, err)
			_, err = publisher.js.Publish(t.Context(), events.TypeCancellationRequested, []byte("{}"))
			require.NoError(t, err)

			consumer := as(t, "consumer")
			take(t, consumer, events.StreamShipments, streams.ConsumerName)
			followed, err := consumer.SubscribeSync(events.TypeAccepted + ".*")
			require.NoError(t, err)
			rejection := events.Rejection{ShipmentID: "abc", Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON}}}
			require.NoError(t, streams.NewPublisher(consumer.js, "http://api.test").Reject(t.Context(), rejection))
			_, err = streams.ReadLedger(t.Context(), consumer.js, "abc")
			require.ErrorIs(t, err, streams.ErrUnknownShipment)

			orchestrator := as(t, "orchestrator")
			outcome := events.Outcome{
				Type: events.TypeAccepted, Sequence: 1, Time: now, Data: events.Accepted{ShipmentID: "abc"},
				Lineage: events.Lineage{ShipmentID: "abc", RunID: "run-1", CausationID: "1", CorrelationID: "1"},
			}
			for range 2 {
				_, err = streams.NewPublisher(orchestrator.js, "http://api.test").PublishOnce(t.Context(), outcome)
				require.NoError(t, err)
			}
			_, err = streams.ReadInput(t.Context(), orchestrator.js, 1)
			require.NoError(t, err)
			require.NoError(t, streams.NewPublisher(orchestrator.js, "http://api.test").Reject(t.Context(), rejection))
			_, err = followed.NextMsg(5 * time.Second)
			require.NoError(t, err)

			collection := as(t, "collection")
			_, err = streams.OutcomePublished(t.Context(), collection.js, events.TypeCollectionBooked, "abc")
			require.NoError(t, err)

			documentsHost := as(t, "documents")
			store := documents.NewStore(documentsHost.js)
			for _, content := range []string{"one", "another", strings.Repeat("long", 100_000)} {
				require.NoError(t, store.Put(t.Context(), "abc_labels", []byte(content)))
			}

			api := as(t, "api")
			_, _, err = documents.NewStore(api.js).Get(t.Context(), "abc_labels")
			require.NoError(t, err)
			_, err = streams.ReadStatus(t.Context(), api.js, "abc")
			require.NoError(t, err)
			_, err = streams.NewPublisher(api.js, "http://api.test").PublishCreated(t.Context(), ev, "abc")
			require.NoError(t, err)

			operator := as(t, "operator")
			require.NoError(t, streams.Rejections(t.Context(), operator.js, "", now.Add(-time.Hour), func(streams.StoredRejection) bool { return true }))
			for _, c := range []connection{api, operator} {
				for _, stream := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections} {
					follows(t, c, streams.Range{Stream: stream, Subject: "shipments.*.abc"})
					follows(t, c, streams.Range{Stream: stream})
				}
			}
			stored, err := streams.ReadRejection(t.Context(), operator.js, 1)
			require.NoError(t, err)
			require.Equal(t, "abc", stored.ShipmentID)
			input, err := streams.ReadInput(t.Context(), operator.js, 1)
			require.NoError(t, err)
			_, err = streams.NewPublisher(operator.js, "http://api.test").Replay(t.Context(), events.Rejection{Input: input}, "run", "")
			require.NoError(t, err)
			standings, err := streams.Standings(t.Context(), operator.js, []streams.StoredRejection{stored, {Rejection: events.Rejection{Input: input}}})
			require.NoError(t, err)
			require.Equal(t, streams.RejectionOpen, standings[0].State)
			require.Equal(t, streams.RejectionReplayed, standings[1].State)

			for _, c := range []connection{api, operator} {
				others, err := presence.Follow(c.Conn)
				require.NoError(t, err)
				others.Close()
			}

			subscriber := as(t, "subscriber")
			take(t, subscriber, events.StreamEvents, "subscriber")

			for _, host := range []string{"consumer", "orchestrator", "manifestation", "documents", "collection", "carrier", "api", "operator"} {
				c := as(t, host)
				if host != "operator" {
					require.NoError(t, c.Publish(presence.Subject(host), []byte("{}")))
				}
				differences, err := streams.Check(t.Context(), c.js, 1)
				require.NoError(t, err, host)
				require.Empty(t, differences, host)
				require.NoError(t, c.LastError(), host)
			}
			for _, c := range []connection{publisher, consumer, orchestrator, collection, documentsHost, api, operator, subscriber} {
				require.NoError(t, c.Flush())
				require.NoError(t, c.LastError(), "nothing was refused")
			}
		})
	}
}

// take pulls a message by a durable consumer, and acknowledges it, confirmed.
func take(t *testing.T, c connection, stream, durable string) {
	t.Helper()
	consumer, err := c.js.Consumer(t.Context(), stream, durable)
	require.NoError(t, err)
	msg, err := consumer.Next(jetstream.FetchMaxWait(5 * time.Second))
	require.NoError(t, err)
	require.NoError(t, msg.InProgress())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(t, msg.DoubleAck(ctx))
}

// follows reads a range of a stream to its end, as views and commands do.
func follows(t *testing.T, c connection, r streams.Range) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	read := 0
	require.ErrorIs(t, streams.Follow(ctx, c.js, r, func(streams.Followed) { read++ }, cancel), context.Canceled)
	require.Positive(t, read)
}

// operation is what a role may not do.
type operation struct {
	role    string
	what    string
	publish string // a subject
	// subscribe, if publish is empty.
	subscribe string
}

// denied are the operations that are refused. Those of a role "*" are refused to
// all roles but those in but.
func denied() []operation {
	const (
		js       = "$JS.API."
		durable  = "SHIPMENTS.shipment-process"
		ledger   = "shipments.accepted.abc"
		docs     = "OBJ_shipment-documents"
		evidence = "SHIPMENT_EVENTS"
	)
	var all []operation
	add := func(what, publish string, roles ...string) {
		for _, r := range roles {
			all = append(all, operation{role: r, what: what, publish: publish})
		}
	}
	read := func(what, subscribe string, roles ...string) {
		for _, r := range roles {
			all = append(all, operation{role: r, what: what, subscribe: subscribe})
		}
	}
	except := func(names ...string) []string {
		return slices.DeleteFunc(permissions.Names(), func(name string) bool { return slices.Contains(names, name) })
	}
	// The ledger, and the other outcomes.
	add("claim a shipment in the ledger", ledger, except("orchestrator")...)
	add("complete a shipment", "shipments.completed.abc", except("orchestrator")...)
	add("fail a shipment", "shipments.failed.abc", "publisher", "subscriber", "api", "operator", "documents", "carrier")
	add("reject an input", "shipments.rejected.abc", except("orchestrator", "consumer")...)
	add("publish an input", "shipments.created.abc", except("publisher", "api", "operator")...)
	add("request a cancellation", "shipments.cancellation-requested.abc", "subscriber", "carrier", "orchestrator", "provisioner")
	add("publish to an event type that there is not", "shipments.invented.abc", "orchestrator", "publisher", "api")
	add("publish to another program", "orders.created", "publisher", "api", "orchestrator", "operator")
	// Streams.
	for _, stream := range []string{"SHIPMENTS", evidence, "SHIPMENT_REJECTIONS", docs, "KV_shipment-replays"} {
		add("update stream "+stream, js+"STREAM.UPDATE."+stream, except("provisioner")...)
		add("delete stream "+stream, js+"STREAM.DELETE."+stream, permissions.Names()...)
		add("restore stream "+stream, js+"STREAM.RESTORE."+stream, "operator", "api", "provisioner")
		add("take a snapshot of stream "+stream, js+"STREAM.SNAPSHOT."+stream, "operator", "api", "subscriber")
		add("delete a message of stream "+stream, js+"STREAM.MSG.DELETE."+stream, permissions.Names()...)
	}
	for _, stream := range []string{"SHIPMENTS", evidence, "SHIPMENT_REJECTIONS"} {
		add("purge stream "+stream, js+"STREAM.PURGE."+stream, permissions.Names()...)
	}
	add("purge the documents", js+"STREAM.PURGE."+docs, except("documents", "carrier")...)
	add("create a stream on the ledger's subjects", js+"STREAM.CREATE.MINE", permissions.Names()...)
	add("mirror a stream", js+"STREAM.CREATE.COPY", "provisioner", "operator", "subscriber")
	add("look at another program's stream", js+"STREAM.INFO.ORDERS", "operator", "api", "provisioner")
	add("list the streams", js+"STREAM.NAMES", "publisher", "subscriber", "api")
	add("step a leader down", js+"STREAM.LEADER.STEPDOWN."+evidence, permissions.Names()...)
	// Consumers: whoever creates one may have it deliver into the ledger.
	add("create a consumer of the ledger with a deliver subject", js+"CONSUMER.CREATE."+evidence+".forger", except("provisioner")...)
	add("create a consumer with a deliver subject and a filter", js+"CONSUMER.CREATE."+evidence+".forger.shipments.created.abc", except("provisioner")...)
	add("create a consumer of the inputs with a deliver subject", js+"CONSUMER.CREATE.SHIPMENTS.forger", permissions.Names()...)
	add("create a consumer in the old way", js+"CONSUMER.DURABLE.CREATE."+evidence+".forger", permissions.Names()...)
	add("create a consumer without a name", js+"CONSUMER.CREATE."+evidence, except("provisioner")...)
	add("change the durable consumer", js+"CONSUMER.CREATE."+durable, except("provisioner")...)
	add("delete the durable consumer", js+"CONSUMER.DELETE."+durable, permissions.Names()...)
	add("pause the durable consumer", js+"CONSUMER.PAUSE."+durable, permissions.Names()...)
	add("take inputs from the durable consumer", js+"CONSUMER.MSG.NEXT."+durable, except("consumer")...)
	add("take another subscriber's events", js+"CONSUMER.MSG.NEXT."+evidence+".other", permissions.Names()...)
	// Acknowledgements.
	add("acknowledge an input that another one has", "$JS.ACK."+durable+".1.1.1.1.0", except("consumer")...)
	add("acknowledge an input in the second form", "$JS.ACK._.hash."+durable+".1.1.1.1.0", except("consumer")...)
	add("acknowledge another subscriber's event", "$JS.ACK."+evidence+".other.1.1.1.1.0", permissions.Names()...)
	// Reading.
	read("read another role's replies", "_INBOX_shipments_api.>", except("api")...)
	read("read all replies", "_INBOX.>", permissions.Names()...)
	read("read everything", ">", permissions.Names()...)
	read("read the inputs as they come", "shipments.created.*", except("operator", "api")...)
	read("read what others ask of JetStream", "$JS.API.>", permissions.Names()...)
	read("read the acknowledgements", "$JS.ACK.>", permissions.Names()...)
	read("read the documents as they are stored", "$O.shipment-documents.>", permissions.Names()...)
	read("read the server's events", "$SYS.>", permissions.Names()...)
	add("read inputs", js+"STREAM.MSG.GET.SHIPMENTS", "publisher", "subscriber", "carrier", "manifestation", "documents", "collection", "provisioner")
	add("read outcomes without a consumer", js+"DIRECT.GET."+evidence, "publisher", "subscriber", "carrier", "manifestation", "documents", "provisioner")
	add("read a document", js+"DIRECT.GET."+docs, "publisher", "subscriber", "consumer", "orchestrator", "provisioner")
	add("read rejections", js+"DIRECT.GET.SHIPMENT_REJECTIONS", "publisher", "subscriber", "carrier", "documents", "collection", "provisioner")
	// Documents.
	add("store a chunk of a document", "$O.shipment-documents.C.abc", except("documents", "carrier")...)
	add("replace or delete a document", "$O.shipment-documents.M.abc", except("documents", "carrier")...)
	// Presence.
	for _, host := range []string{"consumer", "orchestrator", "carrier", "api"} {
		add("say that the "+host+" host is there", presence.Subject(host), except(host)...)
	}
	read("read which processes are there", presence.Subjects, except("api", "operator")...)
	// Marks of replays.
	add("mark a rejection as replayed", "$KV.shipment-replays.abc", except("api", "operator")...)
	// The server.
	add("ask the server's internals", "$SYS.REQ.SERVER.PING", permissions.Names()...)
	add("answer for another role", "_INBOX_shipments_api.reply", permissions.Names()...)
	return all
}

// allowed are those of the operations that a server does not refuse.
func allowed(t *testing.T, url string, roles []permissions.Role, operations []operation) []operation {
	t.Helper()
	var passed []operation
	connections := map[string]connection{}
	for _, o := range operations {
		c, connected := connections[o.role]
		if !connected {
			c = connect(t, url, roleOf(t, roles, o.role))
			connections[o.role] = c
		}
		refusal := fmt.Sprintf("Subscription to %q", o.subscribe)
		if o.publish != "" {
			require.NoError(t, c.PublishRequest(o.publish, c.NewInbox(), []byte("{}")))
			refusal = fmt.Sprintf("Publish to %q", o.publish)
		} else {
			_, err := c.SubscribeSync(o.subscribe)
			require.NoError(t, err)
		}
		require.NoError(t, c.Flush())
		if err := c.LastError(); !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), refusal) {
			passed = append(passed, o)
		}
	}
	return passed
}

func TestPermissionsDenyTheRest(t *testing.T) {
	t.Parallel()
	operations := denied()
	kinds := map[string]bool{}
	for _, o := range operations {
		kinds[o.what] = true
	}
	require.GreaterOrEqual(t, len(kinds), 60)
	roles := permissions.Roles(permissions.Options{})
	t.Run("to each role", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, allowed(t, start(t, roles, ""), roles, operations))
	})
	t.Run("which wildcards would not", func(t *testing.T) {
		t.Parallel()
		loose := slices.Clone(roles)
		for i := range loose {
			loose[i].Publish, loose[i].Subscribe = []string{">"}, []string{">"}
		}
		passed := allowed(t, start(t, loose, ""), loose, operations)
		for _, o := range operations {
			require.Contains(t, passed, o)
		}
	})
	for name, loosen := range map[string]func(subject string) string{
		"the JetStream API":  func(s string) string { return wildcard(s, "$JS.API.STREAM.INFO.SHIPMENTS", "$JS.API.>") },
		"the events":         func(s string) string { return wildcard(s, "shipments.created", "shipments.>") },
		"the answers":        func(s string) string { return wildcard(s, "$JS.ACK.SHIPMENTS.shipment-process.>", "$JS.ACK.>") },
		"the documents":      func(s string) string { return wildcard(s, "$JS.API.DIRECT.GET.OBJ_shipment-documents", "$O.>") },
		"the replies":        func(s string) string { return wildcard(s, "_INBOX_shipments_subscriber.>", "*.>") },
		"the types of event": func(s string) string { return wildcard(s, "shipments.accepted.*", "shipments.*.*") },
	} {
		t.Run("which a wildcard for "+name+" would not", func(t *testing.T) {
			t.Parallel()
			loose := slices.Clone(roles)
			for i := range loose {
				loose[i].Publish, loose[i].Subscribe = slices.Clone(loose[i].Publish), slices.Clone(loose[i].Subscribe)
				for _, subjects := range [][]string{loose[i].Publish, loose[i].Subscribe} {
					for k := range subjects {
						subjects[k] = loosen(subjects[k])
					}
				}
			}
			require.NotEqual(t, roles, loose)
			require.NotEmpty(t, allowed(t, start(t, loose, ""), loose, operations))
		})
	}
}

func wildcard(subject, narrow, wide string) string {
	if subject == narrow {
		return wide
	}
	return subject
}

// TestPermissionsOfAForger tries what would forge the ledger by way of the server.
func TestPermissionsOfAForger(t *testing.T) {
	t.Parallel()
	as := provisioned(t, "")
	for _, role := range []string{"publisher", "subscriber", "api", "operator"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			c := as(t, role)
			for what, try := range map[string]func(context.Context) error{
				"a consumer with a deliver subject": func(ctx context.Context) error {
					_, err := c.js.CreatePushConsumer(ctx, events.StreamShipments, jetstream.ConsumerConfig{
						DeliverSubject: "shipments.accepted.forged", AckPolicy: jetstream.AckNonePolicy,
					})
					return err
				},
				"a stream that republishes": func(ctx context.Context) error {
					_, err := c.js.CreateStream(ctx, jetstream.StreamConfig{
						Name: "FORGER", Subjects: []string{"forged.*"}, RePublish: &jetstream.RePublish{Source: "forged.*", Destination: "shipments.accepted.{{wildcard(1)}}"},
					})
					return err
				},
				"the ledger's stream with other subjects": func(ctx context.Context) error {
					config := streams.Configs(1)[1]
					config.Subjects = append(config.Subjects, "forged.>")
					_, err := c.js.UpdateStream(ctx, config)
					return err
				},
				"an entry": func(ctx context.Context) error {
					_, err := c.js.Publish(ctx, "shipments.accepted.forged", []byte("{}"))
					return err
				},
			} {
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				err := try(ctx)
				cancel()
				require.Error(t, err, what)
			}
		})
	}
	t.Cleanup(func() {
		_, err := streams.ReadLedger(context.Background(), as(t, "operator").js, "forged")
		require.ErrorIs(t, err, streams.ErrUnknownShipment)
	})
}

func TestPermissionsNamed(t *testing.T) {
	t.Parallel()
	role, err := permissions.Named(permissions.Options{}, "orchestrator", "documents")
	require.NoError(t, err)
	require.Equal(t, "_INBOX_shipments_orchestrator_documents", role.InboxPrefix)
	require.Contains(t, role.Publish, "shipments.accepted.*")
	require.Contains(t, role.Publish, "$O.shipment-documents.M.*")
	require.Equal(t, []string{"_INBOX_shipments_orchestrator_documents.>"}, role.Subscribe)
	_, err = permissions.Named(permissions.Options{}, "nobody")
	require.ErrorContains(t, err, "is not a role: use consumer, orchestrator,")
	_, err = permissions.Named(permissions.Options{})
	require.Error(t, err)

	domain, err := permissions.Named(permissions.Options{Domain: "hub", Durable: "warehouse"}, "subscriber")
	require.NoError(t, err)
	require.Contains(t, domain.Publish, "$JS.hub.API.CONSUMER.MSG.NEXT.SHIPMENT_EVENTS.warehouse")
}

func TestPermissionsPrint(t *testing.T) {
	t.Parallel()
	role := permissions.Role{Name: "api", Says: "serves", InboxPrefix: "_INBOX_shipments_api", Publish: []string{"a", "b"}, Subscribe: []string{"c"}}
	printed := func(t *testing.T, format string, roles ...permissions.Role) string {
		t.Helper()
		var out bytes.Buffer
		require.NoError(t, permissions.Print(&out, format, roles))
		return out.String()
	}
	t.Run("nsc", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "# serves: NATS_INBOX_PREFIX=_INBOX_shipments_api\nnsc add user --name shipments-api --allow-pub 'a,b' --allow-sub 'c'\n", printed(t, "nsc", role))
	})
	t.Run("json", func(t *testing.T) {
		t.Parallel()
		var roles []permissions.Role
		require.NoError(t, json.Unmarshal([]byte(printed(t, "json", role)), &roles))
		require.Equal(t, []permissions.Role{role}, roles)
	})
	t.Run("conf, where nothing may be published", func(t *testing.T) {
		t.Parallel()
		role := role
		role.Publish = nil
		url := start(t, []permissions.Role{role}, "")
		require.Empty(t, allowed(t, url, []permissions.Role{role}, []operation{{role: "api", what: "publish", publish: "a"}}))
	})
	t.Run("an unknown format", func(t *testing.T) {
		t.Parallel()
		require.ErrorContains(t, permissions.Print(&bytes.Buffer{}, "xml", nil), "use conf, nsc, json")
	})
}
