package shipment_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/shipment"
	"shipments/shipment/sample"
)

// latin is a typeface that prints Latin letters alone.
type latin struct{}

func (latin) Unprintable(text string) (characters []rune) {
	for _, r := range text {
		if r > 'ž' && !strings.ContainsRune(string(characters), r) {
			characters = append(characters, r)
		}
	}
	return characters
}

func TestUnprintableText(t *testing.T) {
	t.Parallel()
	rules := shipment.Rules{Emulation: true, Carriers: sample.Carriers(), Typeface: latin{}}
	importer := sample.Shipment("1", now).Legs[0].Receiver
	for path, set := range map[string]func(s *shipment.Shipment, text string){
		"/reference":                  func(s *shipment.Shipment, text string) { s.Reference = text },
		"/legs/0/sender/name":         func(s *shipment.Shipment, text string) { s.Legs[0].Sender.Name = text },
		"/legs/0/collection/line1":    func(s *shipment.Shipment, text string) { s.Legs[0].Collection.Line1 = text },
		"/legs/1/receiver/line2":      func(s *shipment.Shipment, text string) { s.Legs[1].Receiver.Line2 = text },
		"/legs/1/receiver/city":       func(s *shipment.Shipment, text string) { s.Legs[1].Receiver.City = text },
		"/legs/1/receiver/company":    func(s *shipment.Shipment, text string) { s.Legs[1].Receiver.Company = text },
		"/legs/1/receiver/email":      func(s *shipment.Shipment, text string) { s.Legs[1].Receiver.Email = text + "@example.com" },
		"/goods/1/description":        func(s *shipment.Shipment, text string) { s.Goods[1].Description = text },
		"/goods/0/sku":                func(s *shipment.Shipment, text string) { s.Goods[0].SKU = text },
		"/legs/1/receiver/postalCode": func(s *shipment.Shipment, text string) { s.Legs[1].Receiver.PostalCode = text },
		"/customs/invoiceNumber":      func(s *shipment.Shipment, text string) { s.Customs = &shipment.Customs{InvoiceNumber: text} },
		"/customs/declaration":        func(s *shipment.Shipment, text string) { s.Customs = &shipment.Customs{Declaration: text} },
		"/customs/importer/name": func(s *shipment.Shipment, text string) {
			other := importer
			other.Name = text
			s.Customs = &shipment.Customs{Importer: &other}
		},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := sample.Shipment("3", now)
			set(&s, "Żółć-Krüger")
			require.Empty(t, rules.Validate(s))
			set(&s, "山田山")
			require.Equal(t, []shipment.Reason{{
				Code: shipment.CodeUnprintableText, Path: path,
				Message: "no font here prints U+5C71 山, U+7530 田: use other letters, such as Latin ones",
			}}, rules.Validate(s))
			require.Empty(t, shipment.Rules{Emulation: true, Carriers: sample.Carriers()}.Validate(s), "without a typeface")
		})
	}
}

func TestUnprintableTextNamesTenCharacters(t *testing.T) {
	t.Parallel()
	s := sample.Shipment("3", now)
	s.Legs[0].Receiver.Name = "\u0e31\u4e00\u4e01\u4e02\u4e03\u4e04\u4e05\u4e06\u4e07\u4e08\u4e09\u4e0a"
	reasons := shipment.Rules{Emulation: true, Carriers: sample.Carriers(), Typeface: latin{}}.Validate(s)
	require.Equal(t, "no font here prints U+0E31, U+4E00 一, U+4E01 丁, U+4E02 丂, U+4E03 七, U+4E04 丄, U+4E05 丅, U+4E06 丆, U+4E07 万, U+4E08 丈, "+
		"and 2 more: use other letters, such as Latin ones", reasons[0].Message)
}

// Every text of a shipment is printed, or has a format that leaves out what cannot be.
func TestUnprintableTextIsNowhere(t *testing.T) {
	t.Parallel()
	rules := shipment.Rules{Carriers: sample.Carriers(), Typeface: latin{}}
	full := func() *shipment.Shipment {
		s := sample.Shipment("3", now)
		importer := s.Legs[0].Receiver
		s.Customs = &shipment.Customs{Importer: &importer}
		return &s
	}
	var places []string
	eachText(reflect.ValueOf(full()).Elem(), "", func(at string, _ reflect.Value) { places = append(places, at) })
	require.Contains(t, places, "/customs/importer/name")
	require.Contains(t, places, "/goods/1/sku")
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s := full()
			eachText(reflect.ValueOf(s).Elem(), "", func(at string, value reflect.Value) {
				if at == place {
					value.SetString("山")
				}
			})
			var paths []string
			for _, r := range rules.Validate(*s) {
				paths = append(paths, r.Path)
			}
			require.Contains(t, paths, place, "Validate in rules.go does not look at it")
		})
	}
}

// eachText visits every text within a value, with its JSON Pointer.
func eachText(v reflect.Value, at string, visit func(at string, value reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		visit(at, v)
	case reflect.Pointer:
		eachText(v.Elem(), at, visit)
	case reflect.Slice:
		for i := range v.Len() {
			eachText(v.Index(i), at+"/"+strconv.Itoa(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			eachText(v.Field(i), at+"/"+name, visit)
		}
	default:
	}
}
