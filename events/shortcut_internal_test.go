package events

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

// object is a JSON object.
type object = map[string]any

var shortCutRules = shipment.Rules{Emulation: true, Carriers: sample.Carriers()}

// fullShipment is a valid shipment that has every member of the schema. A member
// that is added to the schema is added here, if the sample does not have it.
func fullShipment(t *testing.T) object {
	t.Helper()
	s := sample.Shipment(emulation.NewID(emulation.International, "shortcut", emulation.Succeeds), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	for i := range s.Legs {
		for _, a := range []*shipment.Address{&s.Legs[i].Sender, &s.Legs[i].Receiver, &s.Legs[i].Collection} {
			a.Line2, a.PostalCode = "Hinterhaus", "10115"
			a.Company, a.State, a.Phone, a.Email = "Schuhhaus Krüger", "SN", "+493411234567", "krueger@example.com"
			a.VATNumber, a.EORI = "DE123456789", "DE1234567"
		}
	}
	for i := range s.Goods {
		s.Goods[i].WeightGrams, s.Goods[i].SKU = 700, "SH-41"
	}
	importer := s.Legs[0].Receiver
	s.Reference = "PO 4711"
	s.Customs = &shipment.Customs{
		Reason: shipment.ReasonSale, Incoterm: "DAP", InvoiceNumber: "R-17", InvoiceDate: "2026-11-23",
		IOSSNumber: "IM2760000742", Declaration: "These goods are shoes.", Importer: &importer,
	}
	return toObject(t, s)
}

func toObject(t *testing.T, value any) object {
	t.Helper()
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	var o object
	require.NoError(t, json.Unmarshal(encoded, &o))
	return o
}

// The short cut must never accept what the schema rejects. The cases are
// generated from the schema: for each value, at every level, and each of its
// constraints, variants that violate it.
func TestShortCutAcceptsNothingThatTheSchemaRejects(t *testing.T) {
	t.Parallel()
	g := &generator{whole: fullShipment(t), cases: map[string]string{}}
	valid, err := json.Marshal(g.whole)
	require.NoError(t, err)
	g.value(t, "", schemaFile(t, SchemaName(TypeCreated)), g.whole, func(any) {})
	require.Greater(t, len(g.cases), 1000)

	t.Run("a full shipment is accepted", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, ValidateData(TypeCreated, valid))
		s, accepted := shortCut(valid, shortCutRules)
		require.True(t, accepted, "a member of the schema is not in shipment.Shipment, or violates the rules")
		require.JSONEq(t, string(valid), string(must(json.Marshal(s))), "no member is lost")
	})
	for name, data := range g.cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, accepted := shortCut([]byte(data), shortCutRules)
			reasons := validate(TypeCreated, normalised(t, data))
			if len(reasons) > 0 {
				require.False(t, accepted, "the schema rejects it: %v\n%s", reasons, data)
				return
			}
			if accepted {
				same, err := fromInstance(normalised(t, data))
				require.NoError(t, err)
				require.Equal(t, same, s)
			}
		})
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func schemaFile(t *testing.T, name string) object {
	t.Helper()
	content, err := fs.ReadFile(Schemas(), name)
	require.NoError(t, err)
	var schema object
	require.NoError(t, json.Unmarshal(content, &schema))
	return schema
}

// generator makes variants of a whole document, each with one value replaced.
type generator struct {
	whole object
	cases map[string]string // documents by what is wrong with them
}

// add adds a variant: set puts a value, or absent, in its place.
func (g *generator) add(t *testing.T, name string, set func(any), original any, variant any) (violates bool) {
	t.Helper()
	set(variant)
	defer set(original)
	encoded, err := json.Marshal(g.whole)
	require.NoError(t, err)
	g.cases[name] = string(encoded)
	return len(validate(TypeCreated, normalised(t, string(encoded)))) > 0
}

// normalised is what the schema is applied to.
func normalised(t *testing.T, data string) any {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(data))
	require.NoError(t, err)
	return normaliseShipment(instance)
}

// absent is the variant in which a member is not there.
type absent struct{}

// ignored are the keywords that constrain nothing.
var ignored = []string{"$schema", "$comment", "title", "description", "default", "examples"}

// value generates the variants of a value by its schema; set replaces the value
// in the whole document.
func (g *generator) value(t *testing.T, at string, schema object, value any, set func(any)) {
	t.Helper()
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if slices.Contains(ignored, keyword) {
			continue
		}
		constraint := schema[keyword]
		if keyword == "$ref" {
			g.value(t, at, resolve(t, constraint.(string)), value, set)
			continue
		}
		generate, known := keywords[keyword]
		require.True(t, known, "%s: no variants are generated for the keyword %q: add it to keywords", at, keyword)
		generate(t, g, place{at, set, value, schema}, constraint)
	}
}

// resolve finds what a reference refers to: a definition of definitions.json.
func resolve(t *testing.T, ref string) object {
	t.Helper()
	file, pointer, _ := strings.Cut(ref, "#")
	if file == "" {
		file = "definitions.json"
	}
	found := schemaFile(t, file)
	for token := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		inner, isObject := found[token].(object)
		require.True(t, isObject, "%s is not in the schemas", ref)
		found = inner
	}
	return found
}

// place is a value in the whole document.
type place struct {
	at     string
	set    func(any)
	value  any
	schema object
}

// violations adds variants and requires one of them to violate the schema.
func (p place) violations(t *testing.T, g *generator, keyword string, variants ...any) {
	t.Helper()
	if p.at == "" {
		return // The whole document is an object by all means.
	}
	found := false
	for i, variant := range variants {
		found = g.add(t, fmt.Sprintf("%s: %s %d", p.at, keyword, i), p.set, p.value, variant) || found
	}
	require.True(t, found, "%s: no variant violates %s", p.at, keyword)
}

// keywords generate the variants that violate a constraint.
var keywords map[string]func(t *testing.T, g *generator, p place, constraint any)

func init() { //nolint:gochecknoinits // the table refers to itself
	keywords = map[string]func(t *testing.T, g *generator, p place, constraint any){
		"type":                 typeVariants,
		"properties":           propertyVariants,
		"required":             requiredVariants,
		"additionalProperties": additionalVariants,
		"items":                itemVariants,
		"minItems": func(t *testing.T, g *generator, p place, n any) {
			p.violations(t, g, "minItems", repeat(p.value, n, -1))
		},
		"maxItems": func(t *testing.T, g *generator, p place, n any) {
			p.violations(t, g, "maxItems", repeat(p.value, n, 1))
		},
		"minimum": func(t *testing.T, g *generator, p place, n any) {
			p.violations(t, g, "minimum", n.(float64)-1, -n.(float64)-1, -1e18)
		},
		"maximum": func(t *testing.T, g *generator, p place, n any) {
			p.violations(t, g, "maximum", n.(float64)+1, n.(float64)*10, 1e18, 1e30)
		},
		"minLength": func(t *testing.T, g *generator, p place, n any) {
			p.violations(t, g, "minLength", strings.Repeat("x", int(n.(float64))-1))
		},
		"maxLength": func(t *testing.T, g *generator, p place, n any) {
			p.violations(t, g, "maxLength", strings.Repeat("x", int(n.(float64))+1), strings.Repeat("é", int(n.(float64))+1))
		},
		"pattern": textVariants("pattern"),
		"format":  textVariants("format"),
		"enum": func(t *testing.T, g *generator, p place, _ any) {
			p.violations(t, g, "enum", "", "x", strings.ToUpper(p.value.(string)), p.value.(string)+" ")
		},
	}
}

func typeVariants(t *testing.T, g *generator, p place, _ any) {
	t.Helper()
	p.violations(t, g, "type", nil, true, 7.0, 1.5, "7", "", []any{}, []any{p.value}, object{}, object{"x": 1})
}

func propertyVariants(t *testing.T, g *generator, p place, properties any) {
	t.Helper()
	members := p.value.(object)
	for _, name := range slices.Sorted(maps.Keys(properties.(object))) {
		at := p.at + "/" + name
		value, found := members[name]
		require.True(t, found, "%s is in the schema, but not in the full shipment of this test: add it there, to shipment.Shipment, and its constraints to the short cut", at)
		set := setMember(members, name)
		g.value(t, at, properties.(object)[name].(object), value, set)
		for _, otherCase := range []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], strings.Replace(name, "s", "\u017f", 1)} {
			if otherCase != name {
				set(absent{})
				g.add(t, at+": called "+otherCase, setMember(members, otherCase), absent{}, value)
				set(value)
			}
		}
		g.add(t, at+": absent", set, value, absent{})
	}
}

func requiredVariants(t *testing.T, g *generator, p place, names any) {
	t.Helper()
	members := p.value.(object)
	for _, name := range names.([]any) {
		at := p.at + "/" + name.(string)
		require.True(t, g.add(t, at+": missing", setMember(members, name.(string)), members[name.(string)], absent{}), at)
	}
}

func additionalVariants(t *testing.T, g *generator, p place, allowed any) {
	t.Helper()
	require.Equal(t, false, allowed, "%s", p.at)
	members := p.value.(object)
	for name, value := range map[string]any{"extra": 1, "": "x", "null": nil, "extras": []any{}} {
		require.True(t, g.add(t, p.at+": unknown member "+name, setMember(members, name), absent{}, value), p.at)
	}
}

func itemVariants(t *testing.T, g *generator, p place, items any) {
	t.Helper()
	list := p.value.([]any)
	require.NotEmpty(t, list, "%s has no items in the full shipment of this test", p.at)
	for i := range list {
		g.value(t, fmt.Sprintf("%s/%d", p.at, i), items.(object), list[i], func(v any) { list[i] = v })
	}
}

// textVariants are a text with something added, removed or replaced anywhere.
func textVariants(keyword string) func(t *testing.T, g *generator, p place, constraint any) {
	return func(t *testing.T, g *generator, p place, _ any) {
		t.Helper()
		original := p.value.(string)
		variants := []any{"", " ", "0", "x", "X", "-1", strings.ToUpper(original), strings.ToLower(original), original + original, strings.Repeat(original, 70)}
		for _, odd := range []string{" ", "\n", "\t", "\x00", "\x1f", "\x7f", "\u0080", "\u0085", "\u009f", "\u00a0", "é", "0", "00000000000", "x", "X", ".", "+", "-", "/", ":", "\u2028", "\U0001f4e6"} {
			half := len(original) / 2
			variants = append(variants, odd, odd+original, original+odd, original[:half]+odd+original[half:], odd+original[1:], original[:len(original)-1]+odd)
		}
		for i := range original {
			variants = append(variants, original[:i], original[i:])
		}
		p.violations(t, g, keyword, variants...)
	}
}

// setMember sets or removes a member of an object.
func setMember(members object, name string) func(any) {
	return func(v any) {
		if _, remove := v.(absent); remove {
			delete(members, name)
		} else {
			members[name] = v
		}
	}
}

// repeat makes a list of n items, and a few more or less, of the items of another.
func repeat(list, n any, more int) []any {
	items := list.([]any)
	repeated := make([]any, int(n.(float64))+more)
	for i := range repeated {
		repeated[i] = items[i%len(items)]
	}
	return repeated
}

// A member that shipment.Shipment has and the schema does not is rejected.
func TestShortCutAcceptsOnlyWhatIsInTheSchema(t *testing.T) {
	t.Parallel()
	address := func(o object) object { return o["legs"].([]any)[0].(object)["receiver"].(object) }
	goods := func(o object) object { return o["goods"].([]any)[0].(object) }
	whole := func(o object) object { return o }
	for _, member := range []struct {
		name  string
		of    func(object) object
		value any
	}{
		{"reference", whole, "PO 17"},
		{"customs", whole, object{"reason": "sale"}},
		{"company", address, "ACME"},
		{"state", address, "CA"},
		{"phone", address, "+442071234567"},
		{"email", address, "a@b.example"},
		{"vatNumber", address, "GB123456789"},
		{"eori", address, "GB123456789000"},
		{"weightGrams", goods, 1},
		{"sku", goods, "X-1"},
	} {
		t.Run(member.name, func(t *testing.T) {
			t.Parallel()
			o := fullShipment(t)
			member.of(o)[member.name] = member.value
			data, err := json.Marshal(o)
			require.NoError(t, err)
			_, valid := shortCut(data, shortCutRules)
			require.Equal(t, len(ValidateData(TypeCreated, data)) == 0, valid, "the short cut and the schema agree")
		})
	}
}
