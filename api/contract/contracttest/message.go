package contracttest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"shipments/events"
)

// channels are the channels of asyncapi.yaml by their address.
var channels = sync.OnceValue(func() map[string]node {
	all := map[string]node{}
	found, _ := asyncAPI().node().at("channels")
	for _, name := range found.keys() {
		channel, _ := found.at(name)
		all[channel.text("address")] = channel
	}
	return all
})

// Addresses are the addresses of the channels that asyncapi.yaml has, sorted.
func Addresses() []string { return slices.Sorted(maps.Keys(channels())) }

// Message holds a message against asyncapi.yaml: its subject, its headers and its
// payload. Headers that JetStream adds when it is read by its sequence are left out. The
// text of inputs is normalised before, as the document says.
func Message(subject string, header map[string][]string, data []byte) error {
	eventType, rest := events.SplitSubject(subject)
	address := eventType
	if rest != "" {
		address += ".{shipmentId}"
	}
	channel, known := channels()[address]
	if !known {
		return fmt.Errorf("asyncapi.yaml has no channel for the subject %s: add a row to the table in events/table.go, and run \"go generate ./api/contract\"", subject)
	}
	row, known := events.Lookup(eventType)
	if !known {
		return fmt.Errorf("%s is no event type", eventType)
	}
	binary := isBinary(header)
	var message node
	for _, name := range messageNames(channel) {
		if strings.HasSuffix(name, "Binary") == binary {
			message, _ = channel.at("messages", name)
		}
	}
	if message.document == nil {
		return fmt.Errorf("asyncapi.yaml has no message of this content mode for the subject %s", subject)
	}
	if err := checkHeaders(message, OwnHeaders(header), row.Kind == events.KindInput); err != nil {
		return fmt.Errorf("the headers of %s: %w", subject, err)
	}
	payload, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("the payload of %s: %w", subject, err)
	}
	if row.Kind == events.KindInput {
		payload = normalised(payload)
	}
	schema, _ := message.at("payload")
	if err := schema.validate(payload); err != nil {
		return fmt.Errorf("the payload of %s: %w", subject, err)
	}
	return nil
}

func messageNames(channel node) []string {
	messages, _ := channel.at("messages")
	return messages.keys()
}

// isBinary reports whether a message has its attributes in headers.
func isBinary(header map[string][]string) bool {
	for name := range header {
		if strings.HasPrefix(strings.ToLower(name), "ce-") {
			return true
		}
	}
	return false
}

// checkHeaders holds headers against their schema. Publishers of inputs may have others
// of their own.
func checkHeaders(message node, header map[string][]string, others bool) error {
	schema, _ := message.at("headers")
	values := map[string]any{}
	for name, list := range header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "ce-") {
			name = lower
		}
		values[name] = list[0]
	}
	if others {
		for _, name := range undocumented(schema, values, "") {
			delete(values, strings.TrimPrefix(name, "/"))
		}
	}
	return schema.validate(values)
}

// placeHeaders are those that a reply of JetStream adds to a message's own.
var placeHeaders = []string{
	"Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp", "Nats-Num-Pending", "Nats-Last-Sequence", "Nats-UpTo-Sequence",
}

// OwnHeaders are a message's own headers.
func OwnHeaders(header map[string][]string) map[string][]string {
	own := maps.Clone(header)
	maps.DeleteFunc(own, func(name string, _ []string) bool { return slices.Contains(placeHeaders, name) })
	return own
}
