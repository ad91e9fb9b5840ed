package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/shipment/sample"
)

// seed makes what is published repeatable.
const seed = 1

// rate is how many inputs a test publishes per second while faults happen: four
// tests at once shall not be about the load.
const rate = 6

// input is one message for the SHIPMENTS stream.
type input struct {
	subject string
	data    []byte
	// id and digest say which shipment it is about; both are empty for garbage.
	id, digest string
}

// load publishes inputs and remembers which of them JetStream acknowledged. It
// is safe for concurrent use.
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

// endings are how the made shipments end: most well.
const endings = "0000000012"

// shipment makes a new shipment.
func (l *load) shipment() input {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.shipments)
	return l.add(fmt.Sprintf("%cfault%05d%c", "12c"[l.random.IntN(3)], n, endings[l.random.IntN(len(endings))]))
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

// event makes an event for a shipment whose content depends on the weight.
func (l *load) event(id, eventID string, weight int) input {
	content := sample.Shipment(id, sampleTime)
	content.Packages[0].WeightGrams = weight
	ev, err := events.NewCreated(eventID, "/faults", sampleTime, content)
	require.NoError(l.site, err)
	data, err := json.Marshal(ev)
	require.NoError(l.site, err)
	return input{subject: events.TypeCreated, data: data, id: id, digest: content.Digest()}
}

// sampleTime makes the same samples in a whole test.
var sampleTime = time.Now()

// mixed makes one of everything that a careless publisher sends: mostly new
// shipments, and now and then the same event again, the same content as
// another event, other content for the same shipment, or garbage.
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

// publish publishes an input until JetStream has acknowledged it, like a
// careful publisher: every attempt under the same message id.
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

// several makes a number of inputs.
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
