package contracttest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"shipments/events"
	"shipments/shipment/text"
)

// parameters are those of an operation, by "query wait" for example.
func (op operation) parameters() map[string]node {
	all := map[string]node{}
	for _, of := range []node{op.path, op.node} {
		list, _ := of.at("parameters")
		for _, p := range list.items() {
			name := p.text("name")
			if p.text("in") == "header" {
				name = http.CanonicalHeaderKey(name)
			}
			all[p.text("in")+" "+name] = p
		}
	}
	return all
}

// checkRequest checks a request that was not refused.
func (e exchange) checkRequest(op operation) (wrong []error) {
	known := op.parameters()
	for name, values := range e.request.URL.Query() {
		p, documented := known["query "+name]
		if !documented {
			wrong = append(wrong, fmt.Errorf("openapi.yaml has no parameter %s of %s", name, op.name))
			continue
		}
		seen.parameter(op.name, "query "+name)
		schema, _ := p.at("schema")
		for _, value := range values {
			if err := checkText(schema, value); err != nil {
				wrong = append(wrong, fmt.Errorf("parameter %s=%s: %w", name, value, err))
			}
		}
	}
	for key, p := range known {
		in, name, _ := strings.Cut(key, " ")
		if in != "header" || e.request.Header.Get(name) == "" {
			continue
		}
		seen.parameter(op.name, key)
		schema, _ := p.at("schema")
		if err := checkText(schema, e.request.Header.Get(name)); err != nil {
			wrong = append(wrong, fmt.Errorf("header %s: %w", name, err))
		}
	}
	if err := e.checkRequestBody(op); err != nil {
		wrong = append(wrong, err)
	}
	return wrong
}

// checkText holds the text of a parameter against its schema. Empty text is as good as
// no parameter.
func checkText(schema node, value string) error {
	if value == "" {
		return nil
	}
	switch schema.text("type") {
	case "integer":
		n, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		return schema.validate(n)
	case "array":
		var list []any
		for part := range strings.SplitSeq(value, ",") {
			if part != "" {
				list = append(list, part)
			}
		}
		return schema.validate(list)
	}
	return schema.validate(value)
}

func (e exchange) checkRequestBody(op operation) error {
	described, has := op.at("requestBody")
	body := e.requestBody.Bytes()
	if !has {
		return nil // A body is not read.
	}
	if len(body) == 0 {
		if required, _ := described.at("required"); required.value == true {
			return fmt.Errorf("openapi.yaml demands a body of %s", op.name)
		}
		return nil
	}
	content, mediaType, ok := media(described, e.request.Header.Get("Content-Type"))
	if !ok && events.IsJSON(mediaType) { // As the description of the body says.
		content, ok = described.at("content", "application/json")
	}
	if !ok {
		return fmt.Errorf("openapi.yaml has no content type %s of the body of %s", mediaType, op.name)
	}
	if !strings.HasSuffix(mediaType, "json") {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	schema, _ := content.at("schema")
	return schema.validate(normalised(value))
}

// normalised is a value whose texts are as they are taken.
func normalised(value any) any {
	switch v := value.(type) {
	case string:
		return text.Normalise(v)
	case []any:
		for i := range v {
			v[i] = normalised(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = normalised(v[name])
		}
	}
	return value
}

// RequestHeaders are the names of the header parameters that openapi.yaml has for a route.
func RequestHeaders(pattern string) (names []string) {
	for key := range operations()[pattern].parameters() {
		if in, name, _ := strings.Cut(key, " "); in == "header" {
			names = append(names, name)
		}
	}
	return names
}

// ReplyHeaders are the names of the headers that openapi.yaml has in the replies of a route.
func ReplyHeaders(pattern string) (names []string) {
	replies, _ := operations()[pattern].at("responses")
	for _, status := range replies.keys() {
		reply, _ := replies.at(status)
		names = append(names, documentedHeaders(reply).keys()...)
	}
	return names
}
