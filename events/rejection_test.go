package events_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
)

func TestEscapeHeadersLosesNothing(t *testing.T) {
	t.Parallel()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	nasty := map[string][]string{
		"ce-id":         {"e-1"},
		"CE-Source":     {"/team/%C3%B6"},
		"Repeated":      {"b", "a", "", "b"},
		"repeated":      {"another name"},
		"Empty":         {""},
		"Every-Byte":    {string(every)},
		"Percent":       {"%", "%%", "100%", "%zz", "%41", "a+b", "%25"},
		"Not-UTF-8":     {"\xff\xfe\xc3(", "\xed\xa0\x80"},
		"N\xffme\x00%2": {" spaces \t\r\n"},
	}
	escaped := events.EscapeHeaders(nasty)
	for name, values := range escaped {
		require.NotRegexp(t, `[^ -~]`, name+strings.Join(values, ""), "fit for JSON")
	}
	back, err := events.UnescapeHeaders(escaped)
	require.NoError(t, err)
	require.Equal(t, nasty, back)
	back, err = events.UnescapeHeaders(events.EscapeHeaders(nil))
	require.NoError(t, err)
	require.Empty(t, back)
}

func TestUnescapeHeadersReturnsAnErrorForWhatIsNotEscaped(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]map[string][]string{
		"no digit": {"X": {"%"}}, "one digit": {"X": {"a%4"}}, "in a name": {"%zz": {""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := events.UnescapeHeaders(broken)
			require.Error(t, err)
		})
	}
}

var codeConstant = regexp.MustCompile(`(?m)^\tCode[A-Za-z0-9]+ += "([a-z0-9-]+)"$`)

func TestReasonCodesAreAllThatThereAre(t *testing.T) {
	t.Parallel()
	var declared []string
	for _, folder := range []string{".", filepath.Join("..", "shipment")} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range codeConstant.FindAllStringSubmatch(string(source), -1) {
				declared = append(declared, match[1])
			}
		}
	}
	require.Greater(t, len(declared), 40)
	require.ElementsMatch(t, declared, events.ReasonCodes(), "reasonCodes in events/reasons.go lists them")
}
