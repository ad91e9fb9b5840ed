package consumer_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// mutants is how many mutated events are published.
const mutants = 2000

// wireMessage is a message as its bytes stand on the wire.
type wireMessage struct {
	subject string
	header  []byte // the whole block, or nothing
	body    []byte
}

// wire publishes messages byte for byte: a client library would mend, or
// refuse, the headers that are to be tried.
func wire(t *testing.T, serverURL string, messages ...wireMessage) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(serverURL, "nats://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	out := bufio.NewWriter(conn)
	fmt.Fprint(out, "CONNECT {\"verbose\":false,\"headers\":true}\r\n")
	for _, m := range messages {
		if m.header == nil {
			fmt.Fprintf(out, "PUB %s %d\r\n%s\r\n", m.subject, len(m.body), m.body)
		} else {
			fmt.Fprintf(out, "HPUB %s %d %d\r\n%s%s\r\n", m.subject, len(m.header), len(m.header)+len(m.body), m.header, m.body)
		}
	}
	fmt.Fprint(out, "PING\r\n")
	require.NoError(t, out.Flush())
	in := bufio.NewReader(conn)
	for line := ""; line != "PONG\r\n"; {
		line, err = in.ReadString('\n')
		require.NoError(t, err)
		require.NotContains(t, line, "-ERR")
	}
}

func headerBlock(lines ...string) []byte {
	return []byte("NATS/1.0\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n")
}

// originals are valid events in all modes.
func originals(t *testing.T) []wireMessage {
	t.Helper()
	var valid []wireMessage
	for _, id := range []string{"1-mutant", "2-mutant", "c-mutant"} {
		ev, err := events.NewCreated("e-"+id, "/team", now, sample.Shipment(id, now))
		require.NoError(t, err)
		ev.SetExtension("correlationid", "order-7")
		structured, err := json.Marshal(ev)
		require.NoError(t, err)
		encoded, err := json.Marshal(map[string]any{
			"specversion": "1.0", "type": events.TypeCreated, "source": "/team", "id": "e-" + id, "data_base64": ev.Data(),
		})
		require.NoError(t, err)
		subject := events.Subject(events.TypeCreated, id)
		valid = append(valid,
			wireMessage{events.TypeCreated, nil, structured},
			wireMessage{subject, headerBlock("Content-Type: application/cloudevents+json"), structured},
			wireMessage{subject, headerBlock("X-Trace: 1"), encoded},
			wireMessage{events.TypeCreated, headerBlock("ce-specversion: 1.0", "ce-type: shipments.created", "ce-source: /team", "ce-id: e-"+id), ev.Data()},
			wireMessage{subject, headerBlock("Ce-Specversion: 1.0", "Ce-Type: shipments.created", "Ce-Source: /team", "Ce-Id: e-"+id,
				"Ce-Time: 2026-11-23T12:00:00Z", "Ce-Correlationid: order%207", "Content-Type: application/json"), ev.Data()},
		)
	}
	return valid
}

// mutator changes messages at random.
type mutator struct{ *rand.Rand }

// oddities are texts that decoders have stumbled over.
var oddities = []string{
	"", "\x00", "\xff", "\xc0\xaf", "\xef\xbb\xbf", "\u2028", "\ufffe", "\U0001f4e6", `\u0000`, `\ud800`, `\u00fc`, "\r\n", "\n", ":", "%", "%zz", "%00", "*", ">", ".",
	"null", "true", "[]", "{}", "{", "}", "[", "]", `"`, ",", "0", "-1", "1.5", "1200.0", "1.2e3", "1e999999", "2147483648", strings.Repeat("9", 100), strings.Repeat("[", 200),
}

func pick[T any](m mutator, from []T) T { return from[m.IntN(len(from))] }

// mutate changes a message once.
func (m mutator) mutate(w wireMessage) wireMessage {
	w.header, w.body = slices.Clone(w.header), slices.Clone(w.body)
	switch kind := m.IntN(10); {
	case kind < 3:
		w.body = m.bytes(w.body)
	case kind < 4:
		w.body = m.twice(w.body)
	case kind < 8:
		w.body = m.tree(w.body)
	case w.header == nil:
		w.header = headerBlock(pick(m, []string{"ce-id: 1", "Content-Type: text/plain", "Content-Type: application/json", "X: y", "Status: 408", "X", ""}))
	case kind < 9:
		w.header = m.bytes(w.header)
	default:
		lines := strings.Split(strings.TrimSuffix(string(w.header), "\r\n\r\n"), "\r\n")
		lines[m.IntN(len(lines))] = pick(m, lines) // One removed, another repeated.
		w.header = []byte(strings.Join(lines, "\r\n") + "\r\n\r\n")
	}
	return w
}

// bytes flips, deletes, inserts, doubles or cuts off bytes.
func (m mutator) bytes(b []byte) []byte {
	if len(b) == 0 {
		return []byte(pick(m, oddities))
	}
	from := m.IntN(len(b))
	to := min(len(b), from+1+m.IntN(20))
	switch m.IntN(5) {
	case 0:
		b[from] ^= 1 << m.IntN(8)
		return b
	case 1:
		return slices.Delete(b, from, to)
	case 2:
		return slices.Insert(b, from, []byte(pick(m, oddities))...)
	case 3:
		return slices.Insert(b, from, slices.Clone(b[from:to])...)
	default:
		return b[:from]
	}
}

var member = regexp.MustCompile(`"\w+":("[^"]*"|\d+)`)

// twice writes a member of some object twice.
func (m mutator) twice(b []byte) []byte {
	found := member.FindAllIndex(b, -1)
	if len(found) == 0 {
		return b
	}
	at := pick(m, found)
	return slices.Insert(b, at[1], []byte(","+string(b[at[0]:at[1]]))...)
}

// tree removes, adds, swaps or replaces a value in the JSON.
func (m mutator) tree(b []byte) []byte {
	var root any
	if json.Unmarshal(b, &root) != nil {
		return m.bytes(b)
	}
	object, isObject := root.(map[string]any)
	if !isObject {
		return m.bytes(b)
	}
	if encoded, isText := object["data_base64"].(string); isText && m.IntN(4) > 0 {
		data, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return m.bytes(b)
		}
		object["data_base64"] = base64.StdEncoding.EncodeToString(m.tree(data))
	} else {
		m.change(object)
	}
	changed, err := json.Marshal(root)
	if err != nil {
		return m.bytes(b)
	}
	return changed
}

// change changes one member of an object, or of one within it.
func (m mutator) change(object map[string]any) {
	names := slices.Sorted(maps.Keys(object)) // The seed decides, not the map.
	if len(names) == 0 {
		return
	}
	name := pick(m, names)
	if inner := objectsIn(object[name]); len(inner) > 0 && m.IntN(5) > 0 {
		m.change(pick(m, inner))
		return
	}
	switch m.IntN(6) {
	case 0:
		delete(object, name)
	case 1:
		other := pick(m, names)
		object[name], object[other] = object[other], object[name]
	case 2:
		object[pick(m, []string{"extra", "data", "SHIPMENTID", "\u017fhipmentId", ""})] = object[name]
	case 3:
		object[name] = pick(m, []any{nil, true, 0, -1, 1.5, 1e18, 1e300, "", "x", []any{}, map[string]any{}})
	case 4:
		object[name] = pick(m, oddities)
	default:
		object[name] = []any{object[name]}
	}
}

func objectsIn(value any) []map[string]any {
	switch v := value.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		var found []map[string]any
		for _, item := range v {
			found = append(found, objectsIn(item)...)
		}
		return found
	}
	return nil
}

// plainly reads the shipment of a message with encoding/json alone.
func plainly(t *testing.T, header nats.Header, body []byte) shipment.Shipment {
	t.Helper()
	data := json.RawMessage(body)
	binary := slices.ContainsFunc(slices.Collect(maps.Keys(header)), func(name string) bool {
		return strings.HasPrefix(strings.ToLower(name), "ce-")
	})
	if !binary {
		var ev map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &ev))
		data = ev["data"]
		if encoded, found := ev["data_base64"]; found {
			var decoded []byte
			require.NoError(t, json.Unmarshal(encoded, &decoded))
			data = decoded
		}
	}
	// By way of any, because Go reads no integer from 1200.0, which is one.
	var value any
	require.NoError(t, json.Unmarshal(data, &value))
	data, err := json.Marshal(value)
	require.NoError(t, err)
	var s shipment.Shipment
	require.NoError(t, json.Unmarshal(data, &s))
	s.Normalise()
	return s
}

// MUTATION_SEED repeats a run.
func mutationSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MUTATION_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("MUTATION_SEED=%d", seed)
	return seed
}

func TestConsumerStartsOrRejectsEveryMutatedEvent(t *testing.T) {
	t.Parallel()
	m := mutator{rand.New(rand.NewPCG(mutationSeed(t), 0))}
	b := setup(t, &fakeTemporal{signal: func(workflows.RequestSignal) error { panic("no mutant is a valid request") }})
	valid := originals(t)
	messages := slices.Clone(valid)
	for len(messages) < len(valid)+mutants {
		w := pick(m, valid)
		for range 1 + m.IntN(2) {
			w = m.mutate(w)
		}
		messages = append(messages, w)
	}
	wire(t, b.ClientURL(), messages...)
	b.stored(t, uint64(len(messages)))
	b.settled(t)

	started := map[uint64]shipment.Shipment{}
	for _, c := range b.started {
		require.NotContains(t, started, c.StreamSequence, "accepted twice")
		started[c.StreamSequence] = c.Event.Data
	}
	rejected := map[uint64]streams.StoredRejection{}
	for _, r := range b.Rejections(t) {
		require.NotContains(t, rejected, r.Input.StreamSequence, "rejected twice")
		rejected[r.Input.StreamSequence] = r
	}
	require.Equal(t, len(messages), len(started)+len(rejected))
	for i, w := range messages {
		sequence := uint64(i + 1)
		header := b.headers(t, sequence)
		took, isStarted := started[sequence]
		if isStarted {
			require.Equal(t, plainly(t, header, w.body), took, "%+q", w)
			continue
		}
		require.Greater(t, sequence, uint64(len(valid)), "a valid event was rejected")
		r, isRejected := rejected[sequence]
		require.True(t, isRejected)
		require.NotEmpty(t, r.Reasons)
		require.Equal(t, w.subject, r.Input.Subject)
		require.True(t, bytes.Equal(w.body, r.Input.Data))
		require.Equal(t, events.EscapeHeaders(header), r.Input.Headers, "%q", w.header)
	}
	require.Greater(t, len(started), len(valid), "some mutations are harmless")
	require.Greater(t, len(rejected), mutants/2, "most are not")
	t.Logf("%d were accepted, %d rejected", len(started), len(rejected))
}

// headers are those of a stored message, none if they cannot be read. They are
// not always as they were sent: the server mends a malformed beginning.
func (b *bundle) headers(t *testing.T, sequence uint64) nats.Header {
	t.Helper()
	request := fmt.Sprintf(`{"seq":%d}`, sequence)
	reply, err := b.JS.Conn().Request(streams.APISubject(b.JS, "STREAM.MSG.GET."+events.StreamShipments), []byte(request), 10*time.Second)
	require.NoError(t, err)
	var got struct {
		Message struct {
			Headers []byte `json:"hdrs"`
		} `json:"message"`
	}
	require.NoError(t, json.Unmarshal(reply.Data, &got))
	header, _ := nats.DecodeHeadersMsg(got.Message.Headers)
	return header
}

// stored waits until SHIPMENTS has n messages.
func (b *bundle) stored(t *testing.T, n uint64) {
	t.Helper()
	require.Eventually(t, func() bool {
		stream, err := b.JS.Stream(t.Context(), events.StreamShipments)
		return err == nil && stream.CachedInfo().State.LastSeq == n
	}, 20*time.Second, 5*time.Millisecond)
}

func TestConsumerRejectsHeadersThatCannotBeParsed(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	event := originals(t)[0].body
	wire(t, b.ClientURL(),
		wireMessage{events.TypeCreated, []byte("NATS/1.0\r\nno colon\r\n\r\n"), event},
		wireMessage{events.TypeCreated + ".c1", []byte("HTTP/1.1\r\n\r\n"), event},
		wireMessage{events.TypeCreated, []byte("NATS/1.0\r\n\r\n"), event})
	b.stored(t, 3)
	b.settled(t)
	rejections := b.Rejections(t)
	require.Len(t, rejections, 2)
	for _, r := range rejections {
		require.Equal(t, events.CodeInvalidHeader, r.Reasons[0].Code)
		require.Equal(t, event, r.Input.Data)
	}
	require.Len(t, b.started, 1, "no headers at all are fine")
}

func TestConsumerRejectsHeadersThatGrowWhenEncoded(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeTemporal{})
	const most = 1<<16 - 100 // JetStream takes headers of less than 64 KiB.
	body := bytes.Repeat([]byte{0xff}, events.MaxMessageBytes-most-100)
	for _, grows := range []string{"<", `"`, `\`, "\x01", "\xff", "%"} {
		wire(t, b.ClientURL(), wireMessage{events.TypeCreated, headerBlock("X: " + strings.Repeat(grows, most)), body})
	}
	b.stored(t, 6)
	b.settled(t)
	rejections := b.Rejections(t)
	require.Len(t, rejections, 6)
	require.Equal(t, body, rejections[5].Input.Data)
}
