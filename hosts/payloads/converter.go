package payloads

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shipments/hosts/keyring"
)

// Converters are what a Temporal client encodes with. Of the clients of one
// namespace, either all have them or none.
type Converters struct {
	Data    converter.DataConverter
	Failure converter.FailureConverter
}

// NewConverters makes converters that encrypt with the keys of a ring. Without a
// ring they encrypt nothing, and read nothing that is encrypted.
func NewConverters(ring *keyring.Ring) Converters {
	data := &encrypting{DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), NewCodec(ring))}
	return Converters{
		Data: data,
		Failure: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
			DataConverter: data, EncodeCommonAttributes: ring != nil, // messages and stack traces
		}),
	}
}

// encrypting is a converter with a codec. In a workflow, what cannot be decrypted
// panics: then the workflow's task fails, and is tried again until the key is there.
// An error would fail the workflow instead, or drop a signal.
type encrypting struct {
	converter.DataConverter

	inWorkflow bool
}

var (
	_ workflow.ContextAware                           = (*encrypting)(nil)
	_ converter.DataConverterWithSerializationContext = (*encrypting)(nil)
)

// WithWorkflowContext returns a converter for a workflow.
func (e *encrypting) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return &encrypting{DataConverter: e.DataConverter, inWorkflow: true}
}

// WithContext returns a converter for an activity or a client.
func (e *encrypting) WithContext(context.Context) converter.DataConverter { return e }

// WithSerializationContext returns the converter itself: a payload does not depend on
// where it was encoded.
func (e *encrypting) WithSerializationContext(converter.SerializationContext) converter.DataConverter {
	return e
}

// FromPayload decodes one value.
func (e *encrypting) FromPayload(payload *commonpb.Payload, value any) error {
	return e.decoded(e.DataConverter.FromPayload(payload, value))
}

// FromPayloads decodes values.
func (e *encrypting) FromPayloads(payloads *commonpb.Payloads, values ...any) error {
	return e.decoded(e.DataConverter.FromPayloads(payloads, values...))
}

func (e *encrypting) decoded(err error) error {
	var undecryptable *DecryptError
	if e.inWorkflow && errors.As(err, &undecryptable) {
		panic(fmt.Errorf("this task is tried again until its payloads can be read: %w", err))
	}
	return err
}
