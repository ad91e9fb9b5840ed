package contract

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	//go:embed page/docs.css
	styles string
	//go:embed page/docs.html
	pageText string

	pageTemplate = template.Must(template.New("docs").Funcs(template.FuncMap{
		"styles": func() template.CSS { return template.CSS(styles) }, //nolint:gosec // it is part of the program
		"lower":  strings.ToLower,
	}).Parse(pageText))
)

// PagePolicy is the content security policy of the page: it loads nothing but the icon,
// and has no other style than its own.
var PagePolicy = func() string {
	sum := sha256.Sum256([]byte(styles))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
}()

// Page returns both documents as a page for people, for an API that users reach at
// publicURL. It is complete in itself.
func Page(publicURL string) ([]byte, error) {
	public, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	openAPI, err := read(openAPIText)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	asyncAPI, err := read(asyncAPIText)
	if err != nil {
		return nil, fmt.Errorf("asyncapi.yaml: %w", err)
	}
	v := view{
		Root: strings.TrimRight(public.EscapedPath(), "/"), Version: str(openAPI, openAPI, "info", "version"),
		HTTP: says(openAPI, get(openAPI, openAPI, "info")), NATS: says(asyncAPI, get(asyncAPI, asyncAPI, "info")),
		Groups: groups(openAPI), EventGroups: eventGroups(asyncAPI), Streams: natsStreams(asyncAPI), Schemas: allSchemas(openAPI, asyncAPI),
	}
	var out bytes.Buffer
	err = pageTemplate.Execute(&out, v)
	return out.Bytes(), err
}

func groups(document *yaml.Node) (all []group) {
	for _, tag := range items(get(document, document, "tags")) {
		g := group{Name: str(document, tag, "name"), Says: says(document, tag)}
		paths, described := pairs(get(document, document, "paths"))
		for i, path := range paths {
			methods, operations := pairs(described[i])
			for k, method := range methods {
				if tags := items(get(document, operations[k], "tags")); len(tags) > 0 && tags[0].Value == g.Name {
					g.Operations = append(g.Operations, describe(document, described[i], operations[k], method, path))
				}
			}
		}
		all = append(all, g)
	}
	return all
}

// describe describes an operation of a path.
func describe(document, item, n *yaml.Node, method, path string) operation {
	o := operation{
		ID: str(document, n, "operationId"), Method: strings.ToUpper(method), Path: path, Summary: str(document, n, "summary"), Says: says(document, n),
		Scope: scopeOf(document, n), Body: contents(document, get(document, n, "requestBody")), BodySays: says(document, get(document, n, "requestBody")),
	}
	for _, list := range []*yaml.Node{get(document, item, "parameters"), get(document, n, "parameters")} {
		for _, p := range items(list) {
			p = resolve(document, p)
			o.Parameters = append(o.Parameters, member{
				Name: str(document, p, "name"), In: str(document, p, "in"), Required: str(document, p, "required") == "true",
				Type: typeOf(child(p, "schema")), Says: says(document, p),
			})
		}
	}
	statuses, replies := pairs(get(document, n, "responses"))
	for i, status := range statuses {
		r := resolve(document, replies[i])
		headers, _ := pairs(get(document, r, "headers"))
		o.Replies = append(o.Replies, reply{Status: status, Says: says(document, r), Headers: headers, Contents: contents(document, r)})
	}
	slices.SortFunc(o.Replies, func(a, b reply) int { return strings.Compare(a.Status, b.Status) })
	return o
}

// scopeOf is the scope that an operation needs; empty if it needs none.
func scopeOf(document, n *yaml.Node) string {
	for _, way := range items(get(document, n, "security")) {
		for _, scope := range items(child(way, "token")) {
			return scope.Value
		}
	}
	return ""
}

func contents(document, n *yaml.Node) (all []content) {
	medias, described := pairs(get(document, n, "content"))
	for i, media := range medias {
		c := content{Media: media, Type: typeOf(child(described[i], "schema"))}
		if event := get(document, described[i], "x-event", "data"); event != nil {
			c.Type = typeOf(child(child(described[i], "x-event"), "data"))
		}
		names, examples := pairs(get(document, described[i], "examples"))
		for k, name := range names {
			c.Examples = append(c.Examples, example{name, pretty(child(examples[k], "value"))})
		}
		all = append(all, c)
	}
	return all
}

func eventGroups(document *yaml.Node) []eventGroup {
	all := []eventGroup{{Name: "input"}, {Name: "outcome"}, {Name: "rejection"}}
	_, messages := pairs(get(document, document, "components", "messages"))
	for _, m := range messages {
		title, binary := strings.CutSuffix(str(document, m, "name"), " in binary mode")
		i := slices.IndexFunc(all, func(g eventGroup) bool {
			return len(items(child(m, "tags"))) > 0 && g.Name == str(document, child(m, "tags").Content[0], "name")
		})
		if i < 0 {
			continue
		}
		examples := messageExamples(document, m, title, binary)
		if binary {
			last := &all[i].Events[len(all[i].Events)-1]
			last.Examples = append(last.Examples, examples...)
			continue
		}
		e := event{ID: strings.ReplaceAll(title, ".", "-"), Type: title, Says: prose(str(document, m, "summary")), Examples: examples}
		_, channels := pairs(get(document, document, "channels"))
		for _, c := range channels {
			if address := str(document, c, "address"); address == title || strings.HasPrefix(address, title+".{") {
				e.Addresses, e.Stream, e.Guarantee = append(e.Addresses, address), str(document, c, "x-nats-stream"), str(document, c, "x-nats-guarantee")
			}
		}
		for _, part := range items(get(document, m, "payload", "allOf")) {
			if data := nameOf(child(child(resolve(document, part), "properties"), "data")); data != "" {
				e.Data = data
			}
		}
		all[i].Events = append(all[i].Events, e)
	}
	return all
}

func messageExamples(document, m *yaml.Node, title string, binary bool) (all []example) {
	for _, x := range items(child(m, "examples")) {
		text := str(document, x, "name") + "\n"
		names, values := pairs(child(x, "headers"))
		for i, name := range names {
			text += name + ": " + values[i].Value + "\n"
		}
		name := title
		if binary {
			name += ", in binary mode"
		}
		all = append(all, example{name, text + "\n" + pretty(child(x, "payload"))})
	}
	return all
}

func natsStreams(document *yaml.Node) (all []stream) {
	names, described := pairs(get(document, document, "x-nats-streams"))
	for i, name := range names {
		s := stream{Name: name, Says: says(document, described[i])}
		for _, subject := range items(child(described[i], "subjects")) {
			s.Subjects = append(s.Subjects, subject.Value)
		}
		keys, values := pairs(described[i])
		for k, key := range keys {
			if values[k].Kind == yaml.ScalarNode && key != "description" {
				s.Facts = append(s.Facts, key+": "+values[k].Value)
			}
		}
		all = append(all, s)
	}
	return all
}

// allSchemas are the schemas of both documents, each name once.
func allSchemas(documents ...*yaml.Node) (all []schema) {
	for _, document := range documents {
		names, described := pairs(get(document, document, "components", "schemas"))
		for i, name := range names {
			if slices.ContainsFunc(all, func(s schema) bool { return s.Name == name }) {
				continue
			}
			s := schema{Name: name, Says: says(document, described[i]), Type: typeOf(described[i]), Members: membersOf(document, described[i])}
			for _, list := range []string{"enum", "x-extensible-enum"} {
				for _, c := range items(child(described[i], list)) {
					s.Codes = append(s.Codes, c.Value)
				}
			}
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b schema) int { return strings.Compare(a.Name, b.Name) })
	return all
}
