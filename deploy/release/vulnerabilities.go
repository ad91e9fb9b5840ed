package main

import (
	"bytes"
	"context"
	_ "embed" // what was looked into
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

//go:embed allowed.json
var allowedText []byte

// allowed is a finding that was looked into and does not apply.
type allowed struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// finding is one of govulncheck's: a vulnerable module that is in the build, and how
// the vulnerable function is reached, if it is.
type finding struct {
	OSV   string `json:"osv"`
	Fixed string `json:"fixed_version"`
	Trace []struct {
		Module   string `json:"module"`
		Version  string `json:"version"`
		Package  string `json:"package"`
		Function string `json:"function"`
	} `json:"trace"`
}

// checkVulnerabilities has govulncheck look into the production binary. It is an error
// if a vulnerable function can be reached, unless allowed.json says why that does not
// matter. What is vulnerable in the standard library of the Go that is here does not
// matter if the Go that builds the image has the fix.
func checkVulnerabilities(ctx context.Context, vulndb string) error {
	looked, err := parseAllowed(allowedText)
	if err != nil {
		return err
	}
	database, err := os.MkdirTemp("", "shipments-vulndb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(database)
	reports, err := makeDatabase(vulndb, database)
	if err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	cmd := exec.CommandContext(ctx, "govulncheck", "-format=json", "-db=file://"+database, "./cmd/shipments") //nolint:gosec // a folder of our own
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("govulncheck: %w", err)
	}
	found, err := parseFindings(bytes.NewReader(out))
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%d reports, %d reachable findings\n", reports, len(found))
	text, err := os.ReadFile("deploy/Dockerfile")
	if err != nil {
		return err
	}
	builder := builderImage.FindSubmatch(text)
	if builder == nil {
		return errors.New("deploy/Dockerfile is not built by golang:MAJOR.MINOR.PATCH")
	}
	return assess(found, looked, string(builder[1]), os.Stdout)
}

var builderImage = regexp.MustCompile(`(?m)^FROM golang:(\d+\.\d+\.\d+) AS build$`)

func parseAllowed(text []byte) ([]allowed, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var looked []allowed
	if err := decoder.Decode(&looked); err != nil {
		return nil, fmt.Errorf("allowed.json: %w", err)
	}
	for _, a := range looked {
		if !strings.HasPrefix(a.ID, "GO-") || len(strings.Fields(a.Reason)) < 5 {
			return nil, fmt.Errorf("allowed.json: %q has no id such as GO-2026-0001, or no reason in a sentence", a.ID)
		}
	}
	return looked, nil
}

// parseFindings reads what govulncheck prints, and returns the findings whose vulnerable
// function is reached, one for each report.
func parseFindings(r io.Reader) ([]finding, error) {
	var found []finding
	for decoder := json.NewDecoder(r); ; {
		var message struct {
			Finding *finding `json:"finding"`
		}
		err := decoder.Decode(&message)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read what govulncheck printed: %w", err)
		}
		f := message.Finding
		if f == nil || len(f.Trace) == 0 || f.Trace[0].Function == "" {
			continue // It is not reached.
		}
		if !slices.ContainsFunc(found, func(other finding) bool { return other.OSV == f.OSV }) {
			found = append(found, *f)
		}
	}
}

// assess prints the findings, and is an error for those that nobody has looked into. builder
// is the version of Go that builds the image.
func assess(found []finding, looked []allowed, builder string, out io.Writer) error {
	var open []string
	for _, f := range found {
		fixed := "go" + strings.TrimPrefix(f.Fixed, "v")
		if f.Trace[0].Module == "stdlib" && version.IsValid(fixed) && version.Compare(fixed, "go"+builder) <= 0 {
			fmt.Fprintf(out, "%s is fixed in Go %s, and the image is built by Go %s: build with that or a later one\n", f.OSV, f.Fixed, builder)
			continue
		}
		i := slices.IndexFunc(looked, func(a allowed) bool { return a.ID == f.OSV })
		if i >= 0 {
			fmt.Fprintf(out, "%s does not apply: %s\n", f.OSV, looked[i].Reason)
			continue
		}
		at := f.Trace[0]
		open = append(open, fmt.Sprintf("%s: %s@%s, %s.%s, fixed in %s", f.OSV, at.Module, at.Version, at.Package, at.Function, f.Fixed))
	}
	for _, a := range looked {
		if !slices.ContainsFunc(found, func(f finding) bool { return f.OSV == a.ID }) {
			fmt.Fprintf(out, "%s is not found any more: take it out of allowed.json\n", a.ID)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("reachable vulnerabilities; update the module, or say in deploy/release/allowed.json why it does not apply:\n  %s", strings.Join(open, "\n  "))
	}
	return nil
}
