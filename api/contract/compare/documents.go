package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is a part of a document.
type value = map[string]any

// comparison compares two documents of one kind.
type comparison struct {
	before, after value
	breaks        []string
	seen          map[string]bool // pairs of references that are being compared
}

// compare returns what breaks programs that were written from the document before,
// sorted.
func compare(before, after []byte) ([]string, error) {
	c := &comparison{seen: map[string]bool{}}
	if err := errors.Join(yaml.Unmarshal(before, &c.before), yaml.Unmarshal(after, &c.after)); err != nil {
		return nil, err
	}
	switch {
	case c.before["openapi"] != nil && c.after["openapi"] != nil:
		c.routes()
	case c.before["asyncapi"] != nil && c.after["asyncapi"] != nil:
		c.channels()
	default:
		return nil, errors.New("the two are not both OpenAPI, and not both AsyncAPI")
	}
	slices.Sort(c.breaks)
	return slices.Compact(c.breaks), nil
}

func (c *comparison) add(format string, args ...any) {
	c.breaks = append(c.breaks, fmt.Sprintf(format, args...))
}

// object is a value that has members; none if it has not.
func object(v any) value {
	o, _ := v.(value)
	return o
}

// resolve follows a reference within a document, and returns the last reference too.
func resolve(document value, v any) (found value, reference string) {
	o := object(v)
	for {
		target, isReference := o["$ref"].(string)
		if !isReference {
			return o, reference
		}
		reference = target
		var at any = document
		for key := range strings.SplitSeq(strings.TrimPrefix(target, "#/"), "/") {
			at = object(at)[strings.NewReplacer("~1", "/", "~0", "~").Replace(key)]
		}
		o = object(at)
	}
}

// member follows members, and references on the way.
func member(document value, v any, path ...string) value {
	found, _ := resolve(document, v)
	for _, key := range path {
		found, _ = resolve(document, found[key])
	}
	return found
}

var methods = []string{"get", "put", "post", "delete", "patch", "head", "options"}

func (c *comparison) routes() {
	after := object(c.after["paths"])
	for path, item := range object(c.before["paths"]) {
		for _, method := range methods {
			operation := object(object(item)[method])
			if operation == nil {
				continue
			}
			route := strings.ToUpper(method) + " " + path
			other := object(object(after[path])[method])
			if other == nil {
				c.add("%s: the route is gone", route)
				continue
			}
			c.parameters(route, []any{object(item)["parameters"], operation["parameters"]}, []any{object(after[path])["parameters"], other["parameters"]})
			c.body(route, operation, other)
			c.replies(route, operation, other)
			c.scopes(route, operation, other)
		}
	}
}

// parametersOf are those of an operation by place and name.
func parametersOf(document value, lists []any) map[string]value {
	all := map[string]value{}
	for _, list := range lists {
		items, _ := list.([]any)
		for _, item := range items {
			p, _ := resolve(document, item)
			all[fmt.Sprintf("%v parameter %v", p["in"], p["name"])] = p
		}
	}
	return all
}

func (c *comparison) parameters(route string, before, after []any) {
	old, now := parametersOf(c.before, before), parametersOf(c.after, after)
	for name, p := range old {
		other, has := now[name]
		if !has {
			c.add("%s: the %s is gone", route, name)
			continue
		}
		if other["required"] == true && p["required"] != true {
			c.add("%s: the %s has become required", route, name)
		}
		c.schema(route+", "+name, p["schema"], other["schema"], taken)
	}
	for name, p := range now {
		if _, had := old[name]; !had && p["required"] == true {
			c.add("%s: the %s is new and required", route, name)
		}
	}
}

func (c *comparison) body(route string, before, after value) {
	old, now := member(c.before, before["requestBody"]), member(c.after, after["requestBody"])
	if now["required"] == true && old["required"] != true {
		c.add("%s: a body has become required", route)
	}
	c.contents(route+", body", old, now, taken)
}

func (c *comparison) replies(route string, before, after value) {
	now := object(after["responses"])
	for status, r := range object(before["responses"]) {
		if now[status] == nil {
			c.add("%s: the status %s is gone", route, status)
			continue
		}
		old, other := member(c.before, r), member(c.after, now[status])
		for name := range object(old["headers"]) {
			if object(other["headers"])[name] == nil {
				c.add("%s, %s: the header %s is gone", route, status, name)
			}
		}
		c.contents(route+", "+status, old, other, given)
	}
}

func (c *comparison) contents(where string, before, after value, d direction) {
	now := object(after["content"])
	for media, content := range object(before["content"]) {
		other, has := now[media]
		if !has {
			c.add("%s: the content type %s is gone", where, media)
			continue
		}
		c.schema(where, object(content)["schema"], object(other)["schema"], d)
	}
}

// scopes compares what a token needs.
func (c *comparison) scopes(route string, before, after value) {
	of := func(operation value) string {
		list, _ := operation["security"].([]any)
		if len(list) == 0 {
			return "no token"
		}
		return fmt.Sprint(object(list[0])["token"])
	}
	if old, now := of(before), of(after); old != now && now != "no token" {
		c.add("%s: it needs %s instead of %s", route, now, old)
	}
}

// channelsOf are those of a document by their address, with the directions of their operations.
func channelsOf(document value) (channels map[string]value, directions map[string]direction) {
	channels, directions = map[string]value{}, map[string]direction{}
	names := map[string]string{}
	for name, channel := range object(document["channels"]) {
		address := fmt.Sprint(object(channel)["address"])
		channels[address], names["#/channels/"+name] = object(channel), address
	}
	for _, operation := range object(document["operations"]) {
		reference := fmt.Sprint(object(object(operation)["channel"])["$ref"])
		directions[names[reference]] = given
		if object(operation)["action"] == "receive" {
			directions[names[reference]] = taken
		}
	}
	return channels, directions
}

func (c *comparison) channels() {
	old, directions := channelsOf(c.before)
	now, others := channelsOf(c.after)
	for address, channel := range old {
		other, has := now[address]
		if !has {
			c.add("%s: the subject is gone", address)
			continue
		}
		if directions[address] != others[address] {
			c.add("%s: its direction has changed", address)
		}
		if before, after := channel["x-nats-stream"], other["x-nats-stream"]; before != after {
			c.add("%s: it is in the stream %v instead of %v", address, after, before)
		}
		for name := range object(channel["messages"]) {
			before, after := member(c.before, channel, "messages", name), member(c.after, other, "messages", name)
			if after == nil {
				c.add("%s: the message %s is gone", address, name)
				continue
			}
			if before["contentType"] != after["contentType"] {
				c.add("%s: the content type of %s has changed", address, name)
			}
			c.schema(address+", headers of "+name, before["headers"], after["headers"], directions[address])
			c.schema(address+", "+name, before["payload"], after["payload"], directions[address])
		}
	}
}
