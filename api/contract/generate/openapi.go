package main

import (
	_ "embed"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"shipments/api/auth"
	"shipments/events"
	"shipments/shipment"
)

//go:embed openapi.yaml
var openAPISource []byte

// methods are those of operations in OpenAPI.
var methods = []string{"get", "put", "post", "delete", "patch"}

// openAPI makes the OpenAPI document of its part that is written by hand and of what
// the code has.
func openAPI() (*yaml.Node, error) {
	document, err := parse(openAPISource)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	fromEvents, err := eventSchemas()
	if err != nil {
		return nil, err
	}
	schemas := at(document, "components", "schemas")
	each(fromEvents, func(name string, schema *yaml.Node) {
		if at(schemas, name) != nil {
			err = fmt.Errorf("openapi.yaml: the schema %s has the name of a schema of events", name)
		}
		put(schemas, name, schema)
	})
	if err != nil {
		return nil, err
	}
	each(schemas, func(name string, schema *yaml.Node) {
		if from := at(schema, "x-from"); from != nil {
			member := at(fromEvents, dataName(at(from, "event").Value), "properties", at(from, "member").Value)
			if member == nil {
				err = fmt.Errorf("openapi.yaml: the schema %s: its event has no such member", name)
				return
			}
			put(schemas, name, member)
		}
	})
	if err != nil {
		return nil, err
	}
	addCodes(document)
	each(at(document, "paths"), func(path string, item *yaml.Node) {
		for _, method := range methods {
			if operation := at(item, method); operation != nil {
				guard(operation, pattern(method, path))
			}
		}
	})
	if err := addExchanges(document); err != nil {
		return nil, err
	}
	prune(document)
	return document, nil
}

// pattern is the pattern of a route, as the mux has it.
func pattern(method, path string) string {
	if strings.HasSuffix(path, "/") {
		path += "{$}"
	}
	return strings.ToUpper(method) + " " + path
}

// guard adds what a route needs, and what the guard in front of it may reply.
func guard(operation *yaml.Node, pattern string) {
	replies := at(operation, "responses")
	missing := func(status, component string) {
		if at(replies, status) == nil {
			put(replies, status, ref("responses", component))
		}
	}
	missing("421", "Misdirected")
	scope, open := auth.ScopeOf(pattern)
	if open {
		if !strings.HasPrefix(pattern, "GET ") {
			missing("403", "CrossSite")
		}
		put(operation, "security", sequence())
		return
	}
	missing("401", "Unauthorized")
	missing("403", "Forbidden")
	missing("429", "TooManyRequests")
	missing("503", "Unavailable")
	if headers := at(replies, "403", "headers"); headers == nil && at(replies, "403", "$ref") == nil {
		put(at(replies, "403"), "headers", object("WWW-Authenticate", ref("headers", "WWWAuthenticate")))
	}
	security := sequence(object("token", texts(scope)), object("session", texts(scope)))
	if at(operation, "operationId").Value == "getDocument" {
		security.Content = append(security.Content, object()) // A signed link is enough.
	}
	put(operation, "security", security)
}

// codes are the lists of codes that a document may name. Those of a list that may
// become longer are no enumeration: clients that are generated have to accept others.
var codes = map[string]struct {
	values []string
	open   bool
}{
	"statuses": {values: names(shipment.Statuses())},
	"stages":   {values: names(shipment.Stages())},
	"waits":    {values: names(shipment.Waits()), open: true},
	"streams":  {values: []string{events.StreamShipments, events.StreamEvents, events.StreamRejections}},
	"types":    {values: events.Types(), open: true},
	"reasons":  {values: events.ReasonCodes(), open: true},
}

func names[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// addCodes replaces the names of lists of codes by the lists.
func addCodes(document *yaml.Node) {
	walk(document, func(n *yaml.Node) {
		name := at(n, "x-codes")
		if name == nil {
			return
		}
		list := codes[name.Value]
		drop(n, "x-codes")
		member := "enum"
		if list.open {
			member = "x-extensible-enum"
		}
		put(n, member, texts(list.values...))
	})
}
