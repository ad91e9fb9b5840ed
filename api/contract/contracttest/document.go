package contracttest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"shipments/api/contract"
)

// document is a document whose schemas values are held against.
type document struct {
	name     string
	root     map[string]any
	compiler *jsonschema.Compiler

	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema // by JSON Pointer
}

// base is where the compiler has the documents.
const base = "https://contract.invalid/"

func open(name string, read func(publicURL string) ([]byte, error), draft *jsonschema.Draft) *document {
	text, err := read("http://api.test")
	if err != nil {
		panic(err) // The document is part of the program.
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	closeEnums(value)
	d := &document{name: name, root: value.(map[string]any), compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}} //nolint:forcetypeassert // a document is an object
	d.compiler.DefaultDraft(draft)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(base+name, value); err != nil {
		panic(err)
	}
	return d
}

var openAPI = sync.OnceValue(func() *document { return open("openapi.yaml", contract.OpenAPI, jsonschema.Draft2020) })

var asyncAPI = sync.OnceValue(func() *document { return open("asyncapi.yaml", contract.AsyncAPI, jsonschema.Draft7) })

// closeEnums makes enumerations of the lists that may become longer: this service
// itself has no other values than those that are listed.
func closeEnums(value any) {
	switch v := value.(type) {
	case map[string]any:
		if list, has := v["x-extensible-enum"]; has {
			v["enum"] = list
		}
		for _, member := range v {
			closeEnums(member)
		}
	case []any:
		for _, item := range v {
			closeEnums(item)
		}
	}
}

// node is a place in a document.
type node struct {
	*document

	pointer string
	value   any
}

func (d *document) node() node { return node{d, "", d.root} }

// at goes to a member of members, through references. It is not ok if there is none.
func (n node) at(keys ...string) (found node, ok bool) {
	for _, key := range keys {
		members, isObject := n.resolve().value.(map[string]any)
		if !isObject {
			return n, false
		}
		value, has := members[key]
		if !has {
			return n, false
		}
		n = n.resolve()
		n = node{n.document, n.pointer + "/" + escape(key), value}
	}
	return n.resolve(), true
}

// resolve follows references to other places of the document. Members beside a
// reference are left out.
func (n node) resolve() node {
	for {
		members, _ := n.value.(map[string]any)
		target, isText := members["$ref"].(string)
		if !isText {
			return n
		}
		n = n.find(target)
	}
}

// find goes to a place by its reference, which has to exist.
func (d *document) find(reference string) node {
	pointer, local := strings.CutPrefix(reference, "#")
	if !local {
		panic(fmt.Sprintf("%s refers to %s", d.name, reference))
	}
	n := d.node()
	for key := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		members, _ := n.value.(map[string]any)
		value, has := members[unescape(key)]
		if !has {
			panic(fmt.Sprintf("%s refers to %s, which it does not have", d.name, reference))
		}
		n = node{d, n.pointer + "/" + key, value}
	}
	return n
}

// text is the text at a member; empty if there is none.
func (n node) text(key string) string {
	found, _ := n.at(key)
	text, _ := found.value.(string)
	return text
}

// keys are the members of an object.
func (n node) keys() []string {
	members, _ := n.resolve().value.(map[string]any)
	all := make([]string, 0, len(members))
	for key := range members {
		all = append(all, key)
	}
	return all
}

// items are the items of a list, resolved.
func (n node) items() []node {
	list, _ := n.value.([]any)
	all := make([]node, len(list))
	for i, item := range list {
		all[i] = node{n.document, fmt.Sprintf("%s/%d", n.pointer, i), item}.resolve()
	}
	return all
}

// validate holds a value against the schema at a place.
func (n node) validate(value any) error {
	n.mu.Lock()
	schema := n.compiled[n.pointer]
	if schema == nil {
		var err error
		if schema, err = n.compiler.Compile(base + n.name + "#" + n.pointer); err != nil {
			n.mu.Unlock()
			return err
		}
		n.compiled[n.pointer] = schema
	}
	n.mu.Unlock()
	if err := schema.Validate(value); err != nil {
		return err
	}
	if found := undocumented(n, value, ""); len(found) > 0 {
		return fmt.Errorf("%s has no member %s: add it to the schema at %s in %s",
			n.name, strings.Join(found, ", "), n.pointer, "api/contract/generate or events/schemas, and run \"go generate ./api/contract\"")
	}
	return nil
}

func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D").Replace(key)
}

func unescape(key string) string {
	return strings.NewReplacer("~1", "/", "~0", "~", "%25", "%", "%7B", "{", "%7D", "}").Replace(key)
}
