package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"shipments/activities/carriers"
)

// Contract compares requests and answers with the carrier API's OpenAPI document.
// It is safe for concurrent use.
type Contract struct {
	document any
	compiler *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
}

// documentURL names the document within the compiler of schemas.
const documentURL = "https://shipments.invalid/openapi.json"

// NewContract reads [carriers.OpenAPI].
func NewContract() (*Contract, error) {
	var parsed any
	if err := yaml.Unmarshal(carriers.OpenAPI, &parsed); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	text, err := json.Marshal(parsed)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(documentURL, document); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	return &Contract{document: document, compiler: compiler, schemas: map[string]*jsonschema.Schema{}}, nil
}

// Has reports whether the document has something at a JSON pointer.
func (c *Contract) Has(pointer string) bool { return c.at(pointer) != nil }

// Request compares a request of the client with the document: its headers, its
// query, and its body, which has no member that the document does not list.
func (c *Contract) Request(method string, at *url.URL, header http.Header, body []byte) error {
	operation, err := c.operation(method, at.Path)
	if err != nil {
		return err
	}
	parameters, _ := c.at(operation + "/parameters").([]any)
	for i := range parameters {
		if err := c.parameter(fmt.Sprintf("%s/parameters/%d", operation, i), at, header); err != nil {
			return fmt.Errorf("%s %s: %w", method, at.Path, err)
		}
	}
	content := operation + "/requestBody/content/application~1json/schema"
	if c.at(content) == nil {
		if len(body) > 0 {
			return fmt.Errorf("%s %s has a body", method, at.Path)
		}
		return nil
	}
	if err := c.body(content, body); err != nil {
		return fmt.Errorf("%s %s: %w", method, at.Path, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	if unlisted := c.unlisted(content, value, ""); len(unlisted) > 0 {
		return fmt.Errorf("%s %s: the document does not list %s", method, at.Path, strings.Join(unlisted, ", "))
	}
	return nil
}

// Answer compares an answer of a service with the document: the status is one that
// it lists for the operation, and the body is what it says.
func (c *Contract) Answer(method, path string, status int, body []byte) error {
	operation, err := c.operation(method, path)
	if err != nil {
		return err
	}
	response := c.resolved(fmt.Sprintf("%s/responses/%d", operation, status))
	if response == "" {
		return fmt.Errorf("the status %d is not one that the document lists for %s %s", status, method, path)
	}
	content := response + "/content/application~1json/schema"
	undone := status/100 == 2 && strings.HasSuffix(response, "TakenBack")
	if c.at(content) == nil || undone && len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	return c.body(content, body)
}

// operation is the pointer to an operation of the document.
func (c *Contract) operation(method, path string) (string, error) {
	pointer := "/paths/" + escape(path) + "/" + strings.ToLower(method)
	if c.at(pointer) == nil {
		return "", fmt.Errorf("the document has no %s %s", method, path)
	}
	return pointer, nil
}

// parameter compares a header or a query parameter with the document.
func (c *Contract) parameter(pointer string, at *url.URL, header http.Header) error {
	pointer = c.resolved(pointer)
	parameter, _ := c.at(pointer).(map[string]any)
	name, _ := parameter["name"].(string)
	values := header.Values(name)
	if parameter["in"] == "query" {
		values = at.Query()[name]
	}
	required, _ := parameter["required"].(bool)
	switch {
	case len(values) == 0 && required:
		return fmt.Errorf("%s is missing", name)
	case len(values) == 0:
		return nil
	}
	schema, err := c.schema(pointer + "/schema")
	if err != nil {
		return err
	}
	if err := schema.Validate(values[0]); err != nil {
		return fmt.Errorf("%s: %s", name, sentence(err))
	}
	return nil
}

// body compares a body with the schema at a pointer.
func (c *Contract) body(pointer string, body []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return errors.New("the body is not JSON")
	}
	schema, err := c.schema(pointer)
	if err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return errors.New(sentence(err))
	}
	return nil
}

func (c *Contract) schema(pointer string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if schema, ok := c.schemas[pointer]; ok {
		return schema, nil
	}
	schema, err := c.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		return nil, fmt.Errorf("compile %s of openapi.yaml: %w", pointer, err)
	}
	c.schemas[pointer] = schema
	return schema, nil
}

// unlisted returns the members of a value that the schema at a pointer does not
// list.
func (c *Contract) unlisted(pointer string, value any, path string) (names []string) {
	pointer = c.resolved(pointer)
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			at := pointer + "/properties/" + escape(name)
			if c.at(at) == nil {
				names = append(names, path+"/"+name)
				continue
			}
			names = append(names, c.unlisted(at, member, path+"/"+name)...)
		}
	case []any:
		for i, item := range value {
			names = append(names, c.unlisted(pointer+"/items", item, fmt.Sprintf("%s/%d", path, i))...)
		}
	}
	slices.Sort(names)
	return names
}

// at is what the document has at a pointer; nil if that is nothing.
func (c *Contract) at(pointer string) any {
	value := c.document
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch v := value.(type) {
		case map[string]any:
			value = v[token]
		case []any:
			var i int
			if _, err := fmt.Sscan(token, &i); err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// resolved follows the reference at a pointer. It is empty if there is nothing.
func (c *Contract) resolved(pointer string) string {
	for {
		object, ok := c.at(pointer).(map[string]any)
		if !ok {
			return ""
		}
		reference, ok := object["$ref"].(string)
		if !ok {
			return pointer
		}
		pointer = strings.TrimPrefix(reference, "#")
	}
}

func escape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// sentence is the first cause of a validation error: where, and what is wrong.
func sentence(err error) string {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	for len(invalid.Causes) > 0 {
		invalid = invalid.Causes[0]
	}
	where := "/" + strings.Join(invalid.InstanceLocation, "/")
	return where + ": " + invalid.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}
