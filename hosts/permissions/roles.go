package permissions

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"shipments/activities/documents"
	"shipments/api/presence"
	"shipments/events"
	"shipments/events/streams"
	"shipments/workflows"
)

// Role is a user of NATS, and the subjects that it may publish and subscribe to.
type Role struct {
	Name string `json:"role"`
	Says string `json:"says"`
	// InboxPrefix is the role's own value of NATS_INBOX_PREFIX: replies to it are
	// for no other role to read.
	InboxPrefix string `json:"inboxPrefix"`
	// Publish and Subscribe are the subjects, sorted. All others are denied.
	Publish   []string `json:"publish"`
	Subscribe []string `json:"subscribe"`
}

// Options are what the table depends on.
type Options struct {
	// Domain is the JetStream domain, if the clients name one.
	Domain string
	// Durable is the name of the durable consumer of the subscriber role; default
	// "subscriber".
	Durable string
}

// bucket is the stream of the bucket of documents.
const bucket = "OBJ_" + documents.Bucket

// UserInfo is the request by which a user asks the server for its own permissions.
const UserInfo = "$SYS.REQ.USER.INFO"

// The streams that belong to the service.
var allStreams = []string{events.StreamShipments, events.StreamEvents, events.StreamRejections, bucket, streams.ReplayStream}

// Roles returns the table: a role for each host, and those of the people and
// programs around them.
func Roles(o Options) []Role {
	if o.Durable == "" {
		o.Durable = "subscriber"
	}
	b := builder{prefix: "$JS.API."}
	if o.Domain != "" {
		b.prefix = "$JS." + o.Domain + ".API."
	}
	inputs, outcomes := events.StreamSubjects(events.StreamShipments), events.StreamSubjects(events.StreamEvents)
	rejections := events.StreamSubjects(events.StreamRejections)

	consumer := b.role("consumer", "the consumer host: takes inputs, rejects those that it does not accept").host().tells().
		pulls(events.StreamShipments, streams.ConsumerName).publish(rejections...).subscribe(outcomes...).
		reads(events.StreamShipments, events.StreamEvents, events.StreamRejections)
	roles := []*builder{consumer}
	for _, w := range workflows.Workers() {
		r := b.role(w.Host, "the "+w.Host+" host: "+w.Summary).host().tells()
		switch w.Queue {
		case workflows.QueueOrchestrator:
			r.publish(outcomes...).publish(rejections...).reads(events.StreamShipments, events.StreamEvents, events.StreamRejections)
		case workflows.QueueDocuments, workflows.QueueCarrier: // The carrier host stores labels that carriers give.
			r.publish("$O."+documents.Bucket+".C.*", "$O."+documents.Bucket+".M.*").reads(bucket).
				api("STREAM.PURGE." + bucket)
		case workflows.QueueCollection:
			r.reads(events.StreamEvents)
		}
		roles = append(roles, r)
	}
	roles = append(roles,
		b.role("api", "the api host: publishes inputs, reads what became of them").host().tells().subscribe(presence.Subjects).publish(inputs...).publish(streams.ReplaySubjects).
			reads(allStreams...).subscribe(inputs...).subscribe(outcomes...).subscribe(rejections...),
		b.role("provisioner", "`shipments streams apply`: creates and updates streams and consumers").provisions(),
		b.role("publisher", "a program that publishes inputs").publish(inputs...),
		b.role("subscriber", "a program that takes outcome events by its durable consumer "+o.Durable).
			pulls(events.StreamEvents, o.Durable).subscribe(outcomes...),
		b.role("operator", "the other commands of shipments: publishes inputs, reads everything").host().subscribe(presence.Subjects).publish(inputs...).publish(streams.ReplaySubjects).
			reads(allStreams...).subscribe(inputs...).subscribe(outcomes...).subscribe(rejections...).api("INFO"),
	)
	table := make([]Role, len(roles))
	for i, r := range roles {
		table[i] = r.done()
	}
	return table
}

// Named returns one role that may do what the named ones may. Hosts that run in
// one process share one connection; so do the stages that run inline on a host. It
// is an error if a name is unknown, or there is none.
func Named(o Options, names ...string) (Role, error) {
	if len(names) == 0 {
		return Role{}, errors.New("no role is named")
	}
	table := Roles(o)
	union := Role{Name: strings.Join(names, "_")}
	union.InboxPrefix = inboxPrefix(union.Name)
	union.Subscribe = append(union.Subscribe, union.InboxPrefix+".>")
	var says []string
	for _, name := range names {
		i := slices.IndexFunc(table, func(r Role) bool { return r.Name == name })
		if i < 0 {
			return Role{}, fmt.Errorf("%q is not a role: use %s", name, strings.Join(Names(), ", "))
		}
		says = append(says, table[i].Says)
		union.Publish = append(union.Publish, table[i].Publish...)
		for _, subject := range table[i].Subscribe {
			if subject != table[i].InboxPrefix+".>" {
				union.Subscribe = append(union.Subscribe, subject)
			}
		}
	}
	union.Says, union.Publish, union.Subscribe = strings.Join(says, "; "), sorted(union.Publish), sorted(union.Subscribe)
	return union, nil
}

// Names are the names of the roles.
func Names() []string {
	var names []string
	for _, r := range Roles(Options{}) {
		names = append(names, r.Name)
	}
	return names
}

func inboxPrefix(name string) string { return "_INBOX_shipments_" + name }

func sorted(subjects []string) []string {
	slices.Sort(subjects)
	return slices.Compact(subjects)
}

// builder collects the subjects of a role.
type builder struct {
	prefix string // of the JetStream API
	Role
}

func (b *builder) role(name, says string) *builder {
	return &builder{prefix: b.prefix, Role: Role{Name: name, Says: says}}
}

func (b *builder) publish(subjects ...string) *builder {
	b.Publish = append(b.Publish, subjects...)
	return b
}

func (b *builder) subscribe(subjects ...string) *builder {
	b.Subscribe = append(b.Subscribe, subjects...)
	return b
}

func (b *builder) api(calls ...string) *builder {
	for _, call := range calls {
		b.publish(b.prefix + call)
	}
	return b
}

// host lets a host compare the streams and the durable consumer with what it
// needs.
func (b *builder) host() *builder {
	for _, stream := range allStreams {
		b.api("STREAM.INFO." + stream)
	}
	b.publish(UserInfo)
	return b.api("CONSUMER.INFO." + events.StreamShipments + "." + streams.ConsumerName)
}

// tells lets a host say that it is there.
func (b *builder) tells() *builder { return b.publish(presence.Subject(b.Name)) }

// reads lets a role read messages of streams, without a consumer: whoever may
// create one may have its messages delivered to any subject.
func (b *builder) reads(names ...string) *builder {
	for _, stream := range names {
		b.api("STREAM.MSG.GET."+stream, "DIRECT.GET."+stream, "DIRECT.GET."+stream+".>")
	}
	return b
}

// pulls lets a role take messages by a durable consumer that exists, and answer
// them, in both forms of the subjects of answers.
func (b *builder) pulls(stream, durable string) *builder {
	name := stream + "." + durable
	return b.api("CONSUMER.INFO."+name, "CONSUMER.MSG.NEXT."+name).
		publish("$JS.ACK."+name+".>", "$JS.ACK.*.*."+name+".>")
}

// provisions lets a role create and update the streams, the durable consumer, and
// the durable consumers of subscribers.
func (b *builder) provisions() *builder {
	b.host()
	for _, stream := range allStreams {
		b.api("STREAM.CREATE."+stream, "STREAM.UPDATE."+stream)
	}
	return b.api("CONSUMER.CREATE."+events.StreamShipments+"."+streams.ConsumerName,
		"CONSUMER.CREATE."+events.StreamEvents+".>", "CONSUMER.INFO."+events.StreamEvents+".*")
}

func (b *builder) done() Role {
	r := b.Role
	r.InboxPrefix = inboxPrefix(r.Name)
	r.Publish, r.Subscribe = sorted(r.Publish), sorted(append(r.Subscribe, r.InboxPrefix+".>"))
	return r
}
