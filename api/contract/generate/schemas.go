package main

import (
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"

	"shipments/events"
)

// pascal is a name such as CollectionBooked, for collection-booked or
// collectionBooked.
func pascal(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// messageName is the name of an event type among the components of a document.
func messageName(eventType string) string { return pascal(strings.TrimPrefix(eventType, "shipments.")) }

// dataName is the name of the schema of an event type's data.
func dataName(eventType string) string { return messageName(eventType) + "Data" }

// eventSchemas are the schemas of events/schemas as components: those of the data of
// all event types, and the definitions that they share.
func eventSchemas() (*yaml.Node, error) {
	schemas := object()
	for _, eventType := range events.Types() {
		schema, err := readSchema(events.SchemaName(eventType))
		if err != nil {
			return nil, err
		}
		drop(schema, "$schema")
		put(schemas, dataName(eventType), schema)
	}
	definitions, err := readSchema("definitions.json")
	if err != nil {
		return nil, err
	}
	each(at(definitions, "$defs"), func(name string, schema *yaml.Node) { put(schemas, pascal(name), schema) })
	walk(schemas, func(n *yaml.Node) {
		if target := at(n, "$ref"); target != nil {
			_, name, _ := strings.Cut(target.Value, "#/$defs/")
			target.SetString("#/components/schemas/" + pascal(name))
		}
	})
	code := at(schemas, "Reasons", "items", "properties", "code")
	if code == nil {
		return nil, fmt.Errorf("the definition of reasons has no code")
	}
	put(at(schemas, "Reasons", "items", "properties"), "code", ref("schemas", "ReasonCode"))
	return schemas, nil
}

func readSchema(file string) (*yaml.Node, error) {
	content, err := fs.ReadFile(events.Schemas(), file)
	if err != nil {
		return nil, err
	}
	schema, err := asNode(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return schema, nil
}

// prune removes the components that nothing refers to.
func prune(document *yaml.Node) {
	for {
		used := map[string]bool{}
		walk(document, func(n *yaml.Node) {
			if target := at(n, "$ref"); target != nil {
				used[target.Value] = true
			}
		})
		removed := false
		each(at(document, "components"), func(kind string, components *yaml.Node) {
			if kind == "securitySchemes" {
				return
			}
			var unused []string
			each(components, func(name string, _ *yaml.Node) {
				if !used["#/components/"+kind+"/"+name] {
					unused = append(unused, name)
				}
			})
			for _, name := range unused {
				drop(components, name)
				removed = true
			}
		})
		if !removed {
			return
		}
	}
}
