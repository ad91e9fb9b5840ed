package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the folder of the repository.
const root = ".."

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}

// documents are all documents, as paths below the root.
func documents(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range found {
			below, err := filepath.Rel(root, file)
			require.NoError(t, err)
			files = append(files, filepath.ToSlash(below))
		}
	}
	require.Contains(t, files, "README.md")
	return files
}

func TestDocsReadmeIsShort(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	require.LessOrEqual(t, strings.Count(readme, "\n"), 220, "lines: move something to docs/")
	require.LessOrEqual(t, len(readme), 14*1024, "bytes: move something to docs/")
}

var (
	fenced  = regexp.MustCompile("(?ms)^ *```[^\n]*\n.*?^ *```$")
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors are the anchors of a document's headings, as GitHub makes them.
func anchors(text string) []string {
	var all []string
	for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		anchor := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(h[1]), "")
		all = append(all, strings.ReplaceAll(anchor, " ", "-"))
	}
	return all
}

func TestDocsLinksResolve(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, file), ""), -1) {
				target, anchor, _ := strings.Cut(found[1], "#")
				if strings.Contains(target, "://") {
					continue
				}
				linked := file
				if target != "" {
					linked = path.Join(path.Dir(file), target)
				}
				require.False(t, strings.HasPrefix(linked, "../"), "%s leads out of the repository", found[1])
				_, err := os.Stat(filepath.Join(root, linked))
				require.NoError(t, err, found[1])
				if anchor != "" {
					require.Contains(t, anchors(read(t, linked)), anchor, found[1])
				}
			}
		})
	}
}

// TestDocsAreInTheMap requires that README.md leads to each document.
func TestDocsAreInTheMap(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	for _, file := range documents(t) {
		if file == "README.md" || strings.HasPrefix(file, "docs/decisions/") {
			continue
		}
		require.Contains(t, readme, "]("+file+")", "the map of the documents in README.md has no link to it")
	}
}

func TestDocsListRoutes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "api", "*.go"))
	require.NoError(t, err)
	route := regexp.MustCompile(`HandleFunc\("([A-Z]+ [^"]+)", `)
	shipments := read(t, "api/shipments.go")
	routes := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, found := range route.FindAllStringSubmatch(read(t, "api/"+filepath.Base(file)), -1) {
			pattern := strings.TrimSuffix(found[1], "{$}")
			require.True(t, strings.Contains(read(t, "docs/http.md"), "`"+pattern+"`"), "docs/http.md does not list %s", pattern) //nolint:testifylint // Contains would print the document
			if first := strings.Split(pattern, "/")[1]; first != "" && !strings.HasPrefix(first, "{") {
				require.Regexp(t, `(?s)var reserved = \[\]string\{[^}]*"`+regexp.QuoteMeta(first)+`"`, shipments, "a shipment id could be %q", first)
			}
			routes++
		}
	}
	require.Positive(t, routes)
}

func TestDocsListProtocols(t *testing.T) {
	t.Parallel()
	protocols := regexp.MustCompile(`(?m)^\s\w+ +Protocol = "(\w+)"$`).FindAllStringSubmatch(read(t, "activities/carriers/protocol.go"), -1)
	require.NotEmpty(t, protocols)
	for _, found := range protocols {
		require.Contains(t, read(t, "docs/carriers.md"), "\n| `"+found[1]+"` |")
	}
}

// TestDocsNameOneVersionOfATool compares the versions in the documents with those that
// CI uses.
func TestDocsNameOneVersionOfATool(t *testing.T) {
	t.Parallel()
	versions := map[string]string{}
	for line := range strings.Lines(read(t, ".ci/versions.env")) {
		if name, version, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(line, "#") {
			versions[name] = version
		}
	}
	for module, name := range map[string]string{
		"github.com/nats-io/natscli/nats":     "NATSCLI",
		"github.com/go-task/task/v3/cmd/task": "TASK",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, versions[name])
			mentioned := regexp.MustCompile(regexp.QuoteMeta(module) + `@(\S+)`)
			mentions := 0
			for _, file := range append(documents(t), "Taskfile.yml") {
				for _, found := range mentioned.FindAllStringSubmatch(read(t, file), -1) {
					require.Equal(t, versions[name], found[1], "%s has another version than .ci/versions.env", file)
					mentions++
				}
			}
			require.Positive(t, mentions)
		})
	}
}

// packages are the folders of both modules that have Go files besides tests, and
// those files.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	require.NoError(t, filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"testdata", "data", "bin"}, entry.Name())):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		below, err := filepath.Rel(root, filepath.Dir(name))
		found[filepath.ToSlash(below)] = append(found[filepath.ToSlash(below)], entry.Name())
		return err
	}))
	require.Contains(t, found, "hosts")
	require.Contains(t, found, "cmd/devstack/stack")
	return found
}

var (
	packageComment = regexp.MustCompile(`(?ms)^((?://[^\n]*\n)+)package (\w+)$`)
	// mapItem is an item of the list of files, with its continuation lines.
	mapItem = regexp.MustCompile(`(?m)^//   - .*(?:\n//     .*)*$`)
	// mapped is a file in an item: what it holds, or the next file, follows.
	mapped = regexp.MustCompile(`([A-Za-z0-9_]+\.go)[,;:]`)
)

// TestDocsOfPackagesHaveAMap requires that each package has a doc.go (main.go will do
// for a package main) whose list names each of the other files exactly once:
//
//	//   - file.go, other.go: what they hold
//
// A package with one file besides doc.go needs no list. Tests may be listed.
func TestDocsOfPackagesHaveAMap(t *testing.T) {
	t.Parallel()
	for folder, files := range packages(t) {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			doc := "doc.go"
			if !slices.Contains(files, doc) && slices.Contains(files, "main.go") {
				doc = "main.go"
			}
			require.Contains(t, files, doc, "the package has no doc.go")
			comment := packageComment.FindStringSubmatch(read(t, folder+"/"+doc))
			require.NotNil(t, comment, "%s has no package comment", doc)
			require.True(t, doc == "doc.go" || comment[2] == "main", "the package has no doc.go")
			var listed []string
			for _, found := range mapped.FindAllStringSubmatch(strings.Join(mapItem.FindAllString(comment[1], -1), "\n"), -1) {
				listed = append(listed, found[1])
			}
			others := slices.DeleteFunc(slices.Clone(files), func(name string) bool { return name == doc })
			if len(others) <= 1 && len(listed) == 0 {
				return
			}
			for _, name := range listed {
				require.FileExists(t, filepath.Join(root, folder, name))
			}
			listed = slices.DeleteFunc(listed, func(name string) bool { return name == doc || strings.HasSuffix(name, "_test.go") })
			require.ElementsMatch(t, others, listed, "%s/%s has to list each file of the package once", folder, doc)
		})
	}
}
