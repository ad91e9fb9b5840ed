package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const openAPIBefore = `
openapi: 3.1.0
paths:
  /things:
    get:
      parameters:
        - { name: status, in: query, schema: { enum: [a, b] } }
        - { name: q, in: query, schema: { type: string } }
      responses:
        "200":
          headers: { ETag: {} }
          content: { application/json: { schema: { $ref: "#/components/schemas/Thing" } } }
        "404": { description: none }
    post:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/NewThing" } } } }
      responses: { "202": { description: stored } }
  /gone:
    get: { responses: { "200": {} } }
components:
  schemas:
    Thing:
      type: object
      properties:
        id: { type: string }
        status: { enum: [a, b] }
        code: { type: string, x-extensible-enum: [x, y] }
        parts: { type: array, items: { $ref: "#/components/schemas/Thing" } }
      required: [id, status]
    NewThing:
      type: object
      properties: { id: { type: [string, "null"] }, size: { type: integer } }
      required: [id]
`

func TestCompareOpenAPI(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing":                      {"", "", nil},
		"a new route":                  {"components:\n", "  /more:\n    get: { responses: { \"200\": {} } }\ncomponents:\n", nil},
		"a route is gone":              {"  /gone:\n    get: { responses: { \"200\": {} } }\n", "", []string{"GET /gone: the route is gone"}},
		"a parameter is gone":          {"        - { name: q, in: query, schema: { type: string } }\n", "", []string{"GET /things: the query parameter q is gone"}},
		"a parameter is required":      {"name: q, in: query", "name: q, in: query, required: true", []string{"GET /things: the query parameter q has become required"}},
		"a new parameter is required":  {"name: q, in: query", "name: q, in: query }\n        - { name: r, in: query, required: true", []string{"GET /things: the query parameter r is new and required"}},
		"a value of a parameter":       {"schema: { enum: [a, b] } }\n        - { name: q", "schema: { enum: [a] } }\n        - { name: q", []string{"GET /things, query parameter status: the value b is gone"}},
		"a status is gone":             {"        \"404\": { description: none }\n", "", []string{"GET /things: the status 404 is gone"}},
		"a new status":                 {"\"404\": { description: none }", "\"404\": { description: none }\n        \"410\": { description: none }", nil},
		"a header is gone":             {"headers: { ETag: {} }", "headers: {}", []string{"GET /things, 200: the header ETag is gone"}},
		"a content type is gone":       {"content: { application/json: { schema: { $ref: \"#/components/schemas/Thing\" } } }", "content: { text/plain: {} }", []string{"GET /things, 200: the content type application/json is gone"}},
		"a member of a reply is gone":  {"        id: { type: string }\n", "", []string{"#/components/schemas/Thing: the member id is gone"}},
		"a new member of a reply":      {"        id: { type: string }\n", "        id: { type: string }\n        more: { type: string }\n", nil},
		"a member may be absent":       {"required: [id, status]", "required: [id]", []string{"#/components/schemas/Thing: the member status may be absent now"}},
		"a reply has a new value":      {"status: { enum: [a, b] }", "status: { enum: [a, b, c] }", []string{"#/components/schemas/Thing/status: the value c is new in a list that was complete"}},
		"a code is gone":               {"x-extensible-enum: [x, y]", "x-extensible-enum: [x]", []string{"#/components/schemas/Thing/code: the value y is gone"}},
		"a new code":                   {"x-extensible-enum: [x, y]", "x-extensible-enum: [x, y, z]", nil},
		"a member of a body is gone":   {", size: { type: integer }", "", []string{"#/components/schemas/NewThing: the member size is gone"}},
		"a member of a body is needed": {"required: [id]\n", "required: [id, size]\n", []string{"#/components/schemas/NewThing: the member size has become required"}},
		"a member of a body is not":    {"      required: [id]\n", "", nil},
		"a body takes less":            {"id: { type: [string, \"null\"] }", "id: { type: string }", []string{"#/components/schemas/NewThing/id: the type is [string] instead of [string null]"}},
		"a body takes more":            {"size: { type: integer }", "size: { type: [integer, string] }", nil},
		"a reply gives more":           {"        id: { type: string }\n", "        id: { type: [string, \"null\"] }\n", []string{"#/components/schemas/Thing/id: the type is [string null] instead of [string]"}},
		"a body has become required":   {"requestBody: { content", "requestBody: { required: true, content", []string{"POST /things: a body has become required"}},
		"a token is needed":            {"    post:\n", "    post:\n      security: [{ token: [write] }]\n", []string{"POST /things: it needs [write] instead of no token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := openAPIBefore
			if test.old != "" {
				require.Contains(t, openAPIBefore, test.old)
				after = strings.Replace(openAPIBefore, test.old, test.new, 1)
			}
			breaks, err := compare([]byte(openAPIBefore), []byte(after))
			require.NoError(t, err)
			require.Equal(t, test.want, breaks)
		})
	}
}

const asyncAPIBefore = `
asyncapi: 3.1.0
channels:
  In: { address: "in.{id}", x-nats-stream: A, messages: { In: { $ref: "#/components/messages/In" } } }
  Out: { address: "out.{id}", x-nats-stream: B, messages: { Out: { $ref: "#/components/messages/Out" } } }
operations:
  in: { action: receive, channel: { $ref: "#/channels/In" } }
  out: { action: send, channel: { $ref: "#/channels/Out" } }
components:
  messages:
    In: { contentType: application/json, payload: { type: object, properties: { id: { type: string } }, required: [id] } }
    Out:
      contentType: application/json
      headers: { type: object, properties: { Nats-Msg-Id: { type: string } }, required: [Nats-Msg-Id] }
      payload: { allOf: [{ type: object, properties: { id: { type: string } }, required: [id] }] }
`

func TestCompareAsyncAPI(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing":               {"", "", nil},
		"a subject is gone":     {`address: "out.{id}"`, `address: "other.{id}"`, []string{"out.{id}: the subject is gone"}},
		"another stream":        {"x-nats-stream: B", "x-nats-stream: C", []string{"out.{id}: it is in the stream C instead of B"}},
		"another direction":     {"action: send", "action: receive", []string{"out.{id}: its direction has changed"}},
		"a header may be gone":  {", required: [Nats-Msg-Id]", "", []string{"out.{id}, headers of Out: the member Nats-Msg-Id may be absent now"}},
		"a member is gone":      {"allOf: [{ type: object, properties: { id: { type: string } }, required: [id] }]", "allOf: [{ type: object, properties: {} }]", []string{"out.{id}, Out: the member id is gone"}},
		"a member is needed":    {"required: [id] } }", "required: [id, size] } }", []string{"in.{id}, In: the member size has become required"}},
		"another content type":  {"In: { contentType: application/json", "In: { contentType: text/plain", []string{"in.{id}: the content type of In has changed"}},
		"a message is gone":     {"messages: { Out: {", "messages: { Other: {", []string{"out.{id}: the message Out is gone"}},
		"a subject is new":      {"operations:", "  More: { address: more }\noperations:", nil},
		"a new member is given": {"allOf: [{ type: object, properties: { id: { type: string } }", "allOf: [{ type: object, properties: { id: { type: string }, more: {} }", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, asyncAPIBefore, test.old)
			breaks, err := compare([]byte(asyncAPIBefore), []byte(strings.Replace(asyncAPIBefore, test.old, test.new, 1)))
			require.NoError(t, err)
			require.Equal(t, test.want, breaks)
		})
	}
}

func TestCompareRefusesDocumentsOfTwoKinds(t *testing.T) {
	t.Parallel()
	_, err := compare([]byte(openAPIBefore), []byte(asyncAPIBefore))
	require.Error(t, err)
}

// TestCompareSinceTheLastTag makes a repository with and without a tag.
func TestCompareSinceTheLastTag(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	command := func(args ...string) {
		output, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", root, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"}, args...)...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	write := func(text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(root, folder), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, folder, "openapi.yaml"), []byte(text), 0o600))
	}
	command("init", "-q")
	write(openAPIBefore)
	command("add", ".")
	command("commit", "-qm", "one")
	command("tag", "of-no-release")
	var out bytes.Buffer
	breaks, err := sinceLastTag(root, &out)
	require.NoError(t, err)
	require.Zero(t, breaks)
	require.Equal(t, "There is no tag yet, so there is no document to compare with.\n", out.String())

	command("tag", "v0.1.0")
	out.Reset()
	write(strings.Replace(openAPIBefore, "  /gone:\n", "  /renamed:\n", 1))
	breaks, err = sinceLastTag(root, &out)
	require.NoError(t, err)
	require.Equal(t, 1, breaks)
	require.Equal(t, "GET /gone: the route is gone\nv0.1.0 has no api/contract/asyncapi.yaml, so there is no document to compare with.\n", out.String())
}
