package contracttest

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// record is what tests have seen of openapi.yaml. It is safe for concurrent use.
type record struct {
	mu         sync.Mutex
	replies    map[string]bool // "GET /docs 200"
	parameters map[string]bool // "GET /shipments query limit"
	headers    map[string]bool // "GET /docs 200 Etag"
	medias     map[string]bool // "pointer text/html"
}

var seen = record{replies: map[string]bool{}, parameters: map[string]bool{}, headers: map[string]bool{}, medias: map[string]bool{}}

func (r *record) reply(op, status string)        { r.note(r.replies, op+" "+status) }
func (r *record) parameter(op, key string)       { r.note(r.parameters, op+" "+key) }
func (r *record) header(op, status, name string) { r.note(r.headers, op+" "+status+" "+name) }
func (r *record) media(pointer, media string)    { r.note(r.medias, pointer+" "+media) }

func (r *record) note(where map[string]bool, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	where[what] = true
}

// Main runs the tests of a package whose handlers are watched by [Watch]. If all of
// them ran and passed, it then fails for what openapi.yaml has and none of them has
// seen.
func Main(m *testing.M) int {
	code := m.Run()
	if code != 0 || !allRan() {
		return code
	}
	unseen := Unseen()
	for _, u := range unseen {
		fmt.Fprintln(os.Stderr, "openapi.yaml has what no test has seen:", u)
	}
	if len(unseen) > 0 {
		fmt.Fprintln(os.Stderr, "Add a test to package api that sees it, or take it out of api/contract/generate/openapi.yaml and run \"go generate ./api/contract\".")
		return 1
	}
	return 0
}

// allRan reports whether no flag left tests out.
func allRan() bool {
	for _, name := range []string{"test.run", "test.skip", "test.fuzz", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// Unseen is what openapi.yaml has and no watched handler was asked for or replied,
// sorted.
func Unseen() []string {
	seen.mu.Lock()
	defer seen.mu.Unlock()
	var unseen []string
	for pattern, op := range operations() {
		replies, _ := op.at("responses")
		for _, status := range replies.keys() {
			if !seen.replies[pattern+" "+status] {
				unseen = append(unseen, pattern+" → "+status)
			}
			reply, _ := replies.at(status)
			for _, name := range documentedHeaders(reply).keys() {
				if !seen.headers[pattern+" "+status+" "+http.CanonicalHeaderKey(name)] {
					unseen = append(unseen, pattern+" → "+status+" header "+name)
				}
			}
		}
		for key := range op.parameters() {
			if !strings.HasPrefix(key, "path ") && !seen.parameters[pattern+" "+key] {
				unseen = append(unseen, pattern+" "+key)
			}
		}
	}
	slices.Sort(unseen)
	return unseen
}
