package contract

import (
	"bytes"
	"encoding/json"
	"html"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// view is what the page shows of both documents.
type view struct {
	Root        string
	Version     string
	HTTP, NATS  template.HTML
	Groups      []group
	EventGroups []eventGroup
	Streams     []stream
	Schemas     []schema
}

// group are the operations of a tag.
type group struct {
	Name       string
	Says       template.HTML
	Operations []operation
}

type operation struct {
	ID, Method, Path, Summary string
	Says                      template.HTML
	// Scope is what a token needs; empty for a route that needs none.
	Scope      string
	Parameters []member
	Body       []content
	BodySays   template.HTML
	Replies    []reply
}

type reply struct {
	Status   string
	Says     template.HTML
	Headers  []string
	Contents []content
}

// content is a body of one content type.
type content struct {
	Media    string
	Type     typeName
	Examples []example
}

type example struct{ Name, Text string }

// member is a member of a schema, or a parameter.
type member struct {
	Name, In string
	Type     typeName
	Required bool
	Says     template.HTML
}

// typeName is a type in words. Link is the schema that it names, if it does.
type typeName struct{ Before, Link, After string }

type schema struct {
	Name    string
	Says    template.HTML
	Type    typeName
	Members []member
	Codes   []string
}

// eventGroup are the events of a kind.
type eventGroup struct {
	Name   string
	Events []event
}

type event struct {
	ID, Type  string
	Says      template.HTML
	Addresses []string
	Stream    string
	Guarantee string
	Data      string // the name of the data's schema
	Examples  []example
}

type stream struct {
	Name     string
	Says     template.HTML
	Subjects []string
	Facts    []string
}

// get follows members, and references within a document.
func get(document, n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if n = child(resolve(document, n), key); n == nil {
			return nil
		}
	}
	return resolve(document, n)
}

func resolve(document, n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.MappingNode {
		target := child(n, "$ref")
		if target == nil {
			return n
		}
		n = document
		for key := range strings.SplitSeq(strings.TrimPrefix(target.Value, "#/"), "/") {
			if n = child(n, key); n == nil {
				break
			}
		}
	}
	return n
}

// str is the text at a path; empty if there is none.
func str(document, n *yaml.Node, path ...string) string {
	if found := get(document, n, path...); found != nil && found.Kind == yaml.ScalarNode {
		return found.Value
	}
	return ""
}

// pairs are the members of a mapping, in order.
func pairs(n *yaml.Node) (keys []string, values []*yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for pair := range slices.Chunk(n.Content, 2) {
		keys, values = append(keys, pair[0].Value), append(values, pair[1])
	}
	return keys, values
}

func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

var (
	bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	code = regexp.MustCompile("`([^`]+)`")
)

// prose makes HTML of a description: paragraphs, bold words and code.
func prose(text string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph == "" {
			continue
		}
		escaped := html.EscapeString(paragraph)
		escaped = bold.ReplaceAllString(escaped, "<strong>$1</strong>")
		b.WriteString("<p>" + code.ReplaceAllString(escaped, "<code>$1</code>") + "</p>\n")
	}
	return template.HTML(b.String()) //nolint:gosec // the documents are part of the program, and escaped
}

// says is the description of something, or its summary.
func says(document, n *yaml.Node) template.HTML {
	return prose(str(document, n, "description"))
}

// nameOf is the name of the component that a node refers to; empty if it does not.
func nameOf(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.MappingNode {
		return ""
	}
	target := child(n, "$ref")
	if target == nil {
		if all := child(n, "allOf"); all != nil && len(all.Content) == 1 {
			return nameOf(all.Content[0])
		}
		return ""
	}
	return target.Value[strings.LastIndexByte(target.Value, '/')+1:]
}

// typeOf is the type of a schema in words.
func typeOf(n *yaml.Node) typeName {
	if n == nil || n.Kind != yaml.MappingNode {
		return typeName{Before: "anything"}
	}
	if name := nameOf(n); name != "" {
		return typeName{Link: name}
	}
	if value := child(n, "const"); value != nil {
		return typeName{Before: value.Value}
	}
	if list := child(n, "enum"); list != nil {
		var values []string
		for _, v := range list.Content {
			values = append(values, v.Value)
		}
		return typeName{Before: "one of " + strings.Join(values, ", ")}
	}
	for _, composed := range []string{"anyOf", "oneOf"} {
		if list := items(child(n, composed)); len(list) > 0 {
			first := typeOf(list[0])
			for _, other := range list[1:] {
				t := typeOf(other)
				first.After += " or " + t.Before + t.Link + t.After
			}
			return first
		}
	}
	return plainType(n)
}

func plainType(n *yaml.Node) typeName {
	kind := child(n, "type")
	if kind == nil {
		return typeName{Before: "anything"}
	}
	names := []string{kind.Value}
	if kind.Kind == yaml.SequenceNode {
		names = nil
		for _, k := range kind.Content {
			names = append(names, k.Value)
		}
	}
	if names[0] == "array" {
		of := typeOf(child(n, "items"))
		of.Before = "list of " + of.Before
		if len(names) > 1 {
			of.After += " or " + strings.Join(names[1:], " or ")
		}
		return of
	}
	text := strings.Join(names, " or ")
	if format := child(n, "format"); format != nil {
		text = format.Value
	}
	return typeName{Before: text}
}

// membersOf are the members of an object's schema, those of the schemas that it is
// composed of included.
func membersOf(document, n *yaml.Node) (members []member) {
	for _, part := range items(child(n, "allOf")) {
		members = append(members, membersOf(document, resolve(document, part))...)
	}
	var required []string
	for _, r := range items(child(n, "required")) {
		required = append(required, r.Value)
	}
	keys, values := pairs(child(n, "properties"))
	for i, key := range keys {
		m := member{Name: key, Type: typeOf(values[i]), Required: slices.Contains(required, key)}
		if own := child(values[i], "description"); own != nil {
			m.Says = prose(own.Value)
		}
		members = append(members, m)
	}
	return members
}

// pretty is a value as JSON for people.
func pretty(n *yaml.Node) string {
	var compact, out bytes.Buffer
	if err := appendJSON(&compact, n); err != nil {
		return ""
	}
	if err := json.Indent(&out, compact.Bytes(), "", "  "); err != nil {
		return ""
	}
	return out.String()
}
