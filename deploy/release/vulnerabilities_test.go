package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVulnerabilitiesAllowedHaveReasons(t *testing.T) {
	t.Parallel()
	_, err := parseAllowed(allowedText)
	require.NoError(t, err)
	for _, wrong := range []string{`[{"id":"GO-2026-1","reason":"no"}]`, `[{"id":"CVE-2026-1","reason":"a b c d e f"}]`, `[{"id":"GO-2026-1"}]`, `[{"ids":"GO-2026-1"}]`, `{}`} {
		_, err := parseAllowed([]byte(wrong))
		require.Error(t, err, wrong)
	}
}

func TestVulnerabilitiesThatNobodyLookedIntoAreErrors(t *testing.T) {
	t.Parallel()
	found, err := parseFindings(strings.NewReader(`{"config":{}} {"osv":{"id":"GO-1"}}
		{"finding":{"osv":"GO-1","fixed_version":"v1.2.0","trace":[{"module":"m","version":"v1.0.0"}]}}
		{"finding":{"osv":"GO-2","fixed_version":"v1.2.0","trace":[{"module":"m","version":"v1.0.0","package":"m/p"}]}}
		{"finding":{"osv":"GO-3","fixed_version":"v1.2.0","trace":[{"module":"m","version":"v1.0.0","package":"m/p","function":"F"},{"module":"shipments"}]}}
		{"finding":{"osv":"GO-3","fixed_version":"v1.2.0","trace":[{"module":"m","version":"v1.0.0","package":"m/p","function":"G"}]}}`))
	require.NoError(t, err)
	require.Len(t, found, 1, "one that is not reached is no finding, and each counts once")
	var out bytes.Buffer
	require.ErrorContains(t, assess(found, nil, "1.26.10", &out), "GO-3: m@v1.0.0, m/p.F, fixed in v1.2.0")
	require.NoError(t, assess(found, []allowed{{"GO-3", "it needs a file that nobody writes"}, {"GO-9", "it was fixed long ago"}}, "1.26.10", &out))
	require.Contains(t, out.String(), "GO-3 does not apply: it needs a file that nobody writes")
	require.Contains(t, out.String(), "GO-9 is not found any more")
	library, err := parseFindings(strings.NewReader(`{"finding":{"osv":"GO-4","fixed_version":"v1.26.9","trace":[{"module":"stdlib","version":"v1.26.8","function":"F"}]}}`))
	require.NoError(t, err)
	require.NoError(t, assess(library, nil, "1.26.10", &out), "the image's Go has the fix")
	require.NoError(t, assess(library, nil, "1.26.9", &out))
	require.Error(t, assess(library, nil, "1.26.8", &out))
	library[0].Fixed = ""
	require.Error(t, assess(library, nil, "1.26.10", &out), "there is no fix")
	_, err = parseFindings(strings.NewReader(`{"finding":`))
	require.Error(t, err, "what is cut off is not read as no findings")
}

func TestVulnerabilitiesDatabase(t *testing.T) {
	t.Parallel()
	source, into := t.TempDir(), t.TempDir()
	_, err := makeDatabase(source, into)
	require.ErrorContains(t, err, "no reports")
	require.NoError(t, os.MkdirAll(filepath.Join(source, "data", "osv"), 0o750))
	const text = `{"id":"GO-2026-1","modified":"2026-01-02T03:04:05Z","aliases":["CVE-1"],"affected":[{"package":{"name":"a"}},{"package":{"name":"a"}},{"package":{"name":"b"}}]}`
	require.NoError(t, os.WriteFile(filepath.Join(source, "data", "osv", "GO-2026-1.json"), []byte(text), 0o600))
	n, err := makeDatabase(source, into)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	stored, err := os.ReadFile(filepath.Join(into, "ID", "GO-2026-1.json"))
	require.NoError(t, err)
	require.JSONEq(t, text, string(stored))
	index, err := os.ReadFile(filepath.Join(into, "index", "modules.json"))
	require.NoError(t, err)
	var modules []module
	require.NoError(t, json.Unmarshal(index, &modules))
	require.Len(t, modules, 2)
	require.Equal(t, "a", modules[0].Path)
	require.Len(t, modules[0].Vulns, 1)
}
