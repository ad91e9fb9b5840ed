package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// platform is that of the image.
var platform = []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64"}

// writeSBOM writes what is in the binary, with versions, hashes and licences, in the form
// of CycloneDX. It is made twice: it must not depend on when or by whom. And it must have
// each module that the binary is built of.
func writeSBOM(ctx context.Context, file string) error {
	work, err := os.MkdirTemp("", "shipments-sbom-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, "shipments")
	if err := command(ctx, "", platform, "go", append(append([]string{"build"}, buildFlags...), "-o", binary, "./cmd/shipments")...); err != nil {
		return err
	}
	var made [2][]byte
	for i := range made {
		out := filepath.Join(work, fmt.Sprint(i))
		if err := command(ctx, "", nil, "cyclonedx-gomod", "bin", "-json", "-licenses", "-noserial", "-notimestamp", "-std", "-output", out, binary); err != nil {
			return err
		}
		if made[i], err = os.ReadFile(out); err != nil { //nolint:gosec // written above
			return err
		}
	}
	if !bytes.Equal(made[0], made[1]) {
		return errors.New("two lists of the same sources differ")
	}
	if err := checkSBOM(ctx, made[0]); err != nil {
		return err
	}
	return os.WriteFile(file, made[0], 0o600) //nolint:gosec // the caller names it
}

// checkSBOM checks that a list has each module of the binary.
func checkSBOM(ctx context.Context, text []byte) error {
	var list struct {
		Components []struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, c := range list.Components {
		listed[c.Name+" "+c.Version] = true
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/shipments")
	cmd.Env = append(os.Environ(), platform...)
	modules, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("list the modules: %w", err)
	}
	built := map[string]bool{}
	for _, module := range strings.Split(string(modules), "\n") {
		if module == "" {
			continue
		}
		built[module] = true
		if !listed[module] {
			return fmt.Errorf("the list lacks %s", module)
		}
	}
	fmt.Fprintf(os.Stdout, "%d components, with the %d modules of the binary\n", len(listed), len(built))
	return nil
}
