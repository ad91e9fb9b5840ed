package contracttest

import (
	"maps"
	"slices"
)

// undocumented finds the members of a value that its schema does not have, as JSON
// Pointers. For clients such members are allowed, because new ones may come; this service
// itself has to document what it sends.
func undocumented(schema node, value any, path string) []string {
	return unknownMembers(spread(schema, nil), value, path)
}

// spread are all schemas that may apply to a value: what a schema refers to and is
// composed of.
func spread(schema node, all []node) []node {
	members, isObject := schema.value.(map[string]any)
	if !isObject {
		return all
	}
	all = append(all, schema)
	if reference, has := members["$ref"].(string); has {
		all = spread(schema.find(reference), all)
	}
	for _, composed := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := members[composed].([]any)
		for _, item := range list {
			all = spread(node{schema.document, "", item}, all)
		}
	}
	return all
}

func unknownMembers(schemas []node, value any, path string) (found []string) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member, known := memberSchemas(schemas, name)
			switch {
			case !known:
				found = append(found, path+"/"+name)
			default:
				found = append(found, unknownMembers(member, v[name], path+"/"+name)...)
			}
		}
	case []any:
		var items []node
		for _, s := range schemas {
			if item, has := s.value.(map[string]any)["items"]; has { //nolint:forcetypeassert // spread leaves objects
				items = spread(node{s.document, "", item}, items)
			}
		}
		for _, item := range v {
			found = append(found, unknownMembers(items, item, path+"/*")...)
		}
	}
	return found
}

// memberSchemas are the schemas of a member of an object. It is known if any schema
// has it, if one takes any others, or if none has members at all.
func memberSchemas(schemas []node, name string) (member []node, known bool) {
	closed := false
	for _, s := range schemas {
		members := s.value.(map[string]any) //nolint:forcetypeassert // spread leaves objects
		properties, has := members["properties"].(map[string]any)
		closed = closed || has
		if property, has := properties[name]; has {
			member, known = spread(node{s.document, "", property}, member), true
			continue
		}
		if others, has := members["additionalProperties"]; has && others != false {
			member, known = spread(node{s.document, "", others}, member), true
		}
	}
	return member, known || !closed
}
