package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	testName = regexp.MustCompile(`\bTest[A-Z]\w*…?`)
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	recipe   = regexp.MustCompile(`(?m)^\| \d+ \| ([^|]+) \|`)
	quoted   = regexp.MustCompile("`([^`]+)`")
)

// tests are the names of all tests of both modules.
func tests(t *testing.T) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, found := range testFunc.FindAllStringSubmatch(string(text), -1) {
			names = append(names, found[1])
		}
		return err
	}))
	require.Contains(t, names, t.Name())
	return names
}

// A name that ends with "…" stands for the tests that begin with it.
func TestDocsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	exist := "\n" + strings.Join(tests(t), "\n") + "\n"
	for _, file := range documents(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for _, name := range testName.FindAllString(read(t, file), -1) {
				beginning, isBeginning := strings.CutSuffix(name, "…")
				if !isBeginning {
					beginning += "\n"
				}
				require.True(t, strings.Contains(exist, "\n"+beginning), "there is no test %s", name) //nolint:testifylint // Contains would print all names
			}
		})
	}
}

// A path with a placeholder in angle brackets is of a file that the recipe makes.
func TestDocsRecipesNameFilesThatExist(t *testing.T) {
	t.Parallel()
	steps := recipe.FindAllStringSubmatch(read(t, "CONTRIBUTING.md"), -1)
	require.NotEmpty(t, steps)
	for _, step := range steps {
		for _, file := range quoted.FindAllStringSubmatch(step[1], -1) {
			if !strings.Contains(file[1], "<") {
				_, err := os.Stat(filepath.Join(root, file[1]))
				require.NoError(t, err, "a step of CONTRIBUTING.md")
			}
		}
	}
}
