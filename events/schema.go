package events

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

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

// compileSchemas compiles the embedded schemas. A broken one is a programming
// error that every test finds.
func compileSchemas() map[string]*jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for file, document := range documents() {
		if err := compiler.AddResource(schemaBase+file, document); err != nil {
			panic(fmt.Errorf("schema %s: %w", file, err))
		}
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, eventType := range Types() {
		schemas[eventType] = compiler.MustCompile(schemaBase + SchemaName(eventType))
	}
	return schemas
}

// schemaBase is where the validator has the schemas.
const schemaBase = "https://shipments.invalid/schemas/"

// documents are the embedded schemas, by file.
var documents = sync.OnceValue(func() map[string]any {
	files, err := fs.Glob(Schemas(), "*.json")
	if err != nil {
		panic(err)
	}
	read := map[string]any{}
	for _, file := range files {
		content, err := fs.ReadFile(Schemas(), file)
		if err != nil {
			panic(err)
		}
		if read[file], err = jsonschema.UnmarshalJSON(bytes.NewReader(content)); err != nil {
			panic(fmt.Errorf("schema %s: %w", file, err))
		}
	}
	return read
})

// MaxReasons bounds the reasons that a rejection lists.
const MaxReasons = 20

// ValidateData checks an event's data against its type's schema. It returns
// nothing if the data follows it, and at most [MaxReasons] otherwise. A type
// without a schema and data that is not JSON are reasons too. The data is taken as
// it is: the text of a shipment is normalised before (see [ParseCreated]).
func ValidateData(eventType string, data []byte) []shipment.Reason {
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return []shipment.Reason{{Code: CodeInvalidData, Path: "data", Message: err.Error()}}
	}
	return validate(eventType, instance)
}

func validate(eventType string, instance any) []shipment.Reason {
	schema, known := compiled()[eventType]
	if !known {
		return []shipment.Reason{{Code: CodeUnknownType, Path: "type", Message: "there is no schema for this type"}}
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

// plain rewrites the integers of a JSON value in the plain form: 1200.0 and 1.2e3
// are integers for JSON Schema, but not for Go.
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
