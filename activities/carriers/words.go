package carriers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"shipments/shipment"
)

const (
	// maxWords is how many characters of a carrier's own text are kept.
	maxWords = 500
	// maxErrors is how many errors of a carrier's fault are kept.
	maxErrors = 20
)

// bounded is a carrier's own text as it is stored and shown: [maxWords] characters
// at most, control characters and bytes that are no text escaped.
func bounded(text string) string {
	var b strings.Builder
	for i := 0; i < len(text) && b.Len() <= utf8.UTFMax*maxWords; {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r) && r != utf8.RuneError:
			b.WriteRune(r)
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		default: // \n, \u001b, \u202e
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		i += size
	}
	return cut(b.String())
}

// cut shortens a text to [maxWords] characters.
func cut(text string) string {
	if utf8.RuneCountInString(text) <= maxWords {
		return text
	}
	return string([]rune(text)[:maxWords-1]) + "…"
}

// words returns what a carrier says in the body of an answer, bounded: that of a
// JSON object (problem+json, message, error and the like), the text of an HTML
// page, or plain text. It is empty for a body without text.
func words(contentType string, body []byte) string {
	body = withoutBOM(body)
	if v, err := decodeAny(body); err == nil {
		if said := said(v, 0); said != "" {
			return bounded(said)
		}
		return bounded(strings.TrimSpace(string(body)))
	}
	media, _, _ := mime.ParseMediaType(contentType)
	if strings.Contains(media, "html") || looksLikeHTML(body) {
		return bounded(htmlText(body))
	}
	return bounded(strings.TrimSpace(string(body)))
}

// with appends a carrier's words to a text, if there are any.
func with(text, words string) string {
	if words == "" {
		return text
	}
	return text + ": " + words
}

// faultIn is the fault in the body of a carrier that declined: the description and
// the errors of openapi.yaml, or the carrier's words in another form.
func faultIn(status int, contentType string, body []byte) *shipment.Fault {
	plain := fmt.Sprintf("HTTP %d", status)
	v, _ := decodeAny(withoutBOM(body))
	object, _ := v.(map[string]any)
	description, _ := object["description"].(string)
	if strings.TrimSpace(description) == "" {
		return shipment.NewFault("Carrier declined the call", cut(with(plain, words(contentType, body))))
	}
	var causes []string
	list, isList := object["errors"].([]any)
	if !isList {
		list = []any{object["errors"]}
	}
	for _, e := range list[:min(len(list), maxErrors)] {
		if text := said(e, 0); text != "" {
			causes = append(causes, bounded(text))
		}
	}
	if len(causes) == 0 {
		causes = []string{plain}
	}
	return shipment.NewFault(bounded(strings.TrimSpace(description)), causes...)
}

// isFault reports whether a body is a fault as openapi.yaml describes it.
func isFault(body []byte) bool {
	var fault shipment.Fault
	return json.Unmarshal(withoutBOM(body), &fault) == nil && fault.Description != "" && len(fault.Errors) > 0
}

// saidIn are the members of an error object that people read, in the order in
// which they are read.
var saidIn = []string{"code", "title", "error", "message", "description", "error_description", "detail", "details", "reason", "errors"}

// said returns what a JSON value says. It is empty if that is nothing.
func said(v any, depth int) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case []any:
		return saidBy(v, "; ", depth)
	case map[string]any:
		parts := make([]any, 0, len(saidIn))
		for _, name := range saidIn {
			parts = append(parts, v[name])
		}
		return saidBy(parts, ": ", depth)
	}
	return ""
}

func saidBy(values []any, separator string, depth int) string {
	if depth > 4 {
		return ""
	}
	var texts []string
	for _, v := range values[:min(len(values), maxErrors)] {
		if text := said(v, depth+1); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, separator)
}

// decodeAny decodes JSON; numbers stay as they are written.
func decodeAny(body []byte) (v any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err = decoder.Decode(&v); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("there is more after the JSON value")
	}
	return v, nil
}

// withoutBOM drops a byte order mark, which some servers put before their JSON.
func withoutBOM(body []byte) []byte {
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
}

func looksLikeHTML(body []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html"))
}

// htmlText is the visible text of an HTML page, its words separated by one space.
func htmlText(page []byte) string {
	tokens := html.NewTokenizer(bytes.NewReader(page))
	var b strings.Builder
	hidden := ""
	for b.Len() < 8*maxWords {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(b.String()), " ")
		case html.StartTagToken:
			if name, _ := tokens.TagName(); hidden == "" && (string(name) == "script" || string(name) == "style") {
				hidden = string(name)
			}
			b.WriteByte(' ')
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == hidden {
				hidden = ""
			}
			b.WriteByte(' ')
		case html.TextToken:
			if hidden == "" {
				b.Write(tokens.Text())
			}
		case html.SelfClosingTagToken:
			b.WriteByte(' ')
		case html.CommentToken, html.DoctypeToken:
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
