package e2e_test

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

var recordExamples = flag.String("record-examples", "", "folder in which to record the examples of openapi.yaml and asyncapi.yaml: api/contract/generate/examples")

// recordedMessage is a message as an example of asyncapi.yaml.
type recordedMessage struct {
	Type    string            `json:"type"`
	Subject string            `json:"subject"`
	Binary  bool              `json:"binary,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Payload json.RawMessage   `json:"payload"`
}

// recordedReply is a reply as an example of openapi.yaml.
type recordedReply struct {
	Name    string          `json:"name"`
	Route   string          `json:"route"`
	Request json.RawMessage `json:"request,omitempty"`
	Status  int             `json:"status"`
	Body    json.RawMessage `json:"body"`
}

// contract collects what a client sends and receives.
type contract struct {
	*system

	replies []recordedReply
}

// ask makes a request, and keeps it with its reply.
func (c *contract) ask(t *testing.T, name, route, path, body string) {
	t.Helper()
	method, _, _ := strings.Cut(route, " ")
	request, err := http.NewRequestWithContext(t.Context(), method, c.apiURL+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	public := strings.ReplaceAll(string(reply), c.apiURL, "http://127.0.0.1:43210")
	require.True(t, json.Valid([]byte(public)), public)
	c.replies = append(c.replies, recordedReply{name, route, json.RawMessage(body), response.StatusCode, json.RawMessage(public)})
}

// TestContract does once what openapi.yaml and asyncapi.yaml are about. With
// -record-examples it writes their examples; afterwards, "go generate ./api/contract" has
// to be run.
func TestContract(t *testing.T) {
	c := &contract{system: start(t, "none", 8*time.Second)}
	now := time.Now()
	data := func(id string) string {
		encoded, err := json.Marshal(sample.Shipment(id, now))
		require.NoError(t, err)
		return string(encoded)
	}
	publish := func(msg *nats.Msg) {
		_, err := c.js.PublishMsg(t.Context(), msg)
		require.NoError(t, err)
	}
	success, declined := emulation.NewID(emulation.Domestic, "-order-4710-", emulation.Succeeds), emulation.NewID(emulation.Domestic, "-order-", emulation.DeclinesManifestation)
	voided, rebooked := emulation.NewID(emulation.International, "order-472", emulation.DeclinesCollection), emulation.NewID(emulation.Domestic, "-order-473", emulation.DeclinesFirstCollection)
	cancelled, binary := emulation.NewID(emulation.Domestic, "-order-4740-", emulation.Succeeds), emulation.NewID(emulation.Domestic, "-order-4750-", emulation.Succeeds)

	c.ask(t, "a shipment", "POST /shipments", "/shipments", data(success))
	c.ask(t, "an invalid shipment", "POST /shipments", "/shipments", `{"shipmentId":"abc"}`)
	c.ask(t, "a sample", "POST /{shipmentId}", "/"+declined, "")
	c.ask(t, "pending", "GET /shipments/{shipmentId}", "/shipments/"+success, "")
	publish(&nats.Msg{Subject: "shipments.created." + binary, Data: []byte(data(binary)), Header: nats.Header{
		"Content-Type": {"application/json"}, "ce-specversion": {"1.0"}, "ce-id": {"4750"}, "ce-source": {"/team/orders"}, "ce-type": {events.TypeCreated}, "ce-correlationid": {"order-4750"},
	}})
	for _, id := range []string{voided, rebooked, cancelled} {
		ev, err := events.NewCreated(strings.Trim(id, "-"), "/team/orders", now, sample.Shipment(id, now))
		require.NoError(t, err)
		body, err := json.Marshal(ev)
		require.NoError(t, err)
		publish(&nats.Msg{Subject: "shipments.created." + id, Data: body, Header: nats.Header{"Content-Type": {events.ContentType}}})
	}
	publish(&nats.Msg{Subject: "shipments.created", Data: []byte("not json")})
	publish(&nats.Msg{Subject: "shipments.created.abc", Data: []byte(`{"specversion":"1.0","type":"shipments.created","source":"/team/orders","id":"1","data":{"shipmentId":"abc"}}`)})

	eventually(t, func() bool { return len(c.story(t, cancelled)) == 3 }, "it waits for its collection")
	c.ask(t, "a cancellation", "POST /shipments/{shipmentId}/cancellation", "/shipments/"+cancelled+"/cancellation", `{"reason":"the customer changed her mind"}`)
	eventually(t, func() bool { return slices.Contains(c.story(t, rebooked), "collection-declined") }, "the booking is declined")
	c.ask(t, "a rebooking", "POST /shipments/{shipmentId}/rebooking", "/shipments/"+rebooked+"/rebooking", `{"collectionDate":"`+dayAfterTomorrow()+`"}`)
	for id, status := range map[string]shipment.Status{
		success: shipment.Success, binary: shipment.Success, rebooked: shipment.Success, declined: shipment.Failed, voided: shipment.Failed, cancelled: shipment.Cancelled,
	} {
		result, _ := c.ended(t, id)
		require.Equal(t, status, result.Status, id)
	}
	c.drained(t)

	c.ask(t, "success", "GET /shipments/{shipmentId}", "/shipments/"+success, "")
	c.ask(t, "failure", "GET /shipments/{shipmentId}", "/shipments/"+voided, "")
	c.ask(t, "cancelled", "GET /shipments/{shipmentId}", "/shipments/"+cancelled, "")
	c.ask(t, "rejected", "GET /shipments/{shipmentId}", "/shipments/abc", "")
	c.ask(t, "failures", "GET /shipments", "/shipments?status=Failure,Rejected", "")
	c.ask(t, "the story of a failure", "GET /shipments/{shipmentId}/events", "/shipments/"+declined+"/events", "")
	c.ask(t, "rejections", "GET /rejections", "/rejections?limit=1", "")
	c.ask(t, "a replay", "POST /rejections/{sequence}/replay", "/rejections/1/replay", "")
	c.ask(t, "schemas", "GET /schemas/", "/schemas/", "")
	c.ask(t, "alive", "GET /healthz", "/healthz", "")
	c.ask(t, "ready", "GET /readyz", "/readyz", "")
	c.drained(t)

	messages := c.messages(t)
	types := map[string]bool{}
	for _, m := range messages {
		types[m.Type] = true
	}
	for _, eventType := range events.Types() {
		require.True(t, types[eventType], "an example of %s", eventType)
	}
	if *recordExamples == "" {
		return
	}
	for name, value := range map[string]any{"messages.json": messages, "http.json": c.replies} {
		content, err := json.MarshalIndent(value, "", " ")
		require.NoError(t, err)
		content = []byte(strings.ReplaceAll(string(content), c.apiURL, "http://127.0.0.1:43210"))
		require.NoError(t, os.WriteFile(filepath.Join(*recordExamples, name), append(content, '\n'), 0o600))
	}
}

// messages are the first message of each type, and of each content mode.
func (c *contract) messages(t *testing.T) (found []recordedMessage) {
	t.Helper()
	for _, row := range events.Table() {
		modes := map[bool]bool{}
		err := streams.Walk(t.Context(), c.js, streams.Range{Stream: row.Stream, Subject: row.Name + ".>"}, func(msg *jetstream.RawStreamMsg) bool {
			m := recordedMessage{Type: row.Name, Subject: msg.Subject, Headers: map[string]string{}, Payload: msg.Data}
			for name, values := range msg.Header {
				own := !strings.HasPrefix(name, "Nats-") || strings.HasPrefix(name, "Nats-Expected-") || name == jetstream.MsgIDHeader
				if own {
					m.Headers[name] = values[0]
				}
				m.Binary = m.Binary || strings.HasPrefix(name, "ce-")
			}
			var ev event.Event
			valid := m.Binary || json.Unmarshal(msg.Data, &ev) == nil && len(events.ValidateData(row.Name, ev.Data())) == 0
			if valid && !modes[m.Binary] {
				modes[m.Binary] = true
				found = append(found, m)
			}
			return true
		})
		require.NoError(t, err)
	}
	return found
}
