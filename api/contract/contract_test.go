package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"

	"shipments/api/contract"
	"shipments/api/contract/contracttest"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// compiling is held while a schema is compiled: a compiler is for one at a time.
var compiling sync.Mutex

// asyncAPI is what these tests read of asyncapi.yaml.
type asyncAPI struct {
	Channels map[string]struct {
		Address string `json:"address"`
		Stream  string `json:"x-nats-stream"`
	} `json:"channels"`
	Streams map[string]struct {
		Subjects []string `json:"subjects"`
	} `json:"x-nats-streams"`
	Components struct {
		Messages map[string]struct {
			Name     string `json:"name"`
			Examples []struct {
				Name    string         `json:"name"`
				Headers map[string]any `json:"headers"`
				Payload struct {
					Data json.RawMessage `json:"data"`
				} `json:"payload"`
			} `json:"examples"`
		} `json:"messages"`
		Schemas map[string]struct {
			Properties map[string]any `json:"properties"`
			Codes      []string       `json:"x-extensible-enum"`
		} `json:"schemas"`
	} `json:"components"`
}

func read(t *testing.T) (document asyncAPI, text []byte) {
	t.Helper()
	text, err := contract.AsyncAPI("http://api.test/")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &document))
	return document, text
}

func TestAsyncAPIHasEverySubjectTypeAndReason(t *testing.T) {
	t.Parallel()
	document, text := read(t)
	t.Run("subjects", func(t *testing.T) {
		t.Parallel()
		var addresses, wanted []string
		for _, channel := range document.Channels {
			addresses = append(addresses, channel.Stream+" "+channel.Address)
		}
		for _, row := range events.Table() {
			wanted = append(wanted, row.Stream+" "+row.Name+".{shipmentId}")
			if row.Kind == events.KindInput {
				wanted = append(wanted, row.Stream+" "+row.Name)
			}
		}
		require.ElementsMatch(t, wanted, addresses)
		configs := streams.Configs(1)
		require.Len(t, document.Streams, len(configs))
		for _, config := range configs {
			require.Equal(t, config.Subjects, document.Streams[config.Name].Subjects)
		}
	})
	t.Run("types", func(t *testing.T) {
		t.Parallel()
		named := map[string]bool{}
		for _, message := range document.Components.Messages {
			named[strings.TrimSuffix(message.Name, " in binary mode")] = true
		}
		require.ElementsMatch(t, events.Types(), slices.Collect(maps.Keys(named)))
	})
	t.Run("reasons", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, events.ReasonCodes(), document.Components.Schemas["ReasonCode"].Codes)
	})
	require.Contains(t, string(text), `"url": "http://api.test/openapi.json"`)
}

// TestAsyncAPIHasEveryHeader publishes an event of every kind, and compares its headers
// with the document.
func TestAsyncAPIHasEveryHeader(t *testing.T) {
	t.Parallel()
	document, _ := read(t)
	s := eventstest.StartProvisioned(t)
	publisher := streams.NewPublisher(s.JS, "http://api.test")
	created, err := events.NewCreated("e-1", "/team/orders", time.Now(), sample.Shipment("c1x", time.Now()))
	require.NoError(t, err)
	traced := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "x=y",
	})
	_, err = publisher.PublishCreated(traced, created, "c1x")
	require.NoError(t, err)
	faults := []shipment.Fault{*shipment.NewFault("Carrier collection booking failed", "2.3.4: Not on that day")}
	for i := range 2 {
		_, err = publisher.PublishOnce(traced, events.Outcome{
			Lineage: events.Lineage{ShipmentID: "c1x", RunID: "run-1", CausationID: "e-1", CorrelationID: "e-1"}, Type: events.TypeCollectionDeclined,
			Occurrence: i + 1, Sequence: i + 1, Time: time.Now(), Data: events.CollectionDeclined{ShipmentID: "c1x", CollectionDate: "2030-01-16", Faults: faults},
		})
		require.NoError(t, err)
	}
	require.NoError(t, publisher.Reject(traced, events.Rejection{
		Reasons: []shipment.Reason{{Code: events.CodeInvalidJSON, Message: "not JSON"}},
		Input:   events.Input{Stream: events.StreamShipments, StreamSequence: 9, Subject: "shipments.created", StoredAt: time.Now(), Data: []byte("x")},
	}))
	for stream, schema := range map[string]string{
		events.StreamShipments: "StructuredHeaders", events.StreamEvents: "OutcomeHeaders", events.StreamRejections: "RejectionHeaders",
	} {
		t.Run(stream, func(t *testing.T) {
			used := map[string]bool{}
			for _, message := range s.Messages(t, stream, "shipments.>") {
				for name := range contracttest.OwnHeaders(message.Header) {
					used[name] = true
				}
				require.NoError(t, contracttest.Message(message.Subject, message.Header, message.Data))
			}
			documented := slices.Sorted(maps.Keys(document.Components.Schemas[schema].Properties))
			if stream == events.StreamShipments { // Publishers may send it; the API itself sends it for a shipment that is not known.
				documented = slices.DeleteFunc(documented, func(name string) bool { return name == "Nats-Expected-Last-Subject-Sequence" })
			}
			require.Equal(t, documented, slices.Sorted(maps.Keys(used)), "describe the headers in api/contract/generate/asyncapi.yaml, and run \"go generate ./api/contract\"")
		})
	}
	read, err := contracttest.Stored(t.Context(), s.JS)
	require.NoError(t, err)
	require.Equal(t, 4, read)
}

// TestAsyncAPIExamples requires that each type has real messages, and that they are what
// the document says.
func TestAsyncAPIExamples(t *testing.T) {
	t.Parallel()
	document, text := read(t)
	var raw struct {
		Components struct {
			Messages map[string]struct {
				Examples []struct {
					Headers map[string]string `json:"headers"`
					Payload json.RawMessage   `json:"payload"`
				} `json:"examples"`
			} `json:"messages"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(text, &raw))
	for name, message := range document.Components.Messages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.HasSuffix(name, "RequestedBinary") {
				return // The way of a shipment shows how requests are sent.
			}
			require.NotEmpty(t, message.Examples, "run the end-to-end test TestContract with -record-examples")
			for i, example := range message.Examples {
				header := map[string][]string{}
				for name, value := range raw.Components.Messages[name].Examples[i].Headers {
					header[name] = []string{value}
				}
				require.NoError(t, contracttest.Message(example.Name, header, raw.Components.Messages[name].Examples[i].Payload))
			}
		})
	}
}

// TestAsyncAPISchemasAreThoseThatAreEnforced changes real data in every place, and requires
// that the document's schemas, which are draft-07, accept and refuse the same as those that the
// service enforces, which are draft 2020-12.
func TestAsyncAPISchemasAreThoseThatAreEnforced(t *testing.T) {
	t.Parallel()
	document, text := read(t)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("https://contract.invalid/asyncapi.json", value))
	for name, message := range document.Components.Messages {
		if strings.HasSuffix(name, "Binary") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema := compile(t, compiler, "https://contract.invalid/asyncapi.json#/components/schemas/"+name+"Data")
			refused, accepted := 0, 0
			for _, example := range message.Examples {
				each(t, example.Payload.Data, func(changed []byte, what string) {
					data, err := jsonschema.UnmarshalJSON(bytes.NewReader(changed))
					require.NoError(t, err)
					enforced := len(events.ValidateData(message.Name, changed)) == 0
					require.Equal(t, enforced, schema.Validate(data) == nil, "%s: %s", what, changed)
					if enforced {
						accepted++
					} else {
						refused++
					}
				})
			}
			require.Positive(t, refused)
			require.Positive(t, accepted)
		})
	}
}

func compile(t *testing.T, compiler *jsonschema.Compiler, location string) *jsonschema.Schema {
	t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	schema, err := compiler.Compile(location)
	require.NoError(t, err)
	return schema
}

// each calls do for data, and for all that becomes of it when one value is changed.
func each(t *testing.T, data []byte, do func(changed []byte, what string)) {
	t.Helper()
	do(data, "unchanged")
	var root any
	require.NoError(t, json.Unmarshal(data, &root))
	send := func(what string) {
		changed, err := json.Marshal(root)
		require.NoError(t, err)
		do(changed, what)
	}
	var visit func(value any, path string, set func(any), remove func())
	visit = func(value any, path string, set func(any), remove func()) {
		for _, other := range []any{nil, true, -1.0, 1.5, "", "x", "x\x01", strings.Repeat("x", 1001), []any{}, map[string]any{}} {
			set(other)
			send(fmt.Sprintf("%s is %v", path, other))
		}
		if remove != nil {
			remove()
			send(path + " is missing")
		}
		set(value)
		switch v := value.(type) {
		case map[string]any:
			for name, member := range maps.Clone(v) {
				visit(member, path+"/"+name, func(to any) { v[name] = to }, func() { delete(v, name) })
			}
			v["unheardOf"] = "x"
			send(path + "/unheardOf")
			delete(v, "unheardOf")
		case []any:
			for i, item := range v {
				visit(item, fmt.Sprintf("%s/%d", path, i), func(to any) { v[i] = to }, nil)
			}
		}
	}
	visit(root, "", func(to any) { root = to }, nil)
}

func TestOpenAPINamesThePublicURL(t *testing.T) {
	t.Parallel()
	for publicURL, want := range map[string]string{"": "/", "https://ships.example/api/": "https://ships.example/api"} {
		t.Run(publicURL, func(t *testing.T) {
			t.Parallel()
			text, err := contract.OpenAPI(publicURL)
			require.NoError(t, err)
			var document struct {
				OpenAPI string `json:"openapi"`
				Servers []struct {
					URL string `json:"url"`
				} `json:"servers"`
			}
			require.NoError(t, json.Unmarshal(text, &document))
			require.Equal(t, "3.1.0", document.OpenAPI)
			require.Equal(t, want, document.Servers[0].URL)
		})
	}
}
