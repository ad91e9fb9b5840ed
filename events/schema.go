package events

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"shipments/shipment"
)

//go:embed schemas/*.json
var schemaFiles embed.FS

// Schemas are the JSON Schemas (draft 2020-12) of every event's data: one file
// per event type, such as shipments.created.json, and the definitions that
// they share. The HTTP API serves them under /schemas/.
func Schemas() fs.FS {
	sub, err := fs.Sub(schemaFiles, "schemas")
	if err != nil {
		panic(err) // The folder is part of the binary.
	}
	return sub
}

// SchemaName is the file name of the schema of an event type's data.
func SchemaName(eventType string) string { return eventType + ".json" }

// SchemaURL is the dataschema attribute of an event type: where the HTTP API
// at baseURL serves its schema.
func SchemaURL(baseURL, eventType string) string {
	return strings.TrimRight(baseURL, "/") + "/schemas/" + SchemaName(eventType)
}

// compiled has the schema of every event type.
var compiled = sync.OnceValue(compileSchemas)

// compileSchemas compiles the embedded schemas. They are part of the program:
// a broken one is a programming error that every test finds.
func compileSchemas() map[string]*jsonschema.Schema {
	const base = "https://shipments.invalid/schemas/"
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	files, err := fs.Glob(Schemas(), "*.json")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(Schemas(), file)
		if err != nil {
			panic(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			panic(fmt.Errorf("schema %s: %w", file, err))
		}
		if err := compiler.AddResource(base+file, document); err != nil {
			panic(fmt.Errorf("schema %s: %w", file, err))
		}
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, eventType := range Types() {
		schemas[eventType] = compiler.MustCompile(base + SchemaName(eventType))
	}
	return schemas
}

// MaxReasons bounds the reasons that a rejection lists.
const MaxReasons = 20

// ValidateData checks an event's data against its type's schema. It returns
// nothing if the data follows it, and at most [MaxReasons] otherwise. A type
// without a schema, and data that is no JSON, are reasons too.
func ValidateData(eventType string, data []byte) []shipment.Reason {
	schema, known := compiled()[eventType]
	if !known {
		return []shipment.Reason{{Code: CodeUnknownType, Path: "type", Message: "there is no schema for this type"}}
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(instance); !errors.As(err, &invalid) {
		return nil
	}
	reasons := violations(invalid, nil)
	slices.SortFunc(reasons, func(a, b shipment.Reason) int {
		return strings.Compare(a.Path+"\x00"+a.Message, b.Path+"\x00"+b.Message)
	})
	return reasons[:min(len(reasons), MaxReasons)]
}

// plainIntegers rewrites the integers of JSON data in the plain form: JSON
// Schema takes 1200.0 and 1.2e3 for integers, Go does not.
func plainIntegers(data []byte) ([]byte, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain(value))
}

func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			v[name] = plain(v[name])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case json.Number:
		if n, ok := new(big.Rat).SetString(v.String()); ok && n.IsInt() {
			return json.Number(n.Num().String())
		}
	}
	return value
}

var english = message.NewPrinter(language.English)

// violations collects the leaves of a validation error: they say what is wrong
// and where.
func violations(e *jsonschema.ValidationError, found []shipment.Reason) []shipment.Reason {
	if len(e.Causes) == 0 {
		at := path.Join(append([]string{"/"}, e.InstanceLocation...)...)
		text := e.ErrorKind.LocalizedString(english)
		if len(at) > MaxAttributeLength {
			at = at[:MaxAttributeLength]
		}
		if len(text) > MaxAttributeLength {
			text = text[:MaxAttributeLength]
		}
		return append(found, shipment.Reason{
			Code:    CodeSchemaViolation,
			Path:    strings.ToValidUTF8(at, ""),
			Message: strings.ToValidUTF8(text, ""),
		})
	}
	for _, cause := range e.Causes {
		found = violations(cause, found)
	}
	return found
}
