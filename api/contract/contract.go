package contract

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:generate go run ./generate -to .

var (
	//go:embed openapi.yaml
	openAPIText []byte
	//go:embed asyncapi.yaml
	asyncAPIText []byte
)

// OpenAPI returns the OpenAPI 3.1 document of the HTTP API as JSON, for an API that
// users reach at publicURL. Empty means that they reach it where they found the document.
func OpenAPI(publicURL string) ([]byte, error) {
	document, err := read(openAPIText)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	url := strings.TrimRight(publicURL, "/")
	if url == "" {
		url = "/"
	}
	set(document, url, "servers", "0", "url")
	return asJSON(document)
}

// AsyncAPI returns the AsyncAPI 3.1 document of the events in NATS as JSON, for a service
// whose HTTP API users reach at publicURL.
func AsyncAPI(publicURL string) ([]byte, error) {
	document, err := read(asyncAPIText)
	if err != nil {
		return nil, fmt.Errorf("asyncapi.yaml: %w", err)
	}
	if publicURL != "" {
		set(document, strings.TrimRight(publicURL, "/")+"/openapi.json", "info", "externalDocs", "url")
	}
	return asJSON(document)
}

func read(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	return document.Content[0], nil
}

// set replaces the text at a path of members and indices. A path that does not
// exist is left alone.
func set(n *yaml.Node, text string, path ...string) {
	for _, key := range path {
		if n = child(n, key); n == nil {
			return
		}
	}
	n.SetString(text)
}

// child is the member of a mapping, or the item of a list; nil if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil {
		return nil
	}
	var previous string
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode && strconv.Itoa(i) == key, n.Kind == yaml.MappingNode && i%2 == 1 && previous == key:
			return c
		}
		previous = c.Value
	}
	return nil
}
