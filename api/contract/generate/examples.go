package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// examplesFolder has what the end-to-end tests recorded.
//
//go:embed examples
var examplesFolder embed.FS

// recorded is a message as it was stored.
type recorded struct {
	Type    string          `json:"type"`
	Subject string          `json:"subject"`
	Binary  bool            `json:"binary"`
	Headers json.RawMessage `json:"headers"`
	Payload json.RawMessage `json:"payload"`
}

// readMessages reads the recorded messages.
func readMessages() (messages []recorded, err error) {
	content, err := examplesFolder.ReadFile("examples/messages.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return messages, json.NewDecoder(bytes.NewReader(content)).Decode(&messages)
}

// addExamples adds the recorded messages that are selected to a message.
func addExamples(message *yaml.Node, messages []recorded, selected func(recorded) bool) {
	var list []*yaml.Node
	for _, m := range messages {
		if !selected(m) {
			continue
		}
		headers, err := asNode(m.Headers)
		if err != nil {
			continue
		}
		payload, err := asNode(m.Payload)
		if err != nil {
			continue
		}
		list = append(list, object("name", m.Subject, "headers", headers, "payload", payload))
	}
	if len(list) > 0 {
		put(message, "examples", sequence(list...))
	}
}

// exchanged is a request with its reply.
type exchanged struct {
	Name    string          `json:"name"`
	Route   string          `json:"route"`
	Request json.RawMessage `json:"request"`
	Status  int             `json:"status"`
	Body    json.RawMessage `json:"body"`
}

// addExchanges adds the recorded requests and replies to their operations. A reply that
// is a component of several operations gets none.
func addExchanges(document *yaml.Node) error {
	content, err := examplesFolder.ReadFile("examples/http.json")
	if err != nil {
		return err
	}
	var all []exchanged
	if err := json.Unmarshal(content, &all); err != nil {
		return err
	}
	for _, e := range all {
		method, path, _ := strings.Cut(e.Route, " ")
		operation := at(document, "paths", path, strings.ToLower(method))
		if operation == nil {
			return fmt.Errorf("examples/http.json: there is no route %s", e.Route)
		}
		if e.Status < http.StatusBadRequest {
			if err := addExample(at(operation, "requestBody", "content", "application/json"), e.Name, e.Request); err != nil {
				return err
			}
		}
		if err := addExample(at(operation, "responses", strconv.Itoa(e.Status), "content", "application/json"), e.Name, e.Body); err != nil {
			return err
		}
	}
	return nil
}

func addExample(content *yaml.Node, name string, raw json.RawMessage) error {
	if content == nil || len(raw) == 0 {
		return nil
	}
	value, err := asNode(raw)
	if err != nil {
		return err
	}
	if at(content, "examples") == nil {
		put(content, "examples", object())
	}
	put(at(content, "examples"), strings.ReplaceAll(name, " ", "-"), object("summary", name, "value", value))
	return nil
}
