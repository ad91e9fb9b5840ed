package streams

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// setting is a setting of C, a stream's or a consumer's configuration, that
// changes what the service does, or what becomes of its messages.
type setting[C any] struct {
	name string
	// get returns the value, as it is compared and shown.
	get func(C) any
	// set takes the wanted value over. Without it the setting cannot be changed, or
	// not without losing data: then advice is the reason and what to do.
	set    func(have *C, want C)
	advice string
	// harmless: what cannot be changed stays, since the service works with it.
	harmless bool
}

// changeable is a setting that one field has and that can be changed.
func changeable[C, V any](name string, field func(*C) *V) setting[C] {
	return setting[C]{
		name: name, get: func(c C) any { return *field(&c) },
		set: func(have *C, want C) { *field(have) = *field(&want) },
	}
}

// limit is a changeable setting for which JetStream has two values for none.
func limit[C any, V int | int32 | int64](name string, field func(*C) *V) setting[C] {
	s := changeable(name, field)
	s.get = func(c C) any { return unlimited(int64(*field(&c))) }
	return s
}

// StreamSettings are not compared where they change nothing of that: description,
// placement, compression, first sequence, republishing, atomic and batched
// publishing, and metadata of others.
var streamSettings = []setting[jetstream.StreamConfig]{
	{
		name: "retention", get: func(c jetstream.StreamConfig) any { return c.Retention },
		advice: "another retention would discard messages; copy the stream under another name, delete it with `nats stream rm`, and start again",
	},
	{
		name: "storage", get: func(c jetstream.StreamConfig) any { return c.Storage },
		advice: "JetStream cannot change it; save the stream with `nats stream backup`, delete it, and restore it with the wanted storage",
	},
	{
		name: "subjects", get: func(c jetstream.StreamConfig) any {
			return strings.Join(slices.Sorted(slices.Values(c.Subjects)), " ")
		},
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.Subjects = want.Subjects },
	},
	changeable("max age", func(c *jetstream.StreamConfig) *time.Duration { return &c.MaxAge }),
	limit("max messages", func(c *jetstream.StreamConfig) *int64 { return &c.MaxMsgs }),
	limit("max bytes", func(c *jetstream.StreamConfig) *int64 { return &c.MaxBytes }),
	limit("max messages per subject", func(c *jetstream.StreamConfig) *int64 { return &c.MaxMsgsPerSubject }),
	limit("max message size", func(c *jetstream.StreamConfig) *int32 { return &c.MaxMsgSize }),
	limit("max consumers", func(c *jetstream.StreamConfig) *int { return &c.MaxConsumers }),
	{
		name: "consumer limits", get: func(c jetstream.StreamConfig) any {
			return fmt.Sprintf("max ack pending %s, inactive threshold %s", unlimited(int64(c.ConsumerLimits.MaxAckPending)), c.ConsumerLimits.InactiveThreshold)
		},
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) {
			have.ConsumerLimits = want.ConsumerLimits
		},
	},
	changeable("discard", func(c *jetstream.StreamConfig) *jetstream.DiscardPolicy { return &c.Discard }),
	changeable("discard new per subject", func(c *jetstream.StreamConfig) *bool { return &c.DiscardNewPerSubject }),
	changeable("replicas", func(c *jetstream.StreamConfig) *int { return &c.Replicas }),
	changeable("duplicate window", func(c *jetstream.StreamConfig) *time.Duration { return &c.Duplicates }),
	changeable("direct get", func(c *jetstream.StreamConfig) *bool { return &c.AllowDirect }),
	changeable("no ack", func(c *jetstream.StreamConfig) *bool { return &c.NoAck }),
	{
		name: "allow rollup", get: func(c jetstream.StreamConfig) any { return c.AllowRollup && !c.AllowMsgSchedules }, // which need it
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) { have.AllowRollup = want.AllowRollup },
	},
	{
		name: "subject transform", get: func(c jetstream.StreamConfig) any { return transform(c.SubjectTransform) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) {
			have.SubjectTransform = want.SubjectTransform
		},
	},
	{
		name: "sealed", get: func(c jetstream.StreamConfig) any { return c.Sealed },
		advice: "a sealed stream takes no message any more, and cannot be unsealed; save it with `nats stream backup`, delete it, and restore it unsealed",
	},
	{
		name: "mirror", get: func(c jetstream.StreamConfig) any { return sources(c.Mirror) },
		advice: "a mirror takes no message but those of its origin; promote it with `nats stream edit` when nothing writes to the origin any more",
	},
	{
		name: "sources", get: func(c jetstream.StreamConfig) any { return sources(c.Sources...) },
		advice: "messages of other streams are stored here too; remove the sources with `nats stream edit` if nobody needs them",
	},
	{
		name: "persist mode", get: func(c jetstream.StreamConfig) any { return c.PersistMode },
		advice: "messages would be confirmed before they are written, and JetStream cannot change it; save the stream with `nats stream backup`, delete it, and restore it",
	},
	{
		name: "message counter", get: func(c jetstream.StreamConfig) any { return c.AllowMsgCounter },
		advice: "a stream of counters takes no events, and JetStream cannot change it; copy the stream under another name, delete it with `nats stream rm`, and start again",
	},
	{
		name: "deny delete", get: func(c jetstream.StreamConfig) any { return c.DenyDelete }, harmless: true,
		advice: "JetStream cannot take it back; the service deletes no message of this stream",
	},
	{
		name: "deny purge", get: func(c jetstream.StreamConfig) any { return c.DenyPurge }, harmless: true,
		advice: "JetStream cannot take it back; the service purges nothing of this stream",
	},
	{
		name: "message TTL", get: func(c jetstream.StreamConfig) any { return c.AllowMsgTTL }, harmless: true,
		advice: "JetStream cannot take it back; do not let publishers send the header Nats-TTL, with which their events expire",
	},
	{
		name: "message schedules", get: func(c jetstream.StreamConfig) any { return c.AllowMsgSchedules }, harmless: true,
		advice: "JetStream cannot take it back; do not let publishers send the header Nats-Schedule",
	},
	{
		name: "monitoring", get: func(c jetstream.StreamConfig) any { return monitored(c.Metadata) },
		set: func(have *jetstream.StreamConfig, want jetstream.StreamConfig) {
			monitor(&have.Metadata, want.Metadata)
		},
	},
}

const recreate = "JetStream cannot change it; delete the consumer with `nats consumer rm " + events.StreamShipments + " " + ConsumerName +
	"`: it is created anew, and events that had their effect are recognised"

// Consumer settings are not compared where they change nothing: description, the
// sampling of acks, and metadata of others.
var consumerSettings = []setting[jetstream.ConsumerConfig]{
	{name: "ack policy", get: func(c jetstream.ConsumerConfig) any { return c.AckPolicy }, advice: recreate},
	{name: "deliver policy", get: func(c jetstream.ConsumerConfig) any { return c.DeliverPolicy }, advice: recreate},
	{name: "deliver subject", get: func(c jetstream.ConsumerConfig) any { return c.DeliverSubject }, advice: recreate},
	{name: "replay policy", get: func(c jetstream.ConsumerConfig) any { return c.ReplayPolicy }, advice: recreate},
	{name: "memory storage", get: func(c jetstream.ConsumerConfig) any { return c.MemoryStorage }, advice: recreate},
	{name: "max waiting", get: func(c jetstream.ConsumerConfig) any { return c.MaxWaiting }, advice: recreate},
	changeable("ack wait", func(c *jetstream.ConsumerConfig) *time.Duration { return &c.AckWait }),
	changeable("max deliveries", func(c *jetstream.ConsumerConfig) *int { return &c.MaxDeliver }),
	changeable("max ack pending", func(c *jetstream.ConsumerConfig) *int { return &c.MaxAckPending }),
	{
		name: "back-off", get: func(c jetstream.ConsumerConfig) any { return fmt.Sprint(c.BackOff) },
		set: func(have *jetstream.ConsumerConfig, want jetstream.ConsumerConfig) { have.BackOff = want.BackOff },
	},
	{
		name: "filter", get: func(c jetstream.ConsumerConfig) any {
			return strings.Join(append(slices.Clone(c.FilterSubjects), c.FilterSubject), " ")
		},
		set: func(have *jetstream.ConsumerConfig, want jetstream.ConsumerConfig) {
			have.FilterSubject, have.FilterSubjects = want.FilterSubject, want.FilterSubjects
		},
	},
	changeable("headers only", func(c *jetstream.ConsumerConfig) *bool { return &c.HeadersOnly }),
	limit("max batch", func(c *jetstream.ConsumerConfig) *int { return &c.MaxRequestBatch }),
	changeable("max expires", func(c *jetstream.ConsumerConfig) *time.Duration { return &c.MaxRequestExpires }),
	limit("max bytes", func(c *jetstream.ConsumerConfig) *int { return &c.MaxRequestMaxBytes }),
	changeable("inactive threshold", func(c *jetstream.ConsumerConfig) *time.Duration { return &c.InactiveThreshold }),
	changeable("replicas", func(c *jetstream.ConsumerConfig) *int { return &c.Replicas }),
	{
		name: "priority groups", get: func(c jetstream.ConsumerConfig) any { return strings.Join(c.PriorityGroups, " ") },
		set: func(have *jetstream.ConsumerConfig, want jetstream.ConsumerConfig) {
			have.PriorityPolicy, have.PriorityGroups, have.PinnedTTL = want.PriorityPolicy, want.PriorityGroups, want.PinnedTTL
		},
	},
	{
		name: "pause", get: func(c jetstream.ConsumerConfig) any { return paused(c.PauseUntil) }, harmless: true,
		advice: "somebody paused the consumer, so no shipment is taken until then; `nats consumer resume " + events.StreamShipments + " " + ConsumerName + "` ends that",
	},
	{
		name: "monitoring", get: func(c jetstream.ConsumerConfig) any { return monitored(c.Metadata) },
		set: func(have *jetstream.ConsumerConfig, want jetstream.ConsumerConfig) {
			monitor(&have.Metadata, want.Metadata)
		},
	},
}

// compare finds the settings of an object that differ.
func compare[C any](object string, settings []setting[C], have, want C) []Difference {
	var differences []Difference
	for _, s := range settings {
		h, w := fmt.Sprint(s.get(have)), fmt.Sprint(s.get(want))
		if h == w {
			continue
		}
		d := Difference{Object: object, Setting: s.name, Have: shown(h), Want: shown(w), Change: Update, Advice: s.advice}
		switch {
		case s.harmless:
			d.Change = Keep
		case s.set == nil:
			d.Change = Conflict
		}
		differences = append(differences, d)
	}
	return differences
}

// repair sets all settings that can be changed to what is wanted.
func repair[C any](settings []setting[C], have *C, want C) {
	for _, s := range settings {
		if s.set != nil {
			s.set(have, want)
		}
	}
}

// CompareStream finds the settings of a stream that are not as wanted. One that is
// to have no monitoring may have it.
func CompareStream(have, want jetstream.StreamConfig) []Difference {
	differences := compare(want.Name, streamSettings, have, want)
	if monitored(want.Metadata) == "" {
		differences = slices.DeleteFunc(differences, func(d Difference) bool { return d.Setting == "monitoring" })
	}
	for i := range differences {
		d := &differences[i]
		if d.Setting == "subjects" && !coversAll(want.Subjects, have.Subjects) {
			d.Change = Conflict
			d.Advice = "somebody added subjects, whose messages would no longer be stored; remove them with `nats stream edit` if nobody needs them"
		}
		if d.Setting == "sources" && want.Name == events.StreamShipments {
			d.Change = Keep
			d.Advice = "inputs come from other streams too; they are checked as all others are"
		}
	}
	return differences
}

func compareConsumer(have, want jetstream.ConsumerConfig) []Difference {
	return compare(events.StreamShipments+" > "+ConsumerName, consumerSettings, have, want)
}

// coversAll reports whether subjects match all that some match. Each pattern has
// to be matched whole by one of them.
func coversAll(subjects, some []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool {
		return !slices.ContainsFunc(subjects, func(pattern string) bool { return covers(pattern, one) })
	})
}

// covers reports whether a subject pattern matches all that another one matches.
func covers(pattern, other string) bool {
	tokens, others := strings.Split(pattern, "."), strings.Split(other, ".")
	for i, token := range tokens {
		switch {
		case i >= len(others):
			return false
		case token == ">":
			return true
		case others[i] == ">", token != "*" && token != others[i]:
			return false
		}
	}
	return len(tokens) == len(others)
}

// unlimited shows a limit: 0 and -1 are none.
func unlimited(limit int64) string {
	if limit <= 0 {
		return "unlimited"
	}
	return fmt.Sprint(limit)
}

func shown(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

func transform(t *jetstream.SubjectTransformConfig) string {
	if t == nil {
		return ""
	}
	return t.Source + " to " + t.Destination
}

func sources(from ...*jetstream.StreamSource) string {
	var names []string
	for _, s := range from {
		if s != nil {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

func paused(until *time.Time) string {
	if until == nil || until.Before(time.Now()) {
		return ""
	}
	return "until " + until.UTC().Format(time.RFC3339)
}
