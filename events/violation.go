package events

import (
	"fmt"
	"path"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"shipments/shipment"
	"shipments/shipment/text"
)

// violations collects the leaves of a validation error: each has a place and a
// message.
func violations(e *jsonschema.ValidationError, found []shipment.Reason) []shipment.Reason {
	if len(e.Causes) == 0 {
		at := path.Join(append([]string{"/"}, e.InstanceLocation...)...)
		code, sentence := violation(e)
		return append(found, shipment.Reason{
			Code:    code,
			Path:    text.Clip(strings.ToValidUTF8(at, ""), MaxAttributeLength),
			Message: text.Clip(strings.ToValidUTF8(sentence, ""), MaxAttributeLength),
		})
	}
	for _, cause := range e.Causes {
		found = violations(cause, found)
	}
	return found
}

// maxShown limits, in bytes, what a message shows of a value.
const maxShown = 80

// violation returns the code of a violation, and a sentence that says what would be
// right. It words those that the schemas of input have; the validator's own words
// are good enough for the others.
func violation(e *jsonschema.ValidationError) (code, sentence string) {
	switch k := e.ErrorKind.(type) {
	case *kind.Pattern:
		if control := strings.IndexFunc(k.Got, isControl); control >= 0 {
			return CodeSchemaViolation, fmt.Sprintf("the control character %U is not allowed in text", []rune(k.Got[control:])[0])
		}
		return CodeSchemaViolation, fmt.Sprintf("%q is not valid here: %s", text.Clip(k.Got, maxShown), descriptionOf(e.SchemaURL, k.Want))
	case *kind.MinLength:
		if k.Got == 0 {
			return shipment.CodeMissingText, "the text is empty: at least one character that can be seen is needed"
		}
	case *kind.MaxLength:
		return CodeSchemaViolation, fmt.Sprintf("%d characters: at most %d are possible", k.Got, k.Want)
	case *kind.Type:
		want := strings.Join(k.Want, " or ")
		if k.Got == "null" {
			return CodeSchemaViolation, fmt.Sprintf("null where JSON of type %s is needed: an optional member is left out instead", want)
		}
		return CodeSchemaViolation, fmt.Sprintf("the value is of type %s: use JSON of type %s", k.Got, want)
	case *kind.Format:
		if got, isText := k.Got.(string); isText && k.Want == "date" {
			return CodeSchemaViolation, fmt.Sprintf("%q is not a day of the calendar: use YYYY-MM-DD", text.Clip(got, maxShown))
		}
	case *kind.Minimum:
		return CodeSchemaViolation, fmt.Sprintf("%s is too small: at least %s is needed", k.Got.RatString(), k.Want.RatString())
	case *kind.Maximum:
		return CodeSchemaViolation, fmt.Sprintf("%s is too large: at most %s is possible", k.Got.RatString(), k.Want.RatString())
	}
	return CodeSchemaViolation, e.ErrorKind.LocalizedString(english)
}

var english = message.NewPrinter(language.English)

func isControl(r rune) bool { return r < ' ' || (r >= 0x7f && r < 0xa0) }

// descriptionOf is the first sentence of what a schema says of its values; its
// pattern if it says nothing.
func descriptionOf(schemaURL, pattern string) string {
	file, pointer, _ := strings.Cut(strings.TrimPrefix(schemaURL, schemaBase), "#")
	at := documents()[file]
	for token := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		members, isObject := at.(map[string]any)
		if !isObject {
			break
		}
		at = members[token]
	}
	if schema, isObject := at.(map[string]any); isObject {
		if description, isText := schema["description"].(string); isText {
			first, _, _ := strings.Cut(description, ". ")
			return "use " + strings.TrimSuffix(lowerFirst(first), ".")
		}
	}
	return "it has to match " + pattern
}

// lowerFirst returns a sentence as it stands within another. An acronym stays.
func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
