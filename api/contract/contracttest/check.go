package contracttest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// exchange is a request with its reply.
type exchange struct {
	request     *http.Request
	requestBody *kept
	reply       *recorder
}

// check returns what openapi.yaml does not have of an exchange.
func (e exchange) check() (wrong []error) {
	if e.reply.status == 0 {
		return nil // The client has gone.
	}
	_, pattern := routes().Handler(e.request)
	if pattern == "" {
		return e.checkWithoutRoute()
	}
	op := operations()[pattern]
	status := strconv.Itoa(e.reply.status)
	reply, documented := op.at("responses", status)
	if !documented {
		return []error{fmt.Errorf("openapi.yaml has no reply %s of %s: add it in api/contract/generate/openapi.yaml and run \"go generate ./api/contract\"", status, op.name)}
	}
	seen.reply(op.name, status)
	wrong = append(wrong, e.checkReplyHeaders(op, reply)...)
	if e.request.Method != http.MethodHead {
		if err := e.checkReplyBody(reply); err != nil {
			wrong = append(wrong, err)
		}
	}
	if e.reply.status < http.StatusBadRequest {
		wrong = append(wrong, e.checkRequest(op)...)
	}
	return wrong
}

// checkWithoutRoute checks the reply to a request that has no route.
func (e exchange) checkWithoutRoute() []error {
	if e.reply.status < http.StatusBadRequest && e.request.Method != http.MethodOptions && e.reply.status != http.StatusTemporaryRedirect {
		return []error{fmt.Errorf("the route is not in openapi.yaml: add it to api/contract/generate/openapi.yaml and run \"go generate ./api/contract\"")}
	}
	return nil
}

// transport are the headers that every server and connection has.
var transport = []string{"Content-Type", "Content-Length", "Date", "Connection", "Transfer-Encoding"}

func (e exchange) checkReplyHeaders(op operation, reply node) (wrong []error) {
	for name := range e.reply.Header() {
		common, _ := openAPI().node().at("x-common-headers")
		if !common.hasHeader(name) && !documentedHeaders(reply).hasHeader(name) && !slices.Contains(transport, name) {
			wrong = append(wrong, fmt.Errorf("openapi.yaml has no header %s in the reply %d of %s", name, e.reply.status, op.name))
		}
		seen.header(op.name, strconv.Itoa(e.reply.status), name)
	}
	return wrong
}

// documentedHeaders are those of a reply; none if it has no such member.
func documentedHeaders(reply node) node {
	headers, ok := reply.at("headers")
	if !ok {
		headers.value = nil
	}
	return headers
}

// hasHeader reports whether a member has the name of a header, whatever its case.
func (n node) hasHeader(name string) bool {
	return slices.ContainsFunc(n.keys(), func(key string) bool { return http.CanonicalHeaderKey(key) == name })
}

// media finds the content of a body by its content type. It is not ok if there is none.
func media(of node, contentType string) (content node, mediaType string, ok bool) {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return of, contentType, false
	}
	content, ok = of.at("content", mediaType)
	return content, mediaType, ok
}

func (e exchange) checkReplyBody(reply node) error {
	body := e.reply.body.Bytes()
	if _, has := reply.at("content"); !has {
		if len(body) > 0 {
			return fmt.Errorf("the reply has a body, %s has none", reply.pointer)
		}
		return nil
	}
	content, mediaType, ok := media(reply, e.reply.Header().Get("Content-Type"))
	switch {
	case !ok && strings.HasPrefix(mediaType, "multipart/byteranges"):
		return nil
	case !ok:
		return fmt.Errorf("openapi.yaml has no content type %s at %s", mediaType, reply.pointer)
	case mediaType == "text/event-stream":
		return checkStream(content, body)
	}
	seen.media(reply.pointer, mediaType)
	schema, has := content.at("schema")
	if !has {
		return nil
	}
	var value any = string(body)
	if strings.HasSuffix(mediaType, "json") {
		var err error
		if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(body)); err != nil {
			return fmt.Errorf("the reply is not JSON: %w", err)
		}
	}
	return schema.validate(value)
}

// checkStream checks the events of a stream of server-sent events.
func checkStream(content node, body []byte) error {
	name := ""
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSuffix(line, "\n")
		switch field, value, _ := strings.Cut(line, ": "); field {
		case "event":
			name = value
		case "data":
			described, has := content.at("x-event")
			if !has || described.text("name") != name {
				return fmt.Errorf("openapi.yaml has no event %q at %s", name, content.pointer)
			}
			schema, _ := described.at("data")
			data, err := jsonschema.UnmarshalJSON(strings.NewReader(value))
			if err != nil {
				if err == io.ErrUnexpectedEOF { //nolint:errorlint // the stream was cut off here
					return nil
				}
				return fmt.Errorf("the data of an event is not JSON: %w", err)
			}
			if err := schema.validate(data); err != nil {
				return err
			}
		}
	}
	return nil
}
