package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// parse reads YAML, or JSON, in its order. Anchors and merges are replaced by what
// they stand for.
func parse(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("%d documents", len(document.Content))
	}
	return expand(document.Content[0]), nil
}

// expand copies a node without anchors, merges, comments and flow style.
func expand(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return expand(n.Alias)
	}
	copied := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Style: n.Style &^ yaml.FlowStyle}
	if n.Kind != yaml.MappingNode {
		for _, child := range n.Content {
			copied.Content = append(copied.Content, expand(child))
		}
		return copied
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			merged := expand(n.Content[i+1])
			copied.Content = append(copied.Content, merged.Content...)
			continue
		}
		put(copied, n.Content[i].Value, expand(n.Content[i+1]))
	}
	return copied
}

// at finds a member of nested mappings; nil if there is none.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		n = memberOf(n, key)
	}
	return n
}

func memberOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// put sets a member of a mapping.
func put(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, text(key), value)
}

// drop removes a member of a mapping.
func drop(n *yaml.Node, key string) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

// each calls do for all members of a mapping, in order; for none if n is nil.
func each(n *yaml.Node, do func(key string, value *yaml.Node)) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i < len(n.Content); i += 2 {
		do(n.Content[i].Value, n.Content[i+1])
	}
}

// walk calls do for a node and all beneath it, parents first.
func walk(n *yaml.Node, do func(*yaml.Node)) {
	do(n)
	for _, child := range n.Content {
		walk(child, do)
	}
}

// text makes the node of a text.
func text(value string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(value)
	return n
}

// sequence makes the node of a list.
func sequence(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

// texts makes the node of a list of texts.
func texts[T ~string](values ...T) *yaml.Node {
	list := sequence()
	for _, value := range values {
		list.Content = append(list.Content, text(string(value)))
	}
	return list
}

// object makes the node of a mapping of keys and values that alternate. A value is a
// text, a number, a truth or a node.
func object(members ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for pair := range slices.Chunk(members, 2) {
		put(n, fmt.Sprint(pair[0]), value(pair[1]))
	}
	return n
}

func value(v any) *yaml.Node {
	switch v := v.(type) {
	case *yaml.Node:
		return v
	case string:
		return text(v)
	}
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		panic(err) // Numbers and truths can be encoded.
	}
	return n
}

// ref makes a reference to a component.
func ref(kind, name string) *yaml.Node { return object("$ref", "#/components/"+kind+"/"+name) }

// asNode makes the node of a value of JSON.
func asNode(raw json.RawMessage) (*yaml.Node, error) {
	n, err := parse(raw)
	if err != nil {
		return nil, err
	}
	walk(n, func(n *yaml.Node) { n.Style = 0 })
	return n, nil
}

// write encodes a document as YAML.
func write(n *yaml.Node, head string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(head)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(n); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}
