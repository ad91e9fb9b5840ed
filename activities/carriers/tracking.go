package carriers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxNumber is how many characters a tracking number may have.
	maxNumber = 64
	// maxReference is how many characters a reference may have.
	maxReference = 200
)

// trackingNumbers reads the tracking numbers of a manifestation's answer: one for
// each package, or a shared one for all of them, which is then repeated for each.
func trackingNumbers(each, shared json.RawMessage, packages int) ([]string, error) {
	var raw []json.RawMessage
	if len(each) > 0 {
		if err := json.Unmarshal(each, &raw); err != nil {
			return nil, errors.New("trackingNumbers is not an array")
		}
	}
	if len(raw) == 0 {
		if absent(shared) {
			return nil, errors.New("it has no tracking number: trackingNumbers has one for each package, or trackingNumber one for all")
		}
		number, err := exact("trackingNumber", shared)
		if err != nil {
			return nil, err
		}
		numbers := make([]string, packages)
		for i := range numbers {
			numbers[i] = number
		}
		return numbers, nil
	}
	if len(raw) != packages {
		return nil, fmt.Errorf("it has %d tracking numbers for %d packages: trackingNumbers has one for each package, or trackingNumber one for all",
			len(raw), packages)
	}
	numbers := make([]string, len(raw))
	for i, r := range raw {
		var err error
		if numbers[i], err = exact(fmt.Sprintf("trackingNumbers[%d]", i), r); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// exact reads a tracking number. A label can print it: it has printable ASCII
// characters, [maxNumber] at most.
func exact(member string, raw json.RawMessage) (string, error) {
	text, err := text(member, raw)
	switch {
	case err != nil:
		return "", err
	case len(text) > maxNumber:
		return "", fmt.Errorf("%s has more than %d characters", member, maxNumber)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return "", fmt.Errorf("%s has characters that no barcode can have: %s", member, bounded(text))
	}
	return text, nil
}

// referenceIn reads a reference: printable text, [maxReference] characters at most.
func referenceIn(member string, raw json.RawMessage) (string, error) {
	text, err := text(member, raw)
	switch {
	case err != nil:
		return "", err
	case utf8.RuneCountInString(text) > maxReference:
		return "", fmt.Errorf("%s has more than %d characters", member, maxReference)
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", fmt.Errorf("%s has characters that cannot be printed: %s", member, bounded(text))
	}
	return text, nil
}

// text reads a string, or a JSON number in digits alone, which is taken digit by
// digit. Outer space is dropped. It is not empty.
func text(member string, raw json.RawMessage) (string, error) {
	text := string(bytes.TrimSpace(raw))
	switch {
	case absent(raw):
		return "", fmt.Errorf("%s is missing", member)
	case text[0] == '"':
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", fmt.Errorf("%s is not a string: %w", member, err)
		}
	case strings.Trim(text, "0123456789") != "":
		return "", fmt.Errorf("%s is %s: use a string, or a number of digits alone", member, bounded(text))
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return "", fmt.Errorf("%s is empty", member)
	}
	return text, nil
}

// absent reports whether a member is missing or null.
func absent(raw json.RawMessage) bool {
	text := string(bytes.TrimSpace(raw))
	return text == "" || text == "null"
}
