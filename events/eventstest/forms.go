package eventstest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/shipment/sample"
)

// Form is a way to write a shipments.created event, of a shipment of its own.
type Form struct {
	Name       string
	ShipmentID string
	Header     map[string][]string
	Body       []byte
	// Code is the reason for which it is rejected; empty if it is valid.
	Code string
	// HTTPStatus is the reply to it over HTTP, if it is rejected.
	HTTPStatus int
}

// Forms are events in the forms that publishers use, right and wrong.
func Forms(t testing.TB) []Form {
	t.Helper()
	forms := append(structuredForms(t), binaryForms(t)...)
	return append(forms, badForms(t)...)
}

func dataOf(t testing.TB, id string) string {
	t.Helper()
	data, err := json.Marshal(sample.Shipment(id, time.Now()))
	require.NoError(t, err)
	return string(data)
}

// structuredEvent is an event whose members are those given instead of data.
func structuredEvent(id, members string) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"e-%s","source":"/team/orders","type":"shipments.created",%s}`, id, members)
}

func structuredForms(t testing.TB) []Form {
	t.Helper()
	var forms []Form
	for i, form := range []struct{ name, contentType, members string }{
		{"data_base64 null", events.ContentType, `"data":DATA,"data_base64":null`},
		{"data null beside data_base64", events.ContentType, `"data":null,"data_base64":"BASE64"`},
		{"optional attributes null", events.ContentType, `"data":DATA,"subject":null,"time":null,"dataschema":null,"datacontenttype":null,"correlationid":null`},
		{"JSON of a vendor", events.ContentType, `"data":DATA,"datacontenttype":"application/vnd.acme+json"`},
		{"JSON of a vendor in base64", events.ContentType, `"data_base64":"BASE64","datacontenttype":"application/vnd.acme+json; v=2"`},
		{"extensions that are no text", events.ContentType, `"data":DATA,"extra":7,"flag":true`},
		{"time in lower case", events.ContentType, `"data":DATA,"time":"2026-11-23t12:00:00z"`},
		{"leap second", events.ContentType, `"data":DATA,"time":"2016-12-31T23:59:60Z"`},
		{"content type in upper case", "APPLICATION/CLOUDEVENTS+JSON; CHARSET=UTF-8", `"data":DATA`},
	} {
		id := fmt.Sprintf("c-structured-%d", i)
		data := dataOf(t, id)
		members := strings.NewReplacer("DATA", data, "BASE64", base64.StdEncoding.EncodeToString([]byte(data))).Replace(form.members)
		forms = append(forms, Form{
			Name: form.name, ShipmentID: id, Body: structuredEvent(id, members), Header: map[string][]string{"Content-Type": {form.contentType}},
		})
	}
	return forms
}

// binaryHeader is the headers of an event in binary mode, with one more or another value.
func binaryHeader(id, name, value string) map[string][]string {
	header := map[string][]string{
		"Ce-Specversion": {"1.0"}, "Ce-Id": {"e-" + id}, "Ce-Source": {"/team/orders"}, "Ce-Type": {"shipments.created"}, "Content-Type": {"application/json"},
	}
	header[name] = []string{value}
	return header
}

func binaryForms(t testing.TB) []Form {
	t.Helper()
	var forms []Form
	for i, form := range []struct{ name, header, value string }{
		{"raw percent", "Ce-Correlationid", "100% of order 7"},
		{"raw percent at the end", "Ce-Correlationid", "order 7: 50%"},
		{"percent-encoded", "Ce-Correlationid", "100%25%20of%20order%207%20%E2%82%AC"},
		{"raw UTF-8", "Ce-Correlationid", "größer"},
		{"quoted with escapes", "Ce-Correlationid", `"a \"b\""`},
		{"source with an escape of its own", "Ce-Source", "/team/orders?of=a%20b"},
		{"name in capitals", "CE-PARTITIONKEY", "7"},
		{"JSON of a vendor", "Content-Type", "application/vnd.acme+json; charset=utf-8"},
		{"content type in upper case", "Content-Type", "Application/JSON"},
		{"data content type beside the content type", "Ce-Datacontenttype", "application/json; charset=utf-8"},
		{"space around the id", "Ce-Id", "  e-7 "},
	} {
		id := fmt.Sprintf("c-binary-%d", i)
		forms = append(forms, Form{Name: form.name, ShipmentID: id, Header: binaryHeader(id, form.header, form.value), Body: []byte(dataOf(t, id))})
	}
	return forms
}

func badForms(t testing.TB) []Form {
	t.Helper()
	const id = "c-bad"
	data := dataOf(t, id)
	whole := structuredEvent(id, `"data":`+data)
	asEvent := func(contentType string) map[string][]string {
		return map[string][]string{"Content-Type": {contentType}}
	}
	member := func(members string) []byte { return structuredEvent(id, `"data":`+data+","+members) }
	return []Form{
		{Name: "data twice", Header: asEvent(events.ContentType), Body: member(`"data_base64":"e30="`), Code: events.CodeBothDataMembers, HTTPStatus: 400},
		{Name: "no data", Header: asEvent(events.ContentType), Body: structuredEvent(id, `"data":null,"data_base64":null`), Code: events.CodeMissingData, HTTPStatus: 400},
		{Name: "data of another kind", Header: asEvent(events.ContentType), Body: member(`"datacontenttype":"application/xml"`), Code: events.CodeUnsupportedDataContentType, HTTPStatus: 415},
		{Name: "data in another charset", Header: asEvent(events.ContentType), Body: member(`"datacontenttype":"application/json; charset=latin1"`), Code: events.CodeUnsupportedDataContentType, HTTPStatus: 415},
		{Name: "another charset", Header: asEvent(events.ContentType + "; charset=utf-16"), Body: whole, Code: events.CodeUnsupportedContentType, HTTPStatus: 415},
		{Name: "another charset in binary mode", Header: binaryHeader(id, "Content-Type", "application/json; charset=ISO-8859-1"), Body: []byte(data), Code: events.CodeUnsupportedContentType, HTTPStatus: 415},
		{Name: "batch", Header: asEvent("application/cloudevents-batch+json"), Body: []byte("[" + string(whole) + "]"), Code: events.CodeBatch, HTTPStatus: 400},
		{Name: "another event format", Header: asEvent("application/cloudevents+avro"), Body: whole, Code: events.CodeUnsupportedContentType, HTTPStatus: 415},
		{Name: "another version", Header: asEvent(events.ContentType), Body: []byte(strings.Replace(string(whole), `"1.0"`, `"0.3"`, 1)), Code: events.CodeUnsupportedSpecVersion, HTTPStatus: 400},
		{Name: "version a number", Header: asEvent(events.ContentType), Body: []byte(strings.Replace(string(whole), `"1.0"`, `1.0`, 1)), Code: events.CodeInvalidAttribute, HTTPStatus: 400},
		{Name: "source empty", Header: asEvent(events.ContentType), Body: []byte(strings.Replace(string(whole), "/team/orders", "", 1)), Code: events.CodeInvalidAttribute, HTTPStatus: 400},
		{Name: "extension in capitals", Header: asEvent(events.ContentType), Body: member(`"partitionKey":"7"`), Code: events.CodeInvalidExtension, HTTPStatus: 400},
		{Name: "member twice", Header: asEvent(events.ContentType), Body: member(`"id":"e-2"`), Code: events.CodeDuplicateMember, HTTPStatus: 400},
		{Name: "data behind it", Header: asEvent(events.ContentType), Body: append(whole, whole...), Code: events.CodeTrailingData, HTTPStatus: 400},
		{Name: "byte order mark", Header: asEvent(events.ContentType), Body: append([]byte("\xef\xbb\xbf"), whole...), Code: events.CodeByteOrderMark, HTTPStatus: 400},
		{Name: "header twice", Header: map[string][]string{
			"Ce-Specversion": {"1.0"}, "Ce-Id": {"e-1", "e-2"}, "Ce-Source": {"/team"}, "Ce-Type": {"shipments.created"},
		}, Body: []byte(data), Code: events.CodeRepeatedHeader, HTTPStatus: 400},
		{Name: "header in Latin-1", Header: binaryHeader(id, "Ce-Subject", "\xdcmschlag"), Body: []byte(data), Code: events.CodeInvalidHeader, HTTPStatus: 400},
		{Name: "header encoded in Latin-1", Header: binaryHeader(id, "Ce-Subject", "%DCmschlag"), Body: []byte(data), Code: events.CodeInvalidHeader, HTTPStatus: 400},
	}
}
