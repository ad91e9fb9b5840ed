package contracttest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// maxKept bounds what is kept of a body.
const maxKept = 4 << 20

// Watch makes a handler that passes requests on to the API, and fails the test where a
// reply, or a request that was not refused, is not what openapi.yaml says. The test
// must not end before the requests have.
func Watch(t testing.TB, api http.Handler) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := exchange{request: r, requestBody: &kept{}, reply: &recorder{ResponseWriter: w}}
		if r.Body != nil {
			passed := r.Clone(r.Context())
			passed.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(r.Body, e.requestBody), r.Body}
			api.ServeHTTP(e.reply, passed)
		} else {
			api.ServeHTTP(e.reply, r)
		}
		for _, wrong := range e.check() {
			t.Errorf("%s %s, %d: %s", r.Method, r.URL, e.reply.status, wrong)
		}
	})
}

// kept keeps the beginning of what is written to it.
type kept struct{ bytes.Buffer }

func (k *kept) Write(b []byte) (int, error) {
	if room := maxKept - k.Len(); room > 0 {
		_, _ = k.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// recorder keeps a reply while it is sent.
type recorder struct {
	http.ResponseWriter

	status int
	body   kept
}

// Unwrap lets [http.ResponseController] find what it controls.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	_, _ = r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// operation is an operation of openapi.yaml.
type operation struct {
	node

	path node // the item that has it
	name string
}

// operations are all operations, by the pattern of their route.
var operations = sync.OnceValue(func() map[string]operation {
	all := map[string]operation{}
	paths, _ := openAPI().node().at("paths")
	for _, path := range paths.keys() {
		item, _ := paths.at(path)
		for _, method := range item.keys() {
			if found, ok := item.at(method); ok && method != "parameters" {
				pattern := Pattern(method, path)
				all[pattern] = operation{found, item, pattern}
			}
		}
	}
	return all
})

// Patterns are the patterns of the routes that openapi.yaml has, sorted.
func Patterns() []string { return slices.Sorted(maps.Keys(operations())) }

// Pattern is the pattern of a route, as [http.ServeMux] has it, by the method and the path
// in an OpenAPI document.
func Pattern(method, path string) string {
	if strings.HasSuffix(path, "/") {
		path += "{$}"
	}
	return strings.ToUpper(method) + " " + path
}

// routes finds the operation of a request, as the API itself does.
var routes = sync.OnceValue(func() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern := range operations() {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	return mux
})
