package eventstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/documents/typeface"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// GateCase is the data of a shipment as publishers write it, and what becomes of it
// at the gate, over NATS and over HTTP alike.
type GateCase struct {
	Name string
	// Data is the JSON of the shipment, whose id is ID.
	ID   string
	Data []byte
	// Code and Path are of the only reason to reject it; both are empty if it is
	// accepted.
	Code, Path string
	// Message is what the reason says, if that matters.
	Message string
	// Accepted are values of the accepted shipment in JSON, by their place such as
	// "legs/0/receiver/name". A value that is empty has to be absent.
	Accepted map[string]string
	// Category is that of an accepted shipment, if it matters.
	Category shipment.Category
}

// GateRules are what the cases are validated by: no emulation, the demo's carriers, the
// built-in typeface, and collections at most 90 days ahead.
func GateRules() shipment.Rules {
	const horizon = 90 * 24 * time.Hour
	return shipment.Rules{Carriers: sample.Carriers(), CollectionHorizon: horizon, Typeface: typeface.Default()}
}

// values are members in JSON by their place. One that is empty is removed.
type values map[string]string

// route is a shipment of one leg without goods, which only a shipment without a
// customs border may have. An address is a country and a postal code.
func route(from, to string) values {
	v := values{"legs/1": "", "goods": ""}
	for party, place := range map[string]string{"sender": from, "receiver": to, "collection": from} {
		country, postalCode, _ := strings.Cut(place, " ")
		v["legs/0/"+party] = fmt.Sprintf(`{"name": "Ada", "line1": "1 High Street", "city": "City", "postalCode": %q, "country": %q}`, postalCode, country)
	}
	return v
}

// The places of the values that the cases replace.
const (
	atName   = "legs/0/receiver/name"
	atLine1  = "legs/0/receiver/line1"
	atPostal = "legs/0/receiver/postalCode"
	atHSCode = "goods/0/hsCode"
	atValue  = "goods/0/unitValue"
	atMoney  = "goods/0/currency"
	atDate   = "collectionDate"
)

// GateCases are cases of the kinds that publishers send: names and codes as people
// type them, amounts, dates, and routes across customs borders.
func GateCases(t testing.TB) []GateCase {
	t.Helper()
	cases := slices.Concat(textCases(t), goodsCases(t), optionalCases(t), routeCases(t))
	for i := range cases {
		cases[i].ID = fmt.Sprintf("c-gate-%d", i)
		cases[i].Data = []byte(strings.Replace(string(cases[i].Data), `"c-gate"`, strconv.Quote(cases[i].ID), 1))
	}
	return cases
}

func accepted(t testing.TB, name string, set, want values) GateCase {
	t.Helper()
	return GateCase{Name: name, Data: gateData(t, set), Accepted: want}
}

func rejected(t testing.TB, name string, set values, code, path, message string) GateCase {
	t.Helper()
	return GateCase{Name: name, Data: gateData(t, set), Code: code, Path: path, Message: message}
}

// travels is a shipment that crosses no customs border.
func travels(t testing.TB, name, from, to string) GateCase {
	t.Helper()
	return GateCase{Name: name, Data: gateData(t, route(from, to)), Category: shipment.Domestic}
}

// crosses is a shipment that crosses one, and has no goods for its invoice.
func crosses(t testing.TB, name, from, to string) GateCase {
	t.Helper()
	return rejected(t, name, route(from, to), shipment.CodeMissingGoods, "/goods", "")
}

func textCases(t testing.TB) []GateCase {
	t.Helper()
	const emptyText = "the text is empty: at least one character that can be seen is needed"
	return []GateCase{
		accepted(t, "decomposed name", values{atName: `"Mu\u0308ller"`}, values{atName: `"Müller"`}),
		accepted(t, "narrow no-break space", values{atPostal: `"LS1\u202f5AA"`}, values{atPostal: `"LS1 5AA"`}),
		accepted(t, "non-breaking hyphen", values{atLine1: `"12\u201114 Mill Lane"`}, values{atLine1: `"12-14 Mill Lane"`}),
		accepted(t, "trailing space", values{atPostal: `"04109 "`}, values{atPostal: `"04109"`}),
		accepted(t, "Vietnamese", values{atName: `"Nguyễn Thị Hồng"`}, values{atName: `"Nguyễn Thị Hồng"`}),
		accepted(t, "Greek and Cyrillic", values{atName: `"Αθηνά Шевченко"`}, values{atName: `"Αθηνά Шевченко"`}),
		rejected(t, "Japanese", values{atName: `"山田 太郎"`}, shipment.CodeUnprintableText, "/"+atName,
			"no font here prints U+5C71 山, U+7530 田, U+592A 太, U+90CE 郎: use other letters, such as Latin ones"),
		rejected(t, "Arabic", values{atName: `"علي"`}, shipment.CodeUnprintableText, "/"+atName,
			"no font here prints U+0639 ع, U+0644 ل, U+064A ي: use other letters, such as Latin ones"),
		rejected(t, "emoji", values{atName: `"Ada 👩\u200d💻"`}, shipment.CodeUnprintableText, "/"+atName,
			"no font here prints U+1F469 👩, U+1F4BB 💻: use other letters, such as Latin ones"),
		rejected(t, "replacement sign", values{atName: `"M\ufffdller"`}, shipment.CodeUnprintableText, "/"+atName,
			"no font here prints U+FFFD \ufffd: use other letters, such as Latin ones"),
		rejected(t, "object replacement sign", values{atName: `"Ada \ufffc"`}, shipment.CodeUnprintableText, "/"+atName, ""),
		accepted(t, "letters without a composed form", values{atName: `"G\u0303uarani m\u0327"`}, values{atName: `"G̃uarani m̧"`}),
		accepted(t, "Turkish, Icelandic, Azeri", values{atName: `"İğdır Þórður Əliyev"`}, values{atName: `"İğdır Þórður Əliyev"`}),
		rejected(t, "Hebrew", values{atName: `"דוד"`}, shipment.CodeUnprintableText, "/"+atName, ""),
		rejected(t, "Thai", values{atName: `"สมชาย"`}, shipment.CodeUnprintableText, "/"+atName, ""),
		rejected(t, "Devanagari", values{atName: `"अदा"`}, shipment.CodeUnprintableText, "/"+atName, ""),
		accepted(t, "direction override", values{atName: `"\u202eAda\u202c"`}, values{atName: `"Ada"`}),
		accepted(t, "byte order mark and soft hyphen", values{atName: `"\ufeffDonau\u00adtal"`}, values{atName: `"Donautal"`}),
		accepted(t, "fullwidth digits", values{atPostal: `"１００－０００１"`}, values{atPostal: `"100-0001"`}),
		accepted(t, "tab", values{atName: `"Ada\tLovelace"`}, values{atName: `"Ada Lovelace"`}),
		accepted(t, "line of a zero width space", values{"legs/0/receiver/line2": `"\u200b"`}, values{"legs/0/receiver/line2": ""}),
		rejected(t, "name of a zero width space", values{atName: `"\u200b"`}, shipment.CodeMissingText, "/"+atName, emptyText),
		rejected(t, "name of a Hangul filler", values{atName: `"\u3164\u2800"`}, shipment.CodeMissingText, "/"+atName, emptyText),
		rejected(t, "line break", values{atName: `"Ada\nLovelace"`}, "schema-violation", "/"+atName, "the control character U+000A is not allowed in text"),
	}
}

func goodsCases(t testing.TB) []GateCase {
	t.Helper()
	return []GateCase{
		accepted(t, "bolívar", values{atMoney: `"VES"`}, values{atMoney: `"VES"`}),
		accepted(t, "Caribbean guilder", values{atMoney: `"XCG"`}, values{atMoney: `"XCG"`}),
		rejected(t, "kuna", values{atMoney: `"HRK"`}, shipment.CodeUnknownCurrency, "/"+atMoney, `"HRK" is not a currency of today: use an ISO 4217 code such as EUR`),
		rejected(t, "Antillean guilder", values{atMoney: `"ANG"`}, shipment.CodeUnknownCurrency, "/"+atMoney, `"ANG" is not a currency of today: use an ISO 4217 code such as XCG`),
		rejected(t, "lev", values{atMoney: `"BGN"`}, shipment.CodeUnknownCurrency, "/"+atMoney, `"BGN" is not a currency of today: use an ISO 4217 code such as EUR`),
		rejected(t, "gold", values{atMoney: `"XAU"`}, shipment.CodeUnknownCurrency, "/"+atMoney, ""),
		accepted(t, "a finer unit value", values{atValue: `"0.0125"`}, values{atValue: `"0.0125"`}),
		accepted(t, "yen with digits", values{atValue: `"1500.5"`, atMoney: `"JPY"`}, values{atValue: `"1500.5"`}),
		rejected(t, "amount with a comma", values{atValue: `"1,50"`}, "schema-violation", "/"+atValue, ""),
		rejected(t, "amount with five digits behind the point", values{atValue: `"0.00125"`}, "schema-violation", "/"+atValue,
			`"0.00125" is not valid here: use a decimal number as text, such as "19.90", with a point, at most 12 digits before it and 4 behind it`),
		rejected(t, "amount with an exponent", values{atValue: `"1e2"`}, "schema-violation", "/"+atValue, ""),
		rejected(t, "amount without a digit in front", values{atValue: `".5"`}, "schema-violation", "/"+atValue, ""),
		rejected(t, "worth nothing", values{atValue: `"0.00"`}, shipment.CodeZeroValue, "/"+atValue, "the line is worth 0.00 EUR: customs wants a value, or the reason sample or documents in customs.reason"),
		accepted(t, "sample worth nothing", values{atValue: `"0"`, "customs": `{"reason": "sample"}`}, values{"customs/reason": `"sample"`}),

		accepted(t, "HS code with a dot", values{atHSCode: `"4202.92"`}, values{atHSCode: `"420292"`}),
		accepted(t, "HS code of 12 digits", values{atHSCode: `"640399119012"`}, values{atHSCode: `"640399119012"`}),
		rejected(t, "HS code as a number", values{atHSCode: `420292`}, "schema-violation", "/"+atHSCode, "the value is of type number: use JSON of type string"),
		rejected(t, "HS code of 13 digits", values{atHSCode: `"6403991190123"`}, shipment.CodeInvalidFormat, "/"+atHSCode,
			`"6403991190123" is not an HS code: use 6 to 12 digits, with or without dots and spaces, such as 6403.99`),
	}
}

func optionalCases(t testing.TB) []GateCase {
	t.Helper()
	return []GateCase{
		accepted(t, "contacts", values{
			"legs/0/receiver/company": `"ACME"`, "legs/0/receiver/state": `"NW"`, "legs/0/receiver/phone": `"0203 / 123 45-67"`,
			"legs/0/receiver/email": `"ada@example.com "`, "legs/0/receiver/vatNumber": `"de 123 456 789"`, "legs/0/receiver/eori": `"DE1234567"`,
		}, values{
			"legs/0/receiver/company": `"ACME"`, "legs/0/receiver/state": `"NW"`, "legs/0/receiver/phone": `"+492031234567"`,
			"legs/0/receiver/email": `"ada@example.com"`, "legs/0/receiver/vatNumber": `"DE123456789"`, "legs/0/receiver/eori": `"DE1234567"`,
		}),
		accepted(t, "customs", values{
			"customs": `{"reason": "gift", "incoterm": "DAP", "invoiceNumber": "R-17", "invoiceDate": "2026-11-23", "iossNumber": "IM 276 000 0742",
				"declaration": "I declare.", "importer": {"name": "Bob", "line1": "1", "city": "Leeds", "country": "GB"}}`,
			"reference": `"PO 4711"`, "goods/0/sku": `"SH-41"`, "goods/0/weightGrams": `7e2`,
		}, values{"customs/iossNumber": `"IM2760000742"`, "reference": `"PO 4711"`, "goods/0/weightGrams": `700`, "customs/importer/name": `"Bob"`}),
		rejected(t, "state with the country", values{"legs/0/receiver/state": `"DE-NW"`}, shipment.CodeInvalidFormat, "/legs/0/receiver/state", `"DE-NW" has the country in front: use "NW"`),
		rejected(t, "phone that is none", values{"legs/0/receiver/phone": `"ask Ada"`}, shipment.CodeInvalidFormat, "/legs/0/receiver/phone", ""),
		rejected(t, "incoterm of 2010", values{"customs": `{"incoterm": "DAT"}`}, "schema-violation", "/customs/incoterm", ""),
	}
}

func routeCases(t testing.TB) []GateCase {
	t.Helper()
	far := time.Now().AddDate(0, 0, 92).Format(time.DateOnly)
	near := time.Now().AddDate(0, 0, 85).Format(time.DateOnly)
	return []GateCase{
		rejected(t, "two centuries ahead", values{atDate: `"2203-01-15"`}, shipment.CodeInvalidCollectionDate, "/"+atDate, ""),
		rejected(t, "a day that does not exist", values{atDate: `"2026-02-30"`}, "schema-violation", "/"+atDate, `"2026-02-30" is not a day of the calendar: use YYYY-MM-DD`),
		rejected(t, "a time instead of a day", values{atDate: `"2026-11-24T00:00:00Z"`}, "schema-violation", "/"+atDate,
			`"2026-11-24T00:00:00Z" is not a day of the calendar: use YYYY-MM-DD`),
		rejected(t, "too far ahead", values{atDate: strconv.Quote(far)}, shipment.CodeInvalidCollectionDate, "/"+atDate, ""),
		accepted(t, "within the horizon", values{atDate: strconv.Quote(near)}, values{atDate: strconv.Quote(near)}),

		crosses(t, "Madrid to Las Palmas", "ES 28001", "ES 35001"),
		crosses(t, "London to Jersey", "GB EC1A 1BB", "GB JE2 3AB"),
		crosses(t, "London to Belfast", "GB EC1A 1BB", "GB BT1 1AA"),
		crosses(t, "Helsinki to Mariehamn", "FI 00100", "FI AX-22100"),
		crosses(t, "Paris to Réunion", "FR 75001", "RE 97400"),
		crosses(t, "Hamburg to Heligoland", "DE 20095", "DE 27498"),
		crosses(t, "Freiburg to Büsingen", "DE 79098", "DE 78266"),
		crosses(t, "Milan to Livigno", "IT 20121", "IT 23041"),
		crosses(t, "Rimini to San Marino", "IT 47921", "IT 47890"),
		crosses(t, "Cádiz to Ceuta", "ES 11001", "ES 51001"),
		crosses(t, "Los Angeles to Guam", "US 90001", "US 96910"),
		crosses(t, "London to Stanley", "GB EC1A 1BB", "GB FIQQ 1ZZ"),
		travels(t, "Nice to Monaco", "FR 06000", "MC 98000"),
		travels(t, "Schaffhausen to Büsingen", "CH 8200", "DE 78266"),
		travels(t, "Leipzig to Lyon", "DE 04109", "FR 69001"),
		travels(t, "London to Douglas", "GB EC1A 1BB", "IM IM1 1AA"),
		travels(t, "Dublin to Belfast", "IE D01 F5P2", "GB BT1 1AA"),
		travels(t, "New York to San Juan", "US 10001", "PR 00901"),
		travels(t, "Zürich to Vaduz", "CH 8001", "LI 9490"),
	}
}

// gateData is the JSON of a sample shipment with some values replaced.
func gateData(t testing.TB, set values) []byte {
	t.Helper()
	encoded, err := json.Marshal(sample.Shipment("c-gate", time.Now()))
	require.NoError(t, err)
	var data any
	require.NoError(t, json.Unmarshal(encoded, &data))
	for _, place := range slices.Sorted(maps.Keys(set)) {
		data = put(t, data, strings.Split(place, "/"), set[place])
	}
	encoded, err = json.Marshal(data)
	require.NoError(t, err)
	return encoded
}

// put replaces a value within another one, and returns that.
func put(t testing.TB, in any, place []string, value string) any {
	t.Helper()
	if len(place) == 0 {
		return json.RawMessage(value)
	}
	switch v := in.(type) {
	case map[string]any:
		if value == "" && len(place) == 1 {
			delete(v, place[0])
		} else {
			v[place[0]] = put(t, v[place[0]], place[1:], value)
		}
	case []any:
		i, err := strconv.Atoi(place[0])
		require.NoError(t, err)
		if value == "" && len(place) == 1 {
			return append(v[:i], v[i+1:]...)
		}
		v[i] = put(t, v[i], place[1:], value)
	default:
		require.Fail(t, "there is nothing", "%v", place)
	}
	return in
}

// RequireAccepted requires the values of an accepted shipment.
func (c GateCase) RequireAccepted(t testing.TB, s shipment.Shipment) {
	t.Helper()
	encoded, err := json.Marshal(s)
	require.NoError(t, err)
	for place, want := range c.Accepted {
		var at any
		require.NoError(t, json.Unmarshal(encoded, &at))
		for step := range strings.SplitSeq(place, "/") {
			switch v := at.(type) {
			case map[string]any:
				at = v[step]
			case []any:
				i, err := strconv.Atoi(step)
				require.NoError(t, err)
				at = v[i]
			}
		}
		if want == "" {
			require.Nil(t, at, place)
			continue
		}
		got, err := json.Marshal(at)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got), place)
	}
	if c.Category != "" {
		require.Equal(t, c.Category, GateRules().Classify(s))
	}
}

// RequireRejected requires the reasons of a rejected shipment.
func (c GateCase) RequireRejected(t testing.TB, reasons []shipment.Reason) {
	t.Helper()
	require.Len(t, reasons, 1)
	require.Equal(t, c.Code, reasons[0].Code, reasons[0])
	require.Equal(t, c.Path, reasons[0].Path, reasons[0])
	require.NotEmpty(t, reasons[0].Message)
	if c.Message != "" {
		require.Equal(t, c.Message, reasons[0].Message)
	}
}
