package workflows_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// waits are the calls that wait for something without the gate. Outside of
// gate.go there is none: what waits goes through await, join, runLocal or
// runUntilDone.
var waits = []string{"Get", "Sleep", "AwaitWithTimeout", "NewSelector", "ExecuteLocalActivity"}

// allowed are the functions outside of gate.go that may wait without the gate, by
// file and name.
var allowed = map[string]string{}

func TestGateCannotBeForgotten(t *testing.T) {
	t.Parallel()
	t.Run("in this package", func(t *testing.T) {
		t.Parallel()
		for _, file := range sources(t) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Empty(t, waitsIn(t, file, string(text)), "use await, join, runLocal or runUntilDone")
		}
	})
	t.Run("the check finds a bare wait", func(t *testing.T) {
		t.Parallel()
		const text = `package workflows
func f(ctx workflow.Context) error {
	defer func() { _ = workflow.Sleep(ctx, 1) }()
	return workflow.ExecuteActivity(ctx, nil).Get(ctx, nil)
}`
		require.Equal(t, []string{"other.go: f: Sleep", "other.go: f: Get"}, waitsIn(t, "other.go", text))
		require.Empty(t, waitsIn(t, "gate.go", text))
	})
}

// sources are the package's files, tests aside.
func sources(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	require.NotEmpty(t, files)
	return files
}

// waitsIn returns the waits without the gate in a file.
func waitsIn(t *testing.T, file, text string) []string {
	t.Helper()
	if file == "gate.go" {
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
	require.NoError(t, err)
	var found []string
	for _, declaration := range parsed.Decls {
		function := "a variable"
		if f, ok := declaration.(*ast.FuncDecl); ok {
			function = f.Name.Name
		}
		if allowed[file] == function {
			continue
		}
		ast.Inspect(declaration, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && slices.Contains(waits, selector.Sel.Name) {
				found = append(found, file+": "+function+": "+selector.Sel.Name)
			}
			return true
		})
	}
	return found
}
