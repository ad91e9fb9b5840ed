package events_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// member is where a test puts a value.
type member struct {
	of   string // receiver, goods, customs, or nothing for the shipment
	name string
}

// withMember is the sample with a member in JSON. An exact one is read by the short
// cut; otherwise a number in another form has the schema read it.
func withMember(t testing.TB, m member, value string, exact bool) []byte {
	t.Helper()
	var data map[string]any
	require.NoError(t, json.Unmarshal([]byte(sampleData(t)), &data))
	of := map[string]func() map[string]any{
		"":         func() map[string]any { return data },
		"receiver": func() map[string]any { return data["legs"].([]any)[0].(map[string]any)["receiver"].(map[string]any) },
		"goods":    func() map[string]any { return data["goods"].([]any)[0].(map[string]any) },
		"customs": func() map[string]any {
			data["customs"] = map[string]any{}
			return data["customs"].(map[string]any)
		},
	}[m.of]()
	of[m.name] = json.RawMessage(value)
	encoded, err := json.Marshal(data)
	require.NoError(t, err)
	if !exact {
		encoded = []byte(strings.Replace(string(encoded), `"weightGrams":1200`, `"weightGrams":1.2e3`, 1))
		require.Contains(t, string(encoded), "1.2e3")
	}
	return structured(t, "data", string(encoded))
}

func TestParseCreatedNormalisesTextBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	for name, c := range map[string]struct {
		member
		value, want string // in JSON; nothing is absent
	}{
		"decomposed":                  {member{"receiver", "name"}, `"Mu\u0308ller"`, `"Müller"`},
		"narrow no-break space":       {member{"receiver", "postalCode"}, `"LS1\u202f5AA"`, `"LS1 5AA"`},
		"non-breaking hyphen":         {member{"receiver", "line1"}, `"12\u201114 Mill Lane"`, `"12-14 Mill Lane"`},
		"trailing space":              {member{"receiver", "postalCode"}, `"04109 "`, `"04109"`},
		"fullwidth postal code":       {member{"receiver", "postalCode"}, `"１００－０００１"`, `"100-0001"`},
		"tab":                         {member{"receiver", "name"}, `"Ada\tLovelace"`, `"Ada Lovelace"`},
		"line break at the end":       {member{"receiver", "name"}, `"Ada\r\n"`, `"Ada"`},
		"byte order mark":             {member{"receiver", "city"}, `"\ufeffLeeds"`, `"Leeds"`},
		"soft hyphen":                 {member{"receiver", "city"}, `"Donau\u00adstadt"`, `"Donaustadt"`},
		"format characters alone":     {member{"receiver", "line2"}, `"\u200b"`, ``},
		"country with a space":        {member{"receiver", "country"}, `"DE "`, `"DE"`},
		"date with odd hyphens":       {member{"", "collectionDate"}, `"2026\u201111\u201124"`, `"2026-11-24"`},
		"too long before":             {member{"receiver", "name"}, `"  ` + long + `\u200b"`, `"` + long + `"`},
		"too long decomposed":         {member{"receiver", "name"}, `"` + strings.Repeat(`u\u0308`, 200) + `"`, `"` + strings.Repeat("ü", 200) + `"`},
		"HS code with a dot":          {member{"goods", "hsCode"}, `"4202.92"`, `"420292"`},
		"HS code of 12 digits":        {member{"goods", "hsCode"}, `"640399 119012"`, `"640399119012"`},
		"HS code with 300 dots":       {member{"goods", "hsCode"}, `"640399` + strings.Repeat(".", 300) + `"`, `"640399"`},
		"phone as at home":            {member{"receiver", "phone"}, `"0341 / 1234567"`, `"+493411234567"`},
		"VAT number":                  {member{"receiver", "vatNumber"}, `"de 123 456 789"`, `"DE123456789"`},
		"empty optional member":       {member{"receiver", "email"}, `" "`, ``},
		"empty invoice date":          {member{"customs", "invoiceDate"}, `""`, ``},
		"empty reason":                {member{"customs", "reason"}, `""`, ``},
		"goods without a weight":      {member{"goods", "weightGrams"}, `0`, ``},
		"goods' weight negative zero": {member{"goods", "weightGrams"}, `-0`, ``},
		"weight as 7e2":               {member{"goods", "weightGrams"}, `7e2`, `700`},
		"weight as 700.0":             {member{"goods", "weightGrams"}, `700.0`, `700`},
		"currency with a space":       {member{"goods", "currency"}, `" VES"`, `"VES"`},
		"declaration":                 {member{"customs", "declaration"}, `"Shoes\u2028of leather "`, `"Shoes of leather"`},
	} {
		for path, exact := range map[string]bool{"by the short cut": true, "by the schema": false} {
			t.Run(name+" "+path, func(t *testing.T) {
				t.Parallel()
				var want shipment.Shipment
				if c.want == "" {
					want = sample.Shipment(sampleID, now)
					want.Legs[0].Receiver.Line2 = ""
				} else {
					created, reasons := read(nil, withMember(t, c.member, c.want, true), "shipments.created")
					require.Empty(t, reasons)
					want = created.Data
				}
				created, reasons := read(nil, withMember(t, c.member, c.value, exact), "shipments.created")
				require.Empty(t, reasons)
				require.Equal(t, want, created.Data)
				require.Equal(t, want.Digest(), created.Data.Digest())
			})
		}
	}
}

func TestParseCreatedRejectsWithASentence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		member
		value, code, message string
	}{
		"name of U+200B":            {member{"receiver", "name"}, `"\u200b"`, shipment.CodeMissingText, "the text is empty: at least one character that can be seen is needed"},
		"empty name":                {member{"receiver", "name"}, `""`, shipment.CodeMissingText, "the text is empty: at least one character that can be seen is needed"},
		"line break within":         {member{"receiver", "name"}, `"Ada\nLovelace"`, events.CodeSchemaViolation, "the control character U+000A is not allowed in text"},
		"name too long":             {member{"receiver", "name"}, `"` + strings.Repeat("ü", 201) + `"`, events.CodeSchemaViolation, "201 characters: at most 200 are possible"},
		"composition that grows":    {member{"receiver", "name"}, `"` + strings.Repeat(`\u0958`, 101) + `"`, events.CodeSchemaViolation, "202 characters: at most 200 are possible"},
		"country in small letters":  {member{"receiver", "country"}, `"de"`, events.CodeSchemaViolation, `"de" is not valid here: use an ISO 3166-1 alpha-2 code in capitals, such as GB`},
		"currency in small letters": {member{"goods", "currency"}, `"eur"`, events.CodeSchemaViolation, `"eur" is not valid here: use an ISO 4217 code in capitals, such as EUR`},
		"withdrawn currency":        {member{"goods", "currency"}, `"HRK"`, shipment.CodeUnknownCurrency, `"HRK" is not a currency of today: use an ISO 4217 code such as EUR`},
		"withdrawn guilder":         {member{"goods", "currency"}, `"ANG"`, shipment.CodeUnknownCurrency, `"ANG" is not a currency of today: use an ISO 4217 code such as XCG`},
		"amount with a comma":       {member{"goods", "unitValue"}, `"1,50"`, events.CodeSchemaViolation, `"1,50" is not valid here: use a decimal number as text, such as "19.90", with a point, at most 12 digits before it and 4 behind it`},
		"amount without a zero":     {member{"goods", "unitValue"}, `".5"`, events.CodeSchemaViolation, ""},
		"amount with an exponent":   {member{"goods", "unitValue"}, `"1e2"`, events.CodeSchemaViolation, ""},
		"amount as a number":        {member{"goods", "unitValue"}, `1.5`, events.CodeSchemaViolation, ""},
		"quantity negative zero":    {member{"goods", "quantity"}, `-0`, events.CodeSchemaViolation, "0 is too small: at least 1 is needed"},
		"quantity a fraction":       {member{"goods", "quantity"}, `1.5`, events.CodeSchemaViolation, ""},
		"quantity huge":             {member{"goods", "quantity"}, `1e18`, events.CodeSchemaViolation, "1000000000000000000 is too large: at most 1000000 is possible"},
		"HS code of letters":        {member{"goods", "hsCode"}, `"shoes"`, shipment.CodeInvalidFormat, `"SHOES" is not an HS code: use 6 to 12 digits, with or without dots and spaces, such as 6403.99`},
		"HS code of five digits":    {member{"goods", "hsCode"}, `"64.039"`, shipment.CodeInvalidFormat, `"64039" is not an HS code: use 6 to 12 digits, with or without dots and spaces, such as 6403.99`},
		"state with the country":    {member{"receiver", "state"}, `"DE-SN"`, shipment.CodeInvalidFormat, `"DE-SN" has the country in front: use "SN"`},
		"phone that is none":        {member{"receiver", "phone"}, `"ask Ada"`, shipment.CodeInvalidFormat, `"ask Ada" is not a telephone number: use one such as +442071234567, without an extension`},
		"incoterm of 2010":          {member{"customs", "incoterm"}, `"DAT"`, events.CodeSchemaViolation, "value must be one of 'EXW', 'FCA', 'CPT', 'CIP', 'DAP', 'DPU', 'DDP', 'FAS', 'FOB', 'CFR', 'CIF'"},
		"goods' weight negative":    {member{"goods", "weightGrams"}, `-1`, events.CodeSchemaViolation, "-1 is too small: at least 0 is needed"},
		"optional member null":      {member{"receiver", "email"}, `null`, events.CodeSchemaViolation, "null where JSON of type string is needed: an optional member is left out instead"},
		"unknown member of customs": {member{"customs", "duty"}, `1`, events.CodeSchemaViolation, "additional properties 'duty' not allowed"},
		"id with a space":           {member{"", "shipmentId"}, `"a "`, events.CodeSchemaViolation, `"a " is not valid here: use 1 to 64 letters, digits, "-" or "_": it identifies the shipment everywhere, in subjects, workflow ids, file names and URLs`},
		"noncharacter":              {member{"receiver", "name"}, `"\u0007"`, events.CodeSchemaViolation, "the control character U+0007 is not allowed in text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, reasons := read(nil, withMember(t, c.member, c.value, true), "shipments.created")
			require.Len(t, reasons, 1)
			require.Equal(t, c.code, reasons[0].Code)
			if c.message != "" {
				require.Equal(t, c.message, reasons[0].Message)
			}
			require.NotContains(t, reasons[0].Message, `\x00`, "no pattern")
		})
	}
}

func TestParseRequestNormalisesText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ eventType, member, value, want string }{
		"reason":                      {events.TypeCancellationRequested, "reason", `" Mu\u0308ller\u00a0asked\n"`, "Müller asked"},
		"date":                        {events.TypeRebookingRequested, "collectionDate", `"2026\u201111\u201126 "`, "2026-11-26"},
		"reason too long before":      {events.TypeCancellationRequested, "reason", `"` + strings.Repeat(" ", 300) + `x"`, "x"},
		"reason of format characters": {events.TypeCancellationRequested, "reason", `"\u200b"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev, reasons := events.Decode(nil, structured(t, "type", `"`+c.eventType+`"`, "data", `{"shipmentId": "abc", "`+c.member+`": `+c.value+`}`))
			require.Empty(t, reasons)
			r, reasons := events.ParseRequest(ev, c.eventType+".abc")
			if c.want == "" {
				require.Len(t, reasons, 1)
				require.Equal(t, shipment.CodeMissingText, reasons[0].Code)
				require.Equal(t, "abc", r.ShipmentID)
				return
			}
			require.Empty(t, reasons)
			require.Equal(t, c.want, r.Reason+r.CollectionDate)
		})
	}
}
