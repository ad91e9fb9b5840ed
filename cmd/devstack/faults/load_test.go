package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

// seed makes what is published repeatable.
const seed = 1

// rate is how many inputs a test publishes per second while faults happen. It is
// low because four tests run at once.
const rate = 6

// input is one message for the SHIPMENTS stream.
type input struct {
	subject string
	data    []byte
	// id and digest say which shipment it is about; both are empty for garbage.
	id, digest string
}

// load publishes inputs and keeps those that JetStream has acknowledged. It is safe
// for concurrent use.
type load struct {
	site   *site
	random *rand.Rand

	mu        sync.Mutex
	published int
	shipments []input
	// acknowledged inputs by message id.
	acknowledged map[string]input
}

func newLoad(s *site) *load {
	return &load{site: s, random: rand.New(rand.NewPCG(seed, 0)), acknowledged: map[string]input{}}
}

// routes are the categories of the generated shipments.
var routes = []emulation.Route{emulation.Domestic, emulation.Paperless, emulation.International}

// endings are how the generated shipments end: eight of ten succeed.
var endings = append(slices.Repeat([]emulation.Ending{emulation.Succeeds}, 8), emulation.DeclinesManifestation, emulation.DeclinesCollection)

// succeeds makes the id of an international shipment for which all goes well.
func succeeds(name string) string {
	return emulation.NewID(emulation.International, name, emulation.Succeeds)
}

// shipment makes a new shipment.
func (l *load) shipment() input {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.shipments)
	return l.add(emulation.NewID(routes[l.random.IntN(len(routes))], fmt.Sprintf("fault%05d", n), endings[l.random.IntN(len(endings))]))
}

// fine makes a new international shipment for which all goes well.
func (l *load) fine() input {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(succeeds(fmt.Sprintf("fine%05d", len(l.shipments))))
}

// named makes the shipment with an id.
func (l *load) named(id string) input {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(id)
}

func (l *load) add(id string) input {
	in := l.event(id, "e-"+id, 1000)
	l.shipments = append(l.shipments, in)
	return in
}

// event makes an event for a shipment, with a weight that makes its content differ.
func (l *load) event(id, eventID string, weight int) input {
	content := sample.Shipment(id, sampleTime)
	content.Packages[0].WeightGrams = weight
	ev, err := events.NewCreated(eventID, "/faults", sampleTime, content)
	require.NoError(l.site, err)
	data, err := json.Marshal(ev)
	require.NoError(l.site, err)
	return input{subject: events.TypeCreated, data: data, id: id, digest: content.Digest()}
}

// sampleTime is one time for all samples, so that a shipment's are equal.
var sampleTime = time.Now()

// mixed makes what a careless publisher sends. Most inputs are new shipments. Some
// are an earlier event again, the same content in another event, other content for
// the same shipment, or garbage.
func (l *load) mixed() input {
	l.mu.Lock()
	kind := l.random.IntN(10)
	var earlier input
	if len(l.shipments) > 0 {
		earlier = l.shipments[l.random.IntN(len(l.shipments))]
	}
	n := l.random.IntN(1000)
	l.mu.Unlock()
	switch {
	case kind == 0:
		return input{subject: events.TypeCreated, data: fmt.Appendf(nil, `{"specversion":"1.0","garbage":%d`, n)}
	case kind == 1 && earlier.id != "":
		return earlier
	case kind == 2 && earlier.id != "":
		return l.event(earlier.id, fmt.Sprintf("again-%d", n), 1000)
	case kind == 3 && earlier.id != "":
		return l.event(earlier.id, fmt.Sprintf("other-%d", n), 2000+n)
	default:
		return l.shipment()
	}
}

// publish publishes inputs until JetStream has acknowledged each. All attempts for
// an input have the same message id.
func (l *load) publish(inputs ...input) {
	for _, in := range inputs {
		l.mu.Lock()
		l.published++
		id := fmt.Sprintf("m-%d", l.published)
		l.mu.Unlock()
		msg := nats.NewMsg(in.subject)
		msg.Header.Set(jetstream.MsgIDHeader, id)
		msg.Data = in.data
		l.site.eventually("an input is acknowledged by JetStream", func(ctx context.Context) bool {
			_, err := l.site.js.PublishMsg(ctx, msg)
			return err == nil
		})
		l.mu.Lock()
		l.acknowledged[id] = in
		l.mu.Unlock()
	}
}

// several makes n inputs.
func several(n int, of func() input) []input {
	inputs := make([]input, n)
	for i := range inputs {
		inputs[i] = of()
	}
	return inputs
}

// flow publishes inputs at a rate per second until the returned function
// is called, which waits for the last one to be acknowledged.
func (l *load) flow(rate int, of func() input) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(time.Second / time.Duration(rate))
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				l.publish(of())
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
	}
}
