package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth bounds the nesting of JSON in a message; the schemas need five levels.
const MaxDepth = 32

// checkJSON requires body to be exactly one JSON value: valid UTF-8 without a
// byte order mark, no member twice, nothing behind it, not nested too deep, no
// number too large.
func checkJSON(body []byte) error { return scanJSON(body, nil) }

// scanJSON checks a body like [checkJSON]. If the body is an object it calls
// member for each member; the values are parts of body. A nil member is not called.
func scanJSON(body []byte, member func(name string, value json.RawMessage)) error {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return invalid(CodeEmptyMessage, "", "the message is empty")
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return invalid(CodeByteOrderMark, "", "it begins with a byte order mark: JSON must not (RFC 8259)")
	}
	decoder := decoders.Get().(*jsontext.Decoder) // nothing else is in there
	defer decoders.Put(decoder)
	decoder.Reset(bytes.NewBuffer(body))
	var err error
	if member != nil && decoder.PeekKind() == '{' {
		err = readMembers(decoder, body, member)
	} else {
		err = decoder.SkipValue()
	}
	if err != nil {
		return jsonError(decoder, body, err)
	}
	if err := checkLimits(body[:decoder.InputOffset()]); err != nil {
		return err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		if !utf8.Valid(body) {
			return notUTF8()
		}
		return invalid(CodeTrailingData, "", "something follows the JSON value at byte %d", decoder.InputOffset())
	}
	return nil
}

// decoders are kept: a new one allocates as much as the scan of a message.
var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(&bytes.Buffer{}) }}

func readMembers(decoder *jsontext.Decoder, body []byte, member func(name string, value json.RawMessage)) error {
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() != '}' {
		quoted, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		name, err := memberName(quoted)
		if err != nil {
			return err
		}
		value, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		end := decoder.InputOffset()
		member(name, json.RawMessage(body[end-int64(len(value)):end]))
	}
	_, err := decoder.ReadToken()
	return err
}

// usual are the members of most events.
var usual = []string{"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "correlationid", "traceparent", "tracestate", "data"}

// memberName reads the name of a member. It does not allocate for the usual ones.
func memberName(quoted jsontext.Value) (string, error) {
	inner := quoted[1 : len(quoted)-1]
	for _, name := range usual {
		if string(inner) == name {
			return name, nil
		}
	}
	name, err := jsontext.AppendUnquote(nil, quoted)
	return string(name), err
}

// jsonError is the reason for an error of the decoder. What exceeds a limit
// before the error comes first.
func jsonError(decoder *jsontext.Decoder, body []byte, err error) error {
	if !utf8.Valid(body) {
		return notUTF8()
	}
	at, offset := "", decoder.InputOffset()
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		at, offset = string(syntactic.JSONPointer), syntactic.ByteOffset
	}
	if exceeded := checkLimits(body[:offset]); exceeded != nil {
		return exceeded
	}
	if len(at) > MaxAttributeLength {
		at = ""
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return invalid(CodeDuplicateMember, at, "a member occurs twice in one object")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return invalid(CodeInvalidJSON, at, "the JSON ends in the middle, at byte %d", offset)
	default:
		return invalid(CodeInvalidJSON, at, "not JSON, near byte %d", offset)
	}
}

func notUTF8() error {
	return invalid(CodeInvalidUTF8, "", "not UTF-8: JSON has to be (RFC 8259)")
}

// checkLimits bounds the depth and the numbers of a text that is JSON, at least
// in its beginning.
func checkLimits(body []byte) error {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			i = endOfString(body, i)
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return invalid(CodeTooDeep, "", "nested deeper than %d levels", MaxDepth)
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || (c >= '0' && c <= '9'):
			end := i + 1
			for end < len(body) && strings.IndexByte("0123456789+-.eE", body[end]) >= 0 {
				end++
			}
			if !isSmallNumber(string(body[i:end])) {
				return invalid(CodeNumberTooLarge, pointerTo(body, i), "a number with so many digits, or such an exponent, is not supported")
			}
			i = end - 1
		}
	}
	return nil
}

// endOfString is where the string ends that begins at start.
func endOfString(body []byte, start int) int {
	for i := start + 1; ; {
		length := bytes.IndexByte(body[i:], '"')
		if length < 0 {
			return len(body)
		}
		i += length
		escapes := 0
		for body[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
		i++
	}
}

// pointerTo is the JSON Pointer of the value at an offset.
func pointerTo(body []byte, offset int) string {
	decoder := jsontext.NewDecoder(bytes.NewReader(body))
	for decoder.InputOffset() <= int64(offset) {
		if _, err := decoder.ReadToken(); err != nil {
			return ""
		}
	}
	at := string(decoder.StackPointer())
	if len(at) > MaxAttributeLength {
		return ""
	}
	return at
}

// isSmallNumber reports whether a JSON number is one that is computed with: at
// most 20 digits before and after the point, and an exponent of two. Validation
// would take minutes for a huge exponent, which needs a few bytes.
func isSmallNumber(number string) bool {
	number = strings.TrimPrefix(number, "-")
	mantissa, exponent := number, ""
	if e := strings.IndexAny(number, "eE"); e >= 0 {
		mantissa, exponent = number[:e], strings.TrimLeft(number[e+1:], "+-")
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	return len(whole) <= 20 && len(fraction) <= 20 && len(exponent) <= 2
}
