package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events/streams"
	"shipments/hosts"
)

const (
	// patience bounds the repeats of a question: a cluster that has lost a node
	// elects new leaders meanwhile, and the connection finds another node.
	patience = 20 * time.Second
	// attemptTimeout bounds one attempt: a question to a node that has died gets
	// no answer at all.
	attemptTimeout = 3 * time.Second
	// attemptInterval is the pause between two attempts.
	attemptInterval = 250 * time.Millisecond
)

// ask repeats a question to JetStream, which has to be idempotent, until there is
// an answer, for as long as patience allows. An error that repeating does not
// change is an answer.
func ask(ctx context.Context, js jetstream.JetStream, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		once, cancel := context.WithTimeout(ctx, attemptTimeout)
		err := question(once)
		cancel()
		if err == nil || !isTransient(js.Conn(), err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, also when asked again", err)
		case <-time.After(attemptInterval):
		}
	}
}

// isTransient reports whether an error may go away by itself. That nobody takes a
// question is so only in a cluster: a server on its own has no JetStream then.
func isTransient(nc *nats.Conn, err error) bool {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, streams.ErrNoReply):
		return true
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrNoStreamResponse):
		return nc.ConnectedClusterName() != "" || !nc.IsConnected()
	case errors.As(err, &api):
		return api.Code == 503
	}
	return hosts.IsDisconnected(err)
}

// patientJetStream repeats lookups as [ask] does.
type patientJetStream struct{ jetstream.JetStream }

// Stream looks up a stream.
func (p patientJetStream) Stream(ctx context.Context, name string) (stream jetstream.Stream, err error) {
	err = ask(ctx, p, func(ctx context.Context) error {
		stream, err = p.JetStream.Stream(ctx, name)
		return err
	})
	return stream, err
}
