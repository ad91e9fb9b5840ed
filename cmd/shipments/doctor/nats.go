package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/activities/documents"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts"
)

// The names of the checks of NATS.
const (
	checkNATS     = "NATS"
	checkStreams  = "streams"
	checkConsumer = "durable consumer"
	checkStorage  = "JetStream storage"
	checkSubjects = "JetStream subjects"
	checkNATSTime = "clock of NATS"
	checkRights   = "permissions in NATS"
	checkPayload  = "max_payload"
)

// manySubjects is the number of subjects in a stream from which on the server's memory
// and its start need attention.
const manySubjects = 1_000_000

// fullShare is the share of a storage limit from which on it is nearly reached.
const fullShare = 0.8

func (e *examination) nats() {
	if e.NATS == nil {
		e.add(checkNATS, Failed, e.NATSError.Error(), "see above: it names the variable and the remedy")
		e.skip("NATS cannot be reached", checkPayload, checkRights, checkStreams, checkConsumer, checkStorage, checkSubjects, checkNATSTime)
		return
	}
	where := e.NATS.ConnectedServerName()
	if cluster := e.NATS.ConnectedClusterName(); cluster != "" {
		where += ", cluster " + cluster
	}
	rtt, err := e.NATS.RTT()
	if err != nil {
		e.add(checkNATS, Warning, "connected to "+where+", and a ping got no answer: "+err.Error(), "see whether the server is overloaded")
	} else {
		transport := "without TLS"
		if e.NATS.TLSRequired() {
			transport = "with TLS"
		}
		if _, err := e.NATS.TLSConnectionState(); err == nil {
			transport = "with TLS"
		}
		e.ok(checkNATS, "connected to %s at %s, version %s, %s, round trip %s", where, e.NATS.ConnectedUrlRedacted(), e.NATS.ConnectedServerVersion(),
			transport, rtt.Round(10*time.Microsecond))
	}
	e.payload()
	e.permissions()
	e.streams()
	e.consumer()
	e.storage()
	e.clockOfNATS()
}

func (e *examination) payload() {
	have := e.NATS.MaxPayload()
	if have < streams.MinPayload {
		e.add(checkPayload, Failed, fmt.Sprintf("the server takes messages of at most %d bytes", have),
			fmt.Sprintf("set max_payload to at least %d in the server's configuration: a rejection holds the largest input", streams.MinPayload))
		return
	}
	e.ok(checkPayload, "%d bytes, of %d that are needed", have, streams.MinPayload)
}

// streams compares every stream, the bucket and their settings.
func (e *examination) streams() {
	ctx, cancel := e.within()
	defer cancel()
	differences, err := hosts.CheckStreams(ctx, e.JetStream, e.Config)
	if err != nil {
		e.add(checkStreams, Failed, e.problem(err),
			"start nats-server with --jetstream, or see whether this user may look up the streams and its cluster has leaders")
		return
	}
	failed := 0
	for _, d := range differences {
		if d.Object == "nats-server" { // It has a check of its own.
			continue
		}
		state, remedy := Warning, d.Advice
		switch d.Change {
		case streams.Create:
			state, remedy = Failed, "`shipments streams apply`, as a user who may create them (or SHIPMENTS_PROVISION=apply)"
		case streams.Conflict:
			state = Failed
		case streams.Update:
			remedy = "`shipments streams apply` changes it; so do hosts with SHIPMENTS_PROVISION=apply"
			if strings.HasSuffix(d.Object, streams.ConsumerName) {
				state = Failed // Pulls may be refused, and nothing is taken then.
			}
		case streams.Keep:
		}
		if remedy == "" {
			remedy = "`shipments streams check` has more"
		}
		failed++
		e.add("stream "+d.Object, state, fmt.Sprintf("%s is %s, wanted %s", d.Setting, d.Have, d.Want), remedy)
	}
	if failed == 0 {
		e.ok(checkStreams, "%s, %s, %s, the durable consumer and the bucket %s are as they should be",
			events.StreamShipments, events.StreamEvents, events.StreamRejections, documents.Bucket)
	}
}

// problem is an error of JetStream for people. A request that is not permitted gets no
// answer: the server says so apart from it.
func (e *examination) problem(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		if last := e.NATS.LastError(); errors.Is(last, nats.ErrPermissionViolation) {
			return strings.TrimPrefix(last.Error(), "nats: ")
		}
	}
	return strings.TrimPrefix(err.Error(), "nats: ")
}

// consumer looks whether somebody pulls.
func (e *examination) consumer() {
	ctx, cancel := e.within()
	defer cancel()
	consumer, err := e.JetStream.Consumer(ctx, events.StreamShipments, streams.ConsumerName)
	if err != nil {
		state := Failed
		if !errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jetstream.ErrStreamNotFound) {
			state = Warning
		}
		e.add(checkConsumer, state, e.problem(err), "`shipments streams apply`; see what `streams` says above")
		return
	}
	info := consumer.CachedInfo()
	found := fmt.Sprintf("waiting inputs: %d, delivered and not acked: %d, of these delivered again: %d", info.NumPending, info.NumAckPending,
		info.NumRedelivered)
	if info.NumWaiting == 0 {
		remedy := "start a consumer host; if one runs, its /readyz and log say why it does not pull: settings that differ (above), enough shipments in flight, Temporal away"
		e.add(checkConsumer, Warning, "nobody pulls at the moment; "+found, remedy)
		return
	}
	e.ok(checkConsumer, "%d pull request(s) wait for inputs; %s", info.NumWaiting, found)
}

// storage looks at limits and at what the streams hold.
func (e *examination) storage() {
	e.usage()
	ctx, cancel := e.within()
	defer cancel()
	var parts []string
	for _, name := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections} {
		stream, err := e.JetStream.Stream(ctx, name)
		if err != nil {
			continue // The check of the streams says so.
		}
		state := stream.CachedInfo().State
		parts = append(parts, fmt.Sprintf("%s %d messages, %d subjects, %d MiB", name, state.Msgs, state.NumSubjects, state.Bytes>>20))
		if state.NumSubjects >= manySubjects {
			e.add(checkSubjects+" of "+name, Warning, fmt.Sprintf("there are %d: memory and the start of the server grow with them", state.NumSubjects),
				"plan memory for them, see docs/performance.md")
		}
	}
	if len(parts) > 0 {
		e.ok(checkSubjects, "%s", strings.Join(parts, "; "))
	}
}

// usage compares what the account stores with its limit.
func (e *examination) usage() {
	api := streams.APISubject(e.JetStream, "INFO")
	if e.rights != nil && !e.rights.Publish.permits(api) {
		e.skip("this user may not ask for the account's usage; the operator role may", checkStorage)
		return
	}
	ctx, cancel := e.within()
	defer cancel()
	account, err := e.JetStream.AccountInfo(ctx)
	switch {
	case err != nil:
		e.add(checkStorage, Warning, "the account's usage cannot be read: "+e.problem(err),
			"let this user publish $JS.API.INFO; `nats account info` shows it to others")
	case account.Limits.MaxStore <= 0:
		e.ok(checkStorage,
			"%d MiB are stored, and the account has no limit; the server's disk is seen by `nats server report jetstream` and `df` alone", account.Store>>20)
	default:
		share := float64(account.Store) / float64(account.Limits.MaxStore)
		found := fmt.Sprintf("%d MiB of %d MiB are stored (%.0f %%)", account.Store>>20, account.Limits.MaxStore>>20, share*100)
		if share >= fullShare {
			e.add(checkStorage, Warning, found, "raise the account's limit, or retain less: with a full store nothing is published, and no shipment goes on")
		} else {
			e.ok(checkStorage, "%s", found)
		}
	}
}

func (e *examination) clockOfNATS() {
	ctx, cancel := e.within()
	defer cancel()
	before := time.Now()
	stream, err := e.JetStream.Stream(ctx, events.StreamShipments)
	after := time.Now()
	if err != nil || stream.CachedInfo().TimeStamp.IsZero() {
		e.skip("no stream says what time it is", checkNATSTime)
		return
	}
	e.clock(checkNATSTime, stream.CachedInfo().TimeStamp, before, after)
}
