package hosts

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events"
)

// emulationKey is the key in the metadata of stream SHIPMENTS that says whether
// the service emulates.
const emulationKey = "shipments.emulation"

// RecordEmulation records whether the service emulates, where commands read it:
// their own environment is another one. The consumer host records its setting at
// its start, since every process gets that one; the latest record counts.
func RecordEmulation(ctx context.Context, js jetstream.JetStream, on bool) error {
	stream, err := js.Stream(ctx, events.StreamShipments)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", events.StreamShipments, err)
	}
	config, value := stream.CachedInfo().Config, strconv.FormatBool(on)
	if config.Metadata[emulationKey] == value {
		return nil
	}
	if config.Metadata == nil {
		config.Metadata = map[string]string{}
	}
	config.Metadata[emulationKey] = value
	if _, err := js.UpdateStream(ctx, config); err != nil {
		return fmt.Errorf("record emulation in stream %s: %w", events.StreamShipments, err)
	}
	return nil
}

// Emulation reports whether the service emulates, by what was recorded last. It
// is off if nothing was, or if the streams do not exist.
func Emulation(ctx context.Context, js jetstream.JetStream) (on bool, err error) {
	stream, err := js.Stream(ctx, events.StreamShipments)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up stream %s: %w", events.StreamShipments, err)
	}
	return stream.CachedInfo().Config.Metadata[emulationKey] == "true", nil
}
