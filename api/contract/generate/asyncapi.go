package main

import (
	_ "embed"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"shipments/events"
	"shipments/events/streams"
)

//go:embed asyncapi.yaml
var asyncAPISource []byte

// asyncAPI makes the AsyncAPI document of its part that is written by hand and of what
// the code has.
func asyncAPI() (*yaml.Node, error) {
	document, err := parse(asyncAPISource)
	if err != nil {
		return nil, fmt.Errorf("asyncapi.yaml: %w", err)
	}
	fromEvents, err := eventSchemas()
	if err != nil {
		return nil, err
	}
	examples, err := readMessages()
	if err != nil {
		return nil, err
	}
	schemas := at(document, "components", "schemas")
	each(fromEvents, func(name string, schema *yaml.Node) { put(schemas, name, schema) })
	for _, row := range events.Table() {
		add(document, row, examples)
	}
	addCodes(document)
	put(document, "x-nats-streams", natsStreams())
	prune(document)
	walk(at(document, "components", "schemas"), asDraft07)
	return document, nil
}

// kinds has, by the kind of an event, the name of the schemas of its attributes and
// headers, and its tag.
var kinds = map[events.Kind]struct{ event, headers, tag, action string }{
	events.KindInput:     {"InputEvent", "StructuredHeaders", "input", "receive"},
	events.KindOutcome:   {"OutcomeEvent", "OutcomeHeaders", "outcome", "send"},
	events.KindRejection: {"RejectionEvent", "RejectionHeaders", "rejection", "send"},
}

// add adds a row of the table of event types.
func add(document *yaml.Node, row events.EventType, examples []recorded) {
	name := messageName(row.Name)
	messages := []string{name}
	addMessage(document, row, name, examples)
	if row.Kind == events.KindInput {
		addBinaryMessage(document, row, name+"Binary", examples)
		messages = append(messages, name+"Binary")
		addChannel(document, row, name, row.Name, messages)
		name += "OfShipment"
	}
	addChannel(document, row, name, row.Name+".{shipmentId}", messages)
}

func addMessage(document *yaml.Node, row events.EventType, name string, examples []recorded) {
	kind := kinds[row.Kind]
	put(at(document, "components", "schemas"), name+"Event", object("allOf", sequence(
		ref("schemas", kind.event),
		object("type", "object", "properties", object("type", object("const", row.Name), "data", ref("schemas", dataName(row.Name)))),
	)))
	message := object(
		"name", row.Name, "title", row.Name, "summary", sentence(row.Says), "contentType", events.ContentType,
		"headers", ref("schemas", kind.headers), "payload", ref("schemas", name+"Event"), "tags", sequence(object("name", kind.tag)),
	)
	addExamples(message, examples, func(r recorded) bool { return r.Type == row.Name && !r.Binary })
	put(at(document, "components", "messages"), name, message)
}

func addBinaryMessage(document *yaml.Node, row events.EventType, name string, examples []recorded) {
	message := object(
		"name", row.Name+" in binary mode", "title", row.Name+" in binary mode", "summary", sentence(row.Says), "contentType", "application/json",
		"headers", object("allOf", sequence(ref("schemas", "BinaryHeaders"), object("type", "object", "properties", object("ce-type", object("const", row.Name))))),
		"payload", ref("schemas", dataName(row.Name)), "tags", sequence(object("name", "input")),
	)
	addExamples(message, examples, func(r recorded) bool { return r.Type == row.Name && r.Binary })
	put(at(document, "components", "messages"), name, message)
}

// addChannel adds a channel and its operation.
func addChannel(document *yaml.Node, row events.EventType, name, address string, messages []string) {
	channel := object("address", address, "summary", sentence(row.Says), "messages", object())
	for _, message := range messages {
		put(at(channel, "messages"), message, ref("messages", message))
	}
	if strings.Contains(address, "{") {
		description := "The shipment's id: 1 to 64 letters, digits, \"-\" or \"_\"."
		if row.Kind == events.KindRejection {
			description += " It is \"" + events.UnknownShipment + "\" if the input had no valid one."
		}
		put(channel, "parameters", object("shipmentId", object("description", description)))
	}
	put(channel, "x-nats-stream", text(row.Stream))
	put(channel, "x-nats-guarantee", text(guarantee(row)))
	put(at(document, "channels"), name, channel)

	kind := kinds[row.Kind]
	operation := object("action", kind.action, "channel", object("$ref", "#/channels/"+name), "summary", sentence(row.Says), "messages", sequence())
	for _, message := range messages {
		reference := object("$ref", "#/channels/"+name+"/messages/"+message)
		at(operation, "messages").Content = append(at(operation, "messages").Content, reference)
	}
	if row.Kind == events.KindInput {
		put(operation, "x-nats-consumer", natsConsumer())
	}
	put(at(document, "operations"), kind.action+name, operation)
}

// guarantee says how often an event of a type is stored.
func guarantee(row events.EventType) string {
	switch {
	case row.Kind == events.KindInput:
		return "Stored as often as you publish it; its effect, or its rejection, comes once."
	case row.Kind == events.KindRejection:
		return "One input has one rejection, which is stored once."
	case row.Repeats:
		return "Each occurrence is stored once, behind the one before on its subject."
	}
	return "A shipment has it at most once, and it is stored once: it is the first and only message of its subject."
}

// sentence makes a sentence of the line that says what an event means.
func sentence(says string) string { return strings.ToUpper(says[:1]) + says[1:] + "." }

// natsStreams are the streams as the service provisions them.
func natsStreams() *yaml.Node {
	all := object()
	for _, c := range streams.Configs(1) {
		stream := object("description", c.Description+".", "subjects", texts(c.Subjects...),
			"retention", "limits", "storage", "file", "kept", "for good", "duplicateWindow", c.Duplicates.String(), "directGet", c.AllowDirect)
		if c.MaxMsgSize > 0 {
			put(stream, "maxMessageBytes", value(int(c.MaxMsgSize)))
		}
		put(all, c.Name, stream)
	}
	return all
}

// natsConsumer is the durable consumer that feeds the processes.
func natsConsumer() *yaml.Node {
	c := streams.DurableConfig()
	return object("durable", c.Durable, "stream", events.StreamShipments, "kind", "pull", "ackPolicy", "explicit", "ackWait", c.AckWait.String(),
		"maxDeliver", c.MaxDeliver, "maxAckPending", c.MaxAckPending)
}

// asDraft07 makes a schema of draft 2020-12 one of draft-07: there, nothing may stand
// beside a reference.
func asDraft07(n *yaml.Node) {
	target := at(n, "$ref")
	if target == nil || len(n.Content) == 2 {
		return
	}
	drop(n, "$ref")
	put(n, "allOf", sequence(object("$ref", target.Value)))
}
