//go:build browser

package browser_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axePackage is axe-core, which has the rules.
const axePackage = "axe-core@4.14.1"

// axe returns the script of axe-core, from npm.
func axe(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", folder, axePackage)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm does not give %s, so its rules are not tried: %v: %s", axePackage, err, out)
	}
	script, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	return string(script)
}

func (s *system) testAxe(t *testing.T) {
	script := axe(t)
	for _, l := range []look{wide, wide.inDark(), narrow, narrow.inDark()} {
		for name, path := range examples {
			t.Run(l.name()+"/"+name, func(t *testing.T) {
				b := s.tab(t, l)
				b.open(t, path)
				b.until(t, `document.getElementById("main")`)
				// The pages wait for nobody who has opened something.
				value[any](t, b, `for (const d of document.querySelectorAll("details")) d.open = true`)
				value[any](t, b, script+"; true")
				found := do(t, b, chromedp.Evaluate[[]string](`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then(r =>
					r.violations.flatMap(v => v.nodes.map(n => v.impact + " " + v.id + ": " + n.html + " " + n.failureSummary)))`, chromedp.EvalAwaitPromise))
				require.Empty(t, found, fmt.Sprintf("%s at %s", path, l.name()))
			})
		}
	}
}
