package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/shipment"
)

// ErrNoInput is returned for an input that its stream does not hold.
var ErrNoInput = errors.New("no such input")

// Inputs reads messages back from the SHIPMENTS stream. It is safe for
// concurrent use.
type Inputs struct{ js jetstream.JetStream }

// NewInputs makes a reader of inputs.
func NewInputs(js jetstream.JetStream) *Inputs { return &Inputs{js: js} }

// Read returns the input with a stream sequence, or [ErrNoInput].
func (r *Inputs) Read(ctx context.Context, sequence uint64) (Input, error) {
	if sequence == 0 {
		return Input{}, ErrNoInput
	}
	stream, err := r.js.Stream(ctx, StreamShipments)
	if err != nil {
		return Input{}, fmt.Errorf("look up stream %s: %w", StreamShipments, err)
	}
	msg, err := stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Input{}, ErrNoInput
	}
	if err != nil {
		return Input{}, fmt.Errorf("read input %d: %w", sequence, err)
	}
	for _, name := range []string{jetstream.StreamHeader, jetstream.SubjectHeader, jetstream.SequenceHeader, jetstream.TimeStampHeaer} {
		msg.Header.Del(name) // Added by the server's reply.
	}
	return Input{
		Stream:         StreamShipments,
		StreamSequence: msg.Sequence,
		Subject:        msg.Subject,
		StoredAt:       msg.Time,
		Headers:        EscapeHeaders(msg.Header),
		Data:           msg.Data,
	}, nil
}

// SignalledInput stands for an event that reached its process as a signal
// without ever having been in the stream.
func SignalledInput(ev ShipmentCreated) (Input, error) {
	data, err := json.Marshal(ev)
	if err != nil {
		return Input{}, fmt.Errorf("encode event: %w", err)
	}
	input := Input{Stream: "signal:" + ev.Source + ":" + ev.ID, Subject: TypeCreated, Data: data, StoredAt: time.Unix(0, 0).UTC()}
	return input, nil
}

// ConflictReason is the reason for rejecting an event whose shipment is known
// with other content.
func ConflictReason(owner Trigger) shipment.Reason {
	return shipment.Reason{
		Code: CodeConflict,
		Path: "/shipmentId",
		Message: fmt.Sprintf("the shipment is known with other content, from event %s of %s: "+
			"use a new shipment id for another shipment", owner.ID, owner.Source),
	}
}
