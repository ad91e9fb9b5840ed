package events_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

var (
	now   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	rules = shipment.Rules{Emulation: true, Carriers: sample.Carriers()}
)

var (
	goodsMember    = regexp.MustCompile(`,"goods":\[[^]]*\]`)
	packagesMember = regexp.MustCompile(`,"packages":\[[^]]*\]`)
	legsMember     = regexp.MustCompile(`"legs":\[.*\],"packages"`)
)

// sampleID is the id of an international shipment for which all goes well.
var sampleID = emulation.NewID(emulation.International, "7de2c4added47de8d24564d7ade3e2", emulation.Succeeds)

func sampleData(t testing.TB) string {
	t.Helper()
	data, err := json.Marshal(sample.Shipment(sampleID, now))
	require.NoError(t, err)
	return string(data)
}

// structured makes an event in structured mode; members replace or, with an
// empty value, remove the usual ones.
func structured(t testing.TB, members ...string) []byte {
	t.Helper()
	event := map[string]json.RawMessage{
		"specversion": json.RawMessage(`"1.0"`), "id": json.RawMessage(`"e-1"`), "source": json.RawMessage(`"/team/orders"`),
		"type": json.RawMessage(`"shipments.created"`), "data": json.RawMessage(sampleData(t)),
	}
	for i := 0; i < len(members); i += 2 {
		if members[i+1] == "" {
			delete(event, members[i])
		} else {
			event[members[i]] = json.RawMessage(members[i+1])
		}
	}
	var b strings.Builder
	b.WriteString("{")
	for name, value := range event {
		fmt.Fprintf(&b, "%q:%s,", name, value)
	}
	return []byte(strings.TrimSuffix(b.String(), ",") + "}")
}

func binaryHeader(more ...string) nats.Header {
	h := nats.Header{"ce-specversion": {"1.0"}, "CE-ID": {"e-1"}, "Ce-Source": {"/team/orders"}, "ce-type": {"shipments.created"}}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = append(h[more[i]], more[i+1])
	}
	return h
}

// read decodes a message as the consumer does.
func read(header nats.Header, body []byte, subject string) (events.ShipmentCreated, []shipment.Reason) {
	ev, reasons := events.Decode(header, body)
	if len(reasons) > 0 {
		return events.ShipmentCreated{}, reasons
	}
	return events.ParseCreated(ev, subject, rules)
}

func TestDecodeGivesTheSameEventInBothContentModes(t *testing.T) {
	t.Parallel()
	want := sample.Shipment(sampleID, now)
	extensions := []string{"time", `"2026-11-23T12:00:00Z"`, "correlationid", `"order 7"`, "traceparent", `"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`, "tracestate", `"a=1"`}
	tests := map[string]struct {
		header nats.Header
		body   []byte
	}{
		"structured, no content type":      {nil, structured(t, extensions...)},
		"structured":                       {nats.Header{"Content-Type": {"application/cloudevents+json"}}, structured(t, extensions...)},
		"structured, charset, lower case":  {nats.Header{"content-type": {"application/cloudevents+json; charset=UTF-8"}}, structured(t, extensions...)},
		"structured, sent as JSON":         {nats.Header{"Content-Type": {"application/json"}}, structured(t, extensions...)},
		"structured, base64":               {nil, structured(t, append(extensions, "data", "", "data_base64", `"`+base64.StdEncoding.EncodeToString([]byte(sampleData(t)))+`"`)...)},
		"structured, datacontenttype":      {nil, structured(t, append(extensions, "datacontenttype", `"application/json; charset=utf-8"`)...)},
		"structured, null is absent":       {nil, structured(t, append(extensions, "subject", `null`)...)},
		"binary":                           {binaryHeader("ce-time", "2026-11-23T12:00:00Z", "ce-correlationid", "order%207", "ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ce-tracestate", "a=1"), []byte(sampleData(t))},
		"binary, content type":             {binaryHeader("Content-Type", "application/json", "ce-time", "2026-11-23T12:00:00Z", "ce-correlationid", "order 7", "ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ce-tracestate", "a=1"), []byte(sampleData(t))},
		"binary, quoted value":             {binaryHeader("ce-datacontenttype", "application/json", "ce-time", "2026-11-23T12:00:00Z", "ce-correlationid", `"order 7"`, "ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ce-tracestate", "a=1"), []byte(sampleData(t))},
		"unrelated headers are left alone": {nats.Header{"Nats-Msg-Id": {"1"}, "X": {"1", "2"}}, structured(t, extensions...)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			created, reasons := read(test.header, test.body, "shipments.created."+sampleID)
			require.Empty(t, reasons)
			require.Equal(t, want, created.Data)
			require.Equal(t, events.EventRef{ID: "e-1", Source: "/team/orders"}, created.Ref())
			require.Equal(t, "order 7", created.CorrelationID)
			require.Equal(t, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", created.TraceParent)
			require.Equal(t, "a=1", created.TraceState)
			require.Equal(t, now, *created.Time)
		})
	}
}

func TestDecodeTakesWhatTheSpecificationsAllow(t *testing.T) {
	t.Parallel()
	base64Data := `"` + base64.StdEncoding.EncodeToString([]byte(sampleData(t))) + `"`
	inHeader := func(name, value string) message {
		return message{binaryHeader("ce-"+name, value), []byte(sampleData(t))}
	}
	contentType := func(value string) message {
		return message{binaryHeader("Content-Type", value), []byte(sampleData(t))}
	}
	member := func(members ...string) message { return message{nil, structured(t, members...)} }
	identity := func(id, source string) message {
		header := binaryHeader()
		header["CE-ID"], header["Ce-Source"] = []string{id}, []string{source}
		return message{header, []byte(sampleData(t))}
	}
	tests := map[string]struct {
		message

		attribute string
		want      any
	}{
		"data_base64 null":                   {member("data_base64", "null"), "id", "e-1"},
		"data null beside data_base64":       {member("data", "null", "data_base64", base64Data), "id", "e-1"},
		"every optional attribute null":      {member("subject", "null", "time", "null", "dataschema", "null", "datacontenttype", "null", "correlationid", "null", "Extra", "null"), "subject", nil},
		"JSON of a vendor":                   {member("datacontenttype", `"application/vnd.acme+json"`), "datacontenttype", "application/vnd.acme+json"},
		"JSON of a vendor, base64":           {member("datacontenttype", `"application/vnd.acme+json"`, "data", "", "data_base64", base64Data), "id", "e-1"},
		"JSON as text":                       {member("datacontenttype", `"text/json; charset=us-ascii"`), "datacontenttype", "text/json; charset=us-ascii"},
		"JSON in upper case":                 {member("datacontenttype", `"Application/JSON; Charset=\"UTF-8\""`), "datacontenttype", `Application/JSON; Charset="UTF-8"`},
		"binary, JSON of a vendor":           {contentType("application/vnd.acme+json; charset=utf-8; v=2"), "datacontenttype", "application/vnd.acme+json; charset=utf-8; v=2"},
		"binary, content type upper case":    {contentType("APPLICATION/JSON"), "datacontenttype", "APPLICATION/JSON"},
		"binary, content type with space":    {contentType(" application/json "), "datacontenttype", "application/json"},
		"binary, content type twice":         {message{binaryHeader("Content-Type", "application/json; charset=utf-8", "ce-datacontenttype", "Application/JSON"), []byte(sampleData(t))}, "datacontenttype", "Application/JSON"},
		"structured, upper case":             {message{nats.Header{"CONTENT-TYPE": {"Application/CloudEvents+JSON;charset=utf-8"}}, structured(t)}, "id", "e-1"},
		"structured, JSON of a vendor":       {message{nats.Header{"Content-Type": {"application/vnd.acme+json"}}, structured(t)}, "id", "e-1"},
		"raw percent":                        {inHeader("correlationid", "100% of 5%zz %"), "correlationid", "100% of 5%zz %"},
		"raw percent beside an escape":       {inHeader("correlationid", "100% of %e2%82%AC5"), "correlationid", "100% of €5"},
		"one round of decoding":              {inHeader("correlationid", "100%2525"), "correlationid", "100%25"},
		"raw UTF-8":                          {inHeader("correlationid", "größer"), "correlationid", "größer"},
		"a plus":                             {inHeader("correlationid", "a+b"), "correlationid", "a+b"},
		"quoted with escapes":                {inHeader("correlationid", `"a \"b\" \\c"`), "correlationid", `a "b" \c`},
		"quoted and encoded":                 {inHeader("correlationid", `"a%20\%22b%22"`), "correlationid", `a "b"`},
		"quoted, nothing inside":             {inHeader("correlationid", `""`), "correlationid", ""},
		"two quoted strings":                 {inHeader("correlationid", `"a" and "b"`), "correlationid", `"a" and "b"`},
		"a quote at the beginning":           {inHeader("correlationid", `"a`), "correlationid", `"a`},
		"the last quote escaped":             {inHeader("correlationid", `"a\"`), "correlationid", `"a\"`},
		"one quote":                          {inHeader("correlationid", `"`), "correlationid", `"`},
		"a backslash outside of quotes":      {inHeader("correlationid", `a\b`), "correlationid", `a\b`},
		"space around a header's value":      {identity(" \te-1 ", "/team/orders"), "id", "e-1"},
		"space around a quoted value":        {identity(` "e-1" `, "/team/orders"), "id", "e-1"},
		"URI with an escape, not encoded":    {identity("e-1", "/team/orders?of=a%20b"), "source", "/team/orders?of=a%20b"},
		"URI with an escape, encoded":        {identity("e-1", "/team/orders?of=a%2520b"), "source", "/team/orders?of=a%20b"},
		"URI of encoded characters":          {identity("e-1", "%2Fteam%2Forders"), "source", "/team/orders"},
		"URI with an escape, structured":     {member("source", `"/team/orders?of=a%20b"`), "source", "/team/orders?of=a%20b"},
		"extension a number":                 {member("extra", "7"), "extra", int32(7)},
		"extension a boolean":                {member("extra", "false"), "extra", false},
		"extension empty":                    {member("extra", `""`), "extra", ""},
		"header of an extension in capitals": {message{binaryHeader("CE-PartitionKey", "7"), []byte(sampleData(t))}, "partitionkey", "7"},
		"time in lower case":                 {member("time", `"2026-11-23t12:00:00z"`), "time", now},
		"time with an offset":                {member("time", `"2026-11-23T13:30:00.000+01:30"`), "time", now},
		"time in picoseconds":                {member("time", `"2026-11-23T12:00:00.000000000999Z"`), "time", now},
		"leap second":                        {member("time", `"2016-12-31T23:59:60Z"`), "time", time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)},
		"leap second elsewhere":              {member("time", `"2017-01-01T00:59:60.5+01:00"`), "time", time.Date(2017, 1, 1, 0, 0, 0, 5e8, time.UTC)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev, reasons := events.Decode(test.header, test.body)
			require.Empty(t, reasons)
			require.NoError(t, ev.Validate())
			got := attributesOf(ev)[test.attribute]
			if at, isTime := got.(time.Time); isTime {
				got = at.UTC()
			}
			require.Equal(t, test.want, got)

			created, reasons := events.ParseCreated(ev, "shipments.created."+sampleID, rules)
			require.Empty(t, reasons)
			require.Equal(t, sample.Shipment(sampleID, now), created.Data)

			// As the HTTP API publishes it.
			msg, err := streams.Message("shipments.created."+sampleID, ev)
			require.NoError(t, err)
			again, reasons := read(msg.Header, msg.Data, msg.Subject)
			require.Empty(t, reasons)
			require.Equal(t, created, again)
		})
	}
}

// message is a message as a publisher sends it.
type message struct {
	header nats.Header
	body   []byte
}

// attributesOf are the context attributes of an event by name, those that are not there left out.
func attributesOf(ev event.Event) map[string]any {
	attributes := map[string]any{"id": ev.ID(), "source": ev.Source(), "type": ev.Type()}
	for name, value := range map[string]string{"subject": ev.Subject(), "dataschema": ev.DataSchema(), "datacontenttype": ev.DataContentType()} {
		if value != "" {
			attributes[name] = value
		}
	}
	if !ev.Time().IsZero() {
		attributes["time"] = ev.Time()
	}
	maps.Copy(attributes, ev.Extensions())
	return attributes
}

// bad is an input that is invalid.
type bad struct {
	header  nats.Header
	body    []byte
	subject string // shipments.created if empty
	code    string
	path    string
}

// badInput has examples of every class of invalid input.
func badInput(t testing.TB) map[string]bad {
	t.Helper()
	ok := string(structured(t))
	broken := func(old, replacement string) []byte { return []byte(strings.Replace(ok, old, replacement, 1)) }
	return map[string]bad{
		// Not an event.
		"empty":                 {body: nil, code: events.CodeEmptyMessage},
		"blank":                 {body: []byte(" \n"), code: events.CodeEmptyMessage},
		"not JSON":              {body: []byte("not json"), code: events.CodeInvalidJSON},
		"truncated":             {body: []byte(ok[:len(ok)-5]), code: events.CodeInvalidJSON},
		"trailing data":         {body: []byte(ok + "{}"), code: events.CodeTrailingData},
		"trailing garbage":      {body: []byte(ok + "x"), code: events.CodeTrailingData},
		"byte order mark":       {body: []byte("\xef\xbb\xbf" + ok), code: events.CodeByteOrderMark},
		"UTF-16":                {body: []byte("\xff\xfe{\x00}\x00"), code: events.CodeInvalidUTF8},
		"UTF-16 without a mark": {body: []byte("{\x00}\x00"), code: events.CodeInvalidJSON},
		"half a surrogate":      {body: broken("Umschlag", `\ud800`), code: events.CodeInvalidJSON},
		"Latin-1":               {body: broken("Umschlag", "\xdcmschlag"), code: events.CodeInvalidUTF8},
		"batch":                 {body: []byte("[" + ok + "]"), code: events.CodeBatch},
		"batch by type":         {header: nats.Header{"Content-Type": {"application/cloudevents-batch+json"}}, body: []byte("[]"), code: events.CodeBatch},
		"a string":              {body: []byte(`"x"`), code: events.CodeNotAnObject},
		"too large":             {body: []byte(ok + strings.Repeat(" ", events.MaxMessageBytes)), code: events.CodeTooLarge},
		"too deep":              {body: []byte(strings.Repeat("[", 200) + strings.Repeat("]", 200)), code: events.CodeTooDeep},
		"plain text type":       {header: nats.Header{"Content-Type": {"text/plain"}}, body: []byte(ok), code: events.CodeUnsupportedContentType},
		"no media type":         {header: nats.Header{"Content-Type": {"///"}}, body: []byte(ok), code: events.CodeUnsupportedContentType},
		"Avro event format":     {header: nats.Header{"Content-Type": {"application/cloudevents+avro"}}, body: []byte(ok), code: events.CodeUnsupportedContentType},
		// Not CloudEvents 1.0.
		"no specversion":           {body: structured(t, "specversion", ""), code: events.CodeMissingAttribute, path: "specversion"},
		"old specversion":          {body: structured(t, "specversion", `"0.3"`), code: events.CodeUnsupportedSpecVersion, path: "specversion"},
		"specversion a number":     {body: structured(t, "specversion", `1.0`), code: events.CodeInvalidAttribute, path: "specversion"},
		"no id":                    {body: structured(t, "id", ""), code: events.CodeMissingAttribute, path: "id"},
		"empty id":                 {body: structured(t, "id", `""`), code: events.CodeInvalidAttribute, path: "id"},
		"id null":                  {body: structured(t, "id", `null`), code: events.CodeMissingAttribute, path: "id"},
		"id a number":              {body: structured(t, "id", `7`), code: events.CodeInvalidAttribute, path: "id"},
		"id too long":              {body: structured(t, "id", `"`+strings.Repeat("x", 1025)+`"`), code: events.CodeInvalidAttribute, path: "id"},
		"id with line break":       {body: structured(t, "id", `"a\nb"`), code: events.CodeInvalidAttribute, path: "id"},
		"no source":                {body: structured(t, "source", ""), code: events.CodeMissingAttribute, path: "source"},
		"source no URI":            {body: structured(t, "source", `"a b"`), code: events.CodeInvalidAttribute, path: "source"},
		"source broken":            {body: structured(t, "source", `"%zz"`), code: events.CodeInvalidAttribute, path: "source"},
		"no type":                  {body: structured(t, "type", ""), code: events.CodeMissingAttribute, path: "type"},
		"time":                     {body: structured(t, "time", `"yesterday"`), code: events.CodeInvalidAttribute, path: "time"},
		"time without zeros":       {body: structured(t, "time", `"2026-11-24T9:30:00Z"`), code: events.CodeInvalidAttribute, path: "time"},
		"time before the year 1":   {body: structured(t, "time", `"0000-01-01T00:00:00+01:00"`), code: events.CodeInvalidAttribute, path: "time"},
		"time after year 9999":     {body: structured(t, "time", `"9999-12-31T23:59:59-01:00"`), code: events.CodeInvalidAttribute, path: "time"},
		"time of no such zone":     {body: structured(t, "time", `"2026-11-24T09:30:00+24:00"`), code: events.CodeInvalidAttribute, path: "time"},
		"attribute named data":     {header: binaryHeader("ce-data", "x"), body: []byte(sampleData(t)), code: events.CodeInvalidExtension, path: "data"},
		"huge exponent":            {body: broken(`"weightGrams":1200`, `"weightGrams":1e999999`), code: events.CodeNumberTooLarge},
		"endless digits":           {body: broken(`"weightGrams":1200`, `"weightGrams":1`+strings.Repeat("0", 100)), code: events.CodeNumberTooLarge},
		"zone of the host":         {body: broken("Europe/Berlin", "localtime"), code: shipment.CodeUnknownTimeZone},
		"zone with leap seconds":   {body: broken("Europe/Berlin", "right/Europe/Berlin"), code: shipment.CodeUnknownTimeZone},
		"former currency":          {body: broken(`"EUR"`, `"DEM"`), code: shipment.CodeUnknownCurrency},
		"no currency":              {body: broken(`"EUR"`, `"XXX"`), code: shipment.CodeUnknownCurrency},
		"time a number":            {body: structured(t, "time", `1`), code: events.CodeInvalidAttribute, path: "time"},
		"type a number":            {body: structured(t, "type", `1`), code: events.CodeInvalidAttribute, path: "type"},
		"source a boolean":         {body: structured(t, "source", `true`), code: events.CodeInvalidAttribute, path: "source"},
		"subject a list":           {body: structured(t, "subject", `[]`), code: events.CodeInvalidAttribute, path: "subject"},
		"dataschema no URI":        {body: structured(t, "dataschema", `"http://a b"`), code: events.CodeInvalidAttribute, path: "dataschema"},
		"extension ill-named":      {body: structured(t, "order_number", `"x"`), code: events.CodeInvalidExtension, path: "order_number"},
		"extension nameless":       {body: structured(t, "", `"x"`), code: events.CodeInvalidExtension},
		"extension name too long":  {body: structured(t, strings.Repeat("x", 41), `"x"`), code: events.CodeInvalidExtension},
		"extension a noncharacter": {body: structured(t, "extra", `"\ufffe"`), code: events.CodeInvalidAttribute, path: "extra"},
		"dataschema relative":      {body: structured(t, "dataschema", `"x"`), code: events.CodeInvalidAttribute, path: "dataschema"},
		"extension upper case":     {body: structured(t, "CorrelationID", `"x"`), code: events.CodeInvalidExtension, path: "CorrelationID"},
		"extension an object":      {body: structured(t, "extra", `{}`), code: events.CodeInvalidAttribute, path: "extra"},
		"extension a fraction":     {body: structured(t, "extra", `1.5`), code: events.CodeInvalidAttribute, path: "extra"},
		"extension too large":      {body: structured(t, "extra", `2147483648`), code: events.CodeInvalidAttribute, path: "extra"},
		"both data members":        {body: structured(t, "data_base64", `"e30="`), code: events.CodeBothDataMembers, path: "data"},
		"data_base64 malformed":    {body: structured(t, "data", "", "data_base64", `"e30"`), code: events.CodeInvalidData, path: "data_base64"},
		"data_base64 an object":    {body: structured(t, "data", "", "data_base64", `{}`), code: events.CodeInvalidData, path: "data_base64"},
		"no data":                  {body: structured(t, "data", ""), code: events.CodeMissingData, path: "data"},
		"data null":                {body: structured(t, "data", "null"), code: events.CodeMissingData, path: "data"},
		"duplicate member":         {body: []byte(ok[:len(ok)-1] + `,"id":"e-2"}`), code: events.CodeDuplicateMember},
		"duplicate data member":    {body: broken(`"timeZone"`, `"timeZone":"UTC","timeZone"`), code: events.CodeDuplicateMember},
		"both modes":               {header: nats.Header{"Content-Type": {"application/cloudevents+json"}, "ce-id": {"1"}}, body: []byte(ok), code: events.CodeBothContentModes},
		"two data content types":   {header: binaryHeader("Content-Type", "application/json", "ce-datacontenttype", "text/json"), body: []byte(sampleData(t)), code: events.CodeBothContentModes, path: "datacontenttype"},
		"event in ce- headers":     {header: binaryHeader(), body: []byte(ok), code: events.CodeSchemaViolation, path: "/"},
		"header repeated":          {header: binaryHeader("ce-id", "e-2", "ce-id", "e-3"), body: []byte(sampleData(t)), code: events.CodeRepeatedHeader, path: "ce-id"},
		"header in two cases":      {header: binaryHeader("Ce-Id", "e-1"), body: []byte(sampleData(t)), code: events.CodeRepeatedHeader, path: "ce-id"},
		"source badly encoded":     {header: nats.Header{"ce-specversion": {"1.0"}, "ce-id": {"e-1"}, "ce-source": {"/a%zz"}, "ce-type": {"shipments.created"}}, body: []byte(sampleData(t)), code: events.CodeInvalidAttribute, path: "source"},
		"header empty":             {header: binaryHeader("ce-subject", " "), body: []byte(sampleData(t)), code: events.CodeInvalidAttribute, path: "subject"},
		"content type Latin-1":     {header: binaryHeader("Content-Type", "application/json; charset=ISO-8859-1"), body: []byte(sampleData(t)), code: events.CodeUnsupportedContentType, path: "content-type"},
		"structured, UTF-16":       {header: nats.Header{"Content-Type": {"application/cloudevents+json; charset=utf-16"}}, body: []byte(ok), code: events.CodeUnsupportedContentType, path: "content-type"},
		"data said to be Latin-1":  {body: structured(t, "datacontenttype", `"application/json; charset=latin1"`), code: events.CodeUnsupportedDataContentType, path: "datacontenttype"},
		"data a sequence of JSON":  {body: structured(t, "datacontenttype", `"application/json-seq"`), code: events.CodeUnsupportedDataContentType, path: "datacontenttype"},
		"data no media type":       {body: structured(t, "datacontenttype", `"json"`), code: events.CodeInvalidAttribute, path: "datacontenttype"},
		"batch in UTF-16":          {header: nats.Header{"Content-Type": {"Application/CloudEvents-Batch+JSON; charset=utf-16"}}, body: []byte("[]"), code: events.CodeBatch, path: "content-type"},
		"batch with ce- headers":   {header: binaryHeader("Content-Type", "application/cloudevents-batch+json"), body: []byte("[]"), code: events.CodeBatch, path: "content-type"},
		"no leap second":           {body: structured(t, "time", `"2026-11-23T23:59:60Z"`), code: events.CodeInvalidAttribute, path: "time"},
		"minute of 61 seconds":     {body: structured(t, "time", `"2026-11-30T23:59:61Z"`), code: events.CodeInvalidAttribute, path: "time"},
		"time with a blank":        {body: structured(t, "time", `"2026-11-24 09:30:00Z"`), code: events.CodeInvalidAttribute, path: "time"},
		"source empty":             {body: structured(t, "source", `""`), code: events.CodeInvalidAttribute, path: "source"},
		"specversion 1.0.2":        {body: structured(t, "specversion", `"1.0.2"`), code: events.CodeUnsupportedSpecVersion, path: "specversion"},
		"specversion empty":        {body: structured(t, "specversion", `""`), code: events.CodeInvalidAttribute, path: "specversion"},
		"both data members null":   {body: structured(t, "data", "null", "data_base64", "null"), code: events.CodeMissingData, path: "data"},
		"data_base64 empty":        {body: structured(t, "data", "", "data_base64", `""`), code: events.CodeMissingData, path: "data_base64"},
		"data_base64 for URLs":     {body: structured(t, "data", "", "data_base64", `"eyI_PyI6MX0="`), code: events.CodeInvalidData, path: "data_base64"},
		"data_base64 no JSON":      {body: structured(t, "data", "", "data_base64", `"eA=="`), code: events.CodeInvalidJSON},
		"header not UTF-8":         {header: binaryHeader("ce-subject", "%ff"), body: []byte(sampleData(t)), code: events.CodeInvalidHeader, path: "ce-subject"},
		"header Latin-1":           {header: binaryHeader("ce-subject", "\xdcmschlag"), body: []byte(sampleData(t)), code: events.CodeInvalidHeader, path: "ce-subject"},
		"header with control":      {header: binaryHeader("ce-subject", "a%00b"), body: []byte(sampleData(t)), code: events.CodeInvalidAttribute, path: "subject"},
		"content type repeated":    {header: nats.Header{"Content-Type": {"application/json", "application/cloudevents+json"}}, body: []byte(ok), code: events.CodeRepeatedHeader, path: "content-type"},
		"binary without body":      {header: binaryHeader(), body: nil, code: events.CodeMissingData, path: "data"},
		"binary without version":   {header: nats.Header{"ce-id": {"1"}}, body: []byte(sampleData(t)), code: events.CodeMissingAttribute, path: "specversion"},
		// Not a shipment.
		"unknown type":               {body: structured(t, "type", `"shipments.cancelled"`), code: events.CodeUnknownType, path: "type"},
		"data content type":          {body: structured(t, "datacontenttype", `"application/xml"`), code: events.CodeUnsupportedDataContentType, path: "datacontenttype"},
		"binary, not as JSON":        {header: binaryHeader("Content-Type", "application/xml"), body: []byte(sampleData(t)), code: events.CodeUnsupportedDataContentType, path: "datacontenttype"},
		"data a string":              {body: structured(t, "data", `"x"`), code: events.CodeSchemaViolation, path: "/"},
		"data empty":                 {body: structured(t, "data", `{}`), code: events.CodeSchemaViolation, path: "/"},
		"unknown data member":        {body: broken(`"timeZone"`, `"extra":1,"timeZone"`), code: events.CodeSchemaViolation, path: "/"},
		"member in another case":     {body: broken(`"timeZone"`, `"TIMEZONE"`), code: events.CodeSchemaViolation, path: "/"},
		"id unfit for a subject":     {body: broken(sampleID, "a.b"), code: events.CodeSchemaViolation, path: "/shipmentId"},
		"another id in subject":      {body: []byte(ok), subject: "shipments.created.other", code: events.CodeSubjectMismatch, path: "/shipmentId"},
		"another type in subject":    {body: []byte(ok), subject: "shipments.cancellation-requested", code: events.CodeSubjectMismatch, path: "/shipmentId"},
		"no legs":                    {body: []byte(legsMember.ReplaceAllString(ok, `"legs":[],"packages"`)), code: events.CodeSchemaViolation, path: "/legs"},
		"three legs":                 {body: []byte(legsMember.ReplaceAllString(ok, `"legs":[{},{},{}],"packages"`)), code: events.CodeSchemaViolation, path: "/legs"},
		"blank name":                 {body: broken("Umschlag Rhein", " "), code: shipment.CodeMissingText},
		"quantity nothing":           {body: broken(`"quantity":2`, `"quantity":0`), code: events.CodeSchemaViolation, path: "/goods/0/quantity"},
		"amount negative":            {body: broken("79.90", "-79.90"), code: events.CodeSchemaViolation, path: "/goods/0/unitValue"},
		"amount a number":            {body: broken(`"79.90"`, "79.90"), code: events.CodeSchemaViolation, path: "/goods/0/unitValue"},
		"amount too precise":         {body: broken("79.90", "79.90001"), code: events.CodeSchemaViolation, path: "/goods/0/unitValue"},
		"control character":          {body: broken("Umschlag", `Um\u0007schlag`), code: events.CodeSchemaViolation, path: "/legs/0/receiver/name"},
		"impossible date":            {body: broken("2026-11-24", "2026-11-31"), code: events.CodeSchemaViolation, path: "/collectionDate"},
		"unknown zone":               {body: broken("Europe/Berlin", "Europe/Atlantis"), code: shipment.CodeUnknownTimeZone, path: "/timeZone"},
		"unknown carrier":            {body: broken("c62bee763e7a4ce387dda5eb11678815", "nobody"), code: shipment.CodeUnknownCarrier, path: "/legs/0/carrierId"},
		"unknown country":            {body: broken(`"country":"DE"`, `"country":"XX"`), code: shipment.CodeUnknownCountry},
		"weight a fraction":          {body: broken(`"weightGrams":1200`, `"weightGrams":1.5`), code: events.CodeSchemaViolation, path: "/packages/0/weightGrams"},
		"weight nothing":             {body: broken(`"weightGrams":1200`, `"weightGrams":0`), code: events.CodeSchemaViolation, path: "/packages/0/weightGrams"},
		"weight negative":            {body: broken(`"weightGrams":1200`, `"weightGrams":-1`), code: events.CodeSchemaViolation, path: "/packages/0/weightGrams"},
		"weight of a ship":           {body: broken(`"weightGrams":1200`, `"weightGrams":1000001`), code: events.CodeSchemaViolation, path: "/packages/0/weightGrams"},
		"weight beyond integers":     {body: broken(`"weightGrams":1200`, `"weightGrams":1e30`), code: events.CodeSchemaViolation, path: "/packages/0/weightGrams"},
		"international, no goods":    {body: []byte(goodsMember.ReplaceAllString(ok, "")), code: shipment.CodeMissingGoods, path: "/goods"},
		"international, no packages": {body: []byte(packagesMember.ReplaceAllString(ok, "")), code: shipment.CodeMissingPackages, path: "/packages"},
	}
}

func TestDecodeAndParseGiveTheReasonOfInvalidInput(t *testing.T) {
	t.Parallel()
	for name, test := range badInput(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, reasons := read(test.header, test.body, cmp.Or(test.subject, "shipments.created"))
			require.NotEmpty(t, reasons)
			require.Equal(t, test.code, reasons[0].Code, reasons[0])
			if test.path != "" {
				require.Equal(t, test.path, reasons[0].Path, reasons[0])
			}
			require.NotEmpty(t, reasons[0].Message)
		})
	}
}

func TestParseCreatedReadsIntegersInAnyForm(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"1200.0", "1.2e3", "12E+2"} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			body := strings.Replace(string(structured(t)), `"weightGrams":1200`, `"weightGrams":`+number, 1)
			created, reasons := read(nil, []byte(body), "shipments.created")
			require.Empty(t, reasons)
			require.Equal(t, sample.Shipment(sampleID, now), created.Data)
		})
	}
}

func TestParseCreatedIgnoresMalformedTraceContext(t *testing.T) {
	t.Parallel()
	created, reasons := read(nil, structured(t, "traceparent", `"00-xyz"`, "tracestate", `"a=1"`), "shipments.created")
	require.Empty(t, reasons)
	require.Empty(t, created.TraceParent)
	require.Empty(t, created.TraceState)
}

func TestParseCreatedReadsTheShipmentIDOfMalformedData(t *testing.T) {
	t.Parallel()
	created, reasons := read(nil, structured(t, "data", `{"shipmentId":"abc"}`), "shipments.created")
	require.NotEmpty(t, reasons)
	require.Equal(t, "abc", created.Data.ShipmentID)
}

func TestNewCreatedIsReadBack(t *testing.T) {
	t.Parallel()
	content := sample.Shipment(sampleID, now)
	ev, err := events.NewCreated("id-1", "/test", now, content)
	require.NoError(t, err)
	msg, err := streams.Message(events.Subject(events.TypeCreated, sampleID), ev)
	require.NoError(t, err)
	created, reasons := read(msg.Header, msg.Data, msg.Subject)
	require.Empty(t, reasons)
	require.Equal(t, content, created.Data)
}

// unreadable is an event whose every method panics.
type unreadable struct{ event.EventContext }

func TestDecodeAndParseTurnAPanicIntoAReason(t *testing.T) {
	t.Parallel()
	// A slice that claims bytes where there are none: whatever library reads it
	// first panics.
	claim := struct {
		data          *byte
		length, space int
	}{nil, 100, 100}
	_, reasons := events.Decode(nil, *(*[]byte)(unsafe.Pointer(&claim)))
	require.Equal(t, events.CodeUndecodable, reasons[0].Code)

	broken := event.Event{Context: unreadable{}}
	_, reasons = events.ParseCreated(broken, "shipments.created", rules)
	require.Equal(t, events.CodeUndecodable, reasons[0].Code)
	_, reasons = events.ParseRequest(broken, "shipments.cancellation-requested")
	require.Equal(t, events.CodeUndecodable, reasons[0].Code)
}
