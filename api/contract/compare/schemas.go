package main

import (
	"fmt"
	"slices"
)

// direction says who makes a value: what breaks depends on it.
type direction int

const (
	// taken: programs make the value, and the service takes it.
	taken direction = iota
	// given: the service makes the value, and programs read it.
	given
)

// schema compares the schemas of a value.
func (c *comparison) schema(where string, before, after any, d direction) {
	old, oldName := resolve(c.before, before)
	now, name := resolve(c.after, after)
	if old == nil && now == nil {
		return
	}
	if oldName != "" || name != "" {
		// Components are compared once for each direction, under their own name.
		pair := fmt.Sprint(oldName, " ", name, " ", d)
		if c.seen[pair] {
			return
		}
		c.seen[pair] = true
		if oldName == name {
			where = name
		}
	}
	c.types(where, old, now, d)
	c.values(where, old, now, d)
	c.members(where, old, now, d)
	if old["items"] != nil && now["items"] != nil {
		c.schema(where+"/*", old["items"], now["items"], d)
	}
	for _, composed := range []string{"allOf", "anyOf", "oneOf"} {
		parts, _ := old[composed].([]any)
		others, _ := now[composed].([]any)
		if len(parts) > len(others) && (composed != "allOf" || d == given) {
			c.add("%s: a part of %s is gone", where, composed)
		}
		for i := range min(len(parts), len(others)) {
			c.schema(where, parts[i], others[i], d)
		}
	}
}

// list is a list of texts, or of one.
func list(v any) (texts []string) {
	switch v := v.(type) {
	case nil:
	case []any:
		for _, item := range v {
			texts = append(texts, fmt.Sprint(item))
		}
	default:
		texts = append(texts, fmt.Sprint(v))
	}
	return texts
}

// types compares the JSON types. The service may take more, and give less.
func (c *comparison) types(where string, old, now value, d direction) {
	before, after := list(old["type"]), list(now["type"])
	if len(after) == 0 && d == taken || len(before) == 0 && d == given {
		return
	}
	from, to := before, after
	if d == given {
		from, to = after, before
	}
	for _, t := range from {
		if !slices.Contains(to, t) && (t != "integer" || !slices.Contains(to, "number")) {
			c.add("%s: the type is %v instead of %v", where, after, before)
			return
		}
	}
	if len(from) == 0 && len(to) > 0 {
		c.add("%s: the type is %v instead of any", where, after)
	}
}

// values compares enumerations and constants. Values that are gone break whoever sends them,
// and whoever waits for them; new ones break whoever reads all.
func (c *comparison) values(where string, old, now value, d direction) {
	for _, name := range []string{"enum", "const", "x-extensible-enum"} {
		before, after := list(old[name]), list(now[name])
		for _, v := range before {
			gone := !slices.Contains(after, v)
			if gone && (len(after) > 0 || d == given || name == "x-extensible-enum") {
				c.add("%s: the value %s is gone", where, v)
			}
		}
		if d == given && name != "x-extensible-enum" && len(before) > 0 {
			for _, v := range after {
				if !slices.Contains(before, v) {
					c.add("%s: the value %s is new in a list that was complete", where, v)
				}
			}
		}
		if d == taken && len(before) == 0 && len(after) > 0 && name != "x-extensible-enum" {
			c.add("%s: only %v is taken", where, after)
		}
	}
}

// members compares the members of an object.
func (c *comparison) members(where string, old, now value, d direction) {
	before, after := object(old["properties"]), object(now["properties"])
	for name, schema := range before {
		other, has := after[name]
		if !has {
			c.add("%s: the member %s is gone", where, name)
			continue
		}
		c.schema(where+"/"+name, schema, other, d)
	}
	required, nowRequired := list(old["required"]), list(now["required"])
	switch d {
	case taken:
		for _, name := range nowRequired {
			if !slices.Contains(required, name) {
				c.add("%s: the member %s has become required", where, name)
			}
		}
		if now["additionalProperties"] == false && old["additionalProperties"] != false && len(after) > 0 {
			c.add("%s: no other members are taken any more", where)
		}
	case given:
		for _, name := range required {
			if _, has := after[name]; has && !slices.Contains(nowRequired, name) {
				c.add("%s: the member %s may be absent now", where, name)
			}
		}
	}
}
