// Command generate makes the documents of the API and of the events, openapi.yaml
// and asyncapi.yaml in the folder above: from the parts that are written by hand, in
// this folder, and from the tables of the code. Run it with
//
//	go generate ./api/contract
//
// A test fails while the documents are not what it makes.
//
//   - openapi.go: the OpenAPI document
//   - asyncapi.go: the AsyncAPI document
//   - examples.go: examples, which the end-to-end tests recorded
//   - schemas.go: the schemas of events as components, components without use
//   - node.go: nodes of YAML
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// head is the first line of a document that is made.
const head = "# Made by \"go generate ./api/contract\", from generate/%s and the tables of the code. Do not edit it.\n"

// documents make the files, by their name.
var documents = map[string]func() (*yaml.Node, error){
	"openapi.yaml":  openAPI,
	"asyncapi.yaml": asyncAPI,
}

// document is the text of a file.
func document(name string) ([]byte, error) {
	made, err := documents[name]()
	if err != nil {
		return nil, err
	}
	return write(made, fmt.Sprintf(head, name))
}

func main() {
	folder := flag.String("to", ".", "folder in which to write the documents")
	flag.Parse()
	for name := range documents {
		content, err := document(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(*folder, name), content, 0o644) //nolint:gosec // everybody may read it
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
	}
}
