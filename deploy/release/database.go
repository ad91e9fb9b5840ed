package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// report is what the index needs of a report in the OSV format.
type report struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Aliases  []string  `json:"aliases,omitempty"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"affected"`
}

// module is an entry of index/modules.json.
type module struct {
	Path  string       `json:"path"`
	Vulns []moduleVuln `json:"vulns"`
}

type moduleVuln struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
}

// makeDatabase writes a database as govulncheck reads it, from the reports in a folder
// of golang.org/x/vulndb: the database itself, https://vuln.go.dev, has the same ones.
// The layout is that of https://go.dev/doc/security/vuln/database#api.
func makeDatabase(source, into string) (reports int, err error) {
	files, err := filepath.Glob(filepath.Join(source, "data", "osv", "GO-*.json"))
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("%s has no reports in data/osv", source)
	}
	for _, dir := range []string{"ID", "index"} {
		if err := os.MkdirAll(filepath.Join(into, dir), 0o750); err != nil {
			return 0, err
		}
	}
	modules := map[string][]moduleVuln{}
	all := make([]report, 0, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // in the folder that the caller names
		if err != nil {
			return 0, err
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(filepath.Join(into, "ID", r.ID+".json"), text, 0o600); err != nil { //nolint:gosec // in a folder of our own
			return 0, err
		}
		for _, affected := range r.Affected {
			path := affected.Package.Name
			if !slices.ContainsFunc(modules[path], func(v moduleVuln) bool { return v.ID == r.ID }) {
				modules[path] = append(modules[path], moduleVuln{ID: r.ID, Modified: r.Modified})
			}
		}
		r.Affected = nil
		all = append(all, r)
	}
	return len(all), writeIndex(filepath.Join(into, "index"), modules, all)
}

func writeIndex(dir string, byPath map[string][]moduleVuln, all []report) error {
	modules := make([]module, 0, len(byPath))
	for path, vulns := range byPath {
		modules = append(modules, module{Path: path, Vulns: vulns})
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	type vuln struct {
		ID       string    `json:"id"`
		Modified time.Time `json:"modified"`
		Aliases  []string  `json:"aliases,omitempty"`
	}
	vulns := make([]vuln, 0, len(all))
	for _, r := range all {
		vulns = append(vulns, vuln{r.ID, r.Modified, r.Aliases})
	}
	for name, value := range map[string]any{"db": map[string]time.Time{"modified": {}}, "modules": modules, "vulns": vulns} {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
