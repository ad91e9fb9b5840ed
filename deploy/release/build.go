package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildFlags are those of deploy/Dockerfile. The path of the sources is left out of the
// binary, and so is the state of the checkout: the image is built without it.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w"}

// checkReproducible builds the binary in two folders, the second time with nothing of
// the first one: the bytes must be the same.
func checkReproducible(ctx context.Context) error {
	work, err := os.MkdirTemp("", "shipments-builds-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	var sums [2][sha256.Size]byte
	for i, dir := range []string{"a", "another/folder/with a space"} {
		source := filepath.Join(work, dir)
		if err := copyTracked(ctx, source); err != nil {
			return err
		}
		env := []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"}
		if i > 0 {
			env = append(env, "GOCACHE="+filepath.Join(work, "cache"), "TZ=Pacific/Auckland", "LANG=de_DE.UTF-8")
		}
		file := filepath.Join(source, "shipments")
		if err := command(ctx, source, env, "go", append(append([]string{"build"}, buildFlags...), "-o", file, "./cmd/shipments")...); err != nil {
			return err
		}
		text, err := os.ReadFile(file) //nolint:gosec // built above
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(work)) {
			return fmt.Errorf("the binary contains the folder that it was built in, %s", source)
		}
		sums[i] = sha256.Sum256(text)
	}
	if sums[0] != sums[1] {
		return fmt.Errorf("two builds of the same sources differ: sha256 %x and %x", sums[0], sums[1])
	}
	fmt.Fprintf(os.Stdout, "two builds are alike: sha256 %x\n", sums[0])
	return nil
}

// copyTracked copies the files of the repository, as they are now, into a folder.
func copyTracked(ctx context.Context, into string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "--", ".", ":!cmd/devstack").Output()
	if err != nil {
		return fmt.Errorf("list the files of the repository: %w", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(name) //nolint:gosec // a file of the repository
		if err != nil {
			return err
		}
		file := filepath.Join(into, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o600); err != nil { //nolint:gosec // below the folder
			return err
		}
	}
	return nil
}

// command runs a program, and shows what it prints if it fails.
func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the programs are those of this command
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, out)
	}
	return nil
}
