// Command compare finds what breaks programs that were written from an earlier
// openapi.yaml or asyncapi.yaml.
//
//	go run ./api/contract/compare              compares with those of the last release, a tag such as v1.2.3
//	go run ./api/contract/compare OLD NEW      compares two files
//
// A break is a line, and makes the exit code 1. One that is meant is listed in
// accepted.txt, as the line that is printed; it is removed there with the next tag.
// Without a tag, or with one that has no such document, there is nothing to compare
// with, which is said, and no error.
//
//   - documents.go: routes and channels
//   - schemas.go: what they take and give
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

//go:embed accepted.txt
var accepted string

// folder is where the documents are in the repository.
const folder = "api/contract"

func main() {
	breaks, err := run(os.Args[1:], os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	case breaks > 0:
		fmt.Fprintln(os.Stderr, "Programs that were written from the old document break. If that is meant, put the lines into", folder+"/compare/accepted.txt.")
		os.Exit(1)
	}
}

// run compares and prints, and returns the number of breaks.
func run(args []string, out io.Writer) (breaks int, err error) {
	switch len(args) {
	case 0:
		return sinceLastTag(".", out)
	case 2:
		before, err := os.ReadFile(args[0]) //nolint:gosec // its user names it
		if err != nil {
			return 0, err
		}
		after, err := os.ReadFile(args[1]) //nolint:gosec // its user names it
		if err != nil {
			return 0, err
		}
		return report(before, after, args[0]+" → "+args[1], out)
	}
	return 0, errors.New("give two files, or none to compare with the last tag")
}

// sinceLastTag compares the documents in a working copy with those of its last tag.
func sinceLastTag(root string, out io.Writer) (breaks int, err error) {
	tag, err := git(root, "describe", "--tags", "--abbrev=0", "--match=v[0-9]*")
	if err != nil {
		fmt.Fprintln(out, "There is no tag yet, so there is no document to compare with.")
		return 0, nil //nolint:nilerr // it is said
	}
	tag = strings.TrimSpace(tag)
	for _, name := range []string{"openapi.yaml", "asyncapi.yaml"} {
		file := folder + "/" + name
		before, err := git(root, "show", tag+":"+file)
		if err != nil {
			fmt.Fprintf(out, "%s has no %s, so there is no document to compare with.\n", tag, file)
			continue
		}
		after, err := os.ReadFile(path.Join(root, file)) //nolint:gosec // a file of the repository
		if err != nil {
			return breaks, err
		}
		found, err := report([]byte(before), after, name+" since "+tag, out)
		if err != nil {
			return breaks, err
		}
		breaks += found
	}
	return breaks, nil
}

func git(root string, args ...string) (string, error) {
	output, err := exec.Command("git", append([]string{"-C", root}, args...)...).Output() //nolint:gosec,noctx // fixed words and a tag of this repository
	return string(output), err
}

func report(before, after []byte, title string, out io.Writer) (breaks int, err error) {
	found, err := compare(before, after)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", title, err)
	}
	known := strings.Split(accepted, "\n")
	found = slices.DeleteFunc(found, func(line string) bool { return slices.Contains(known, line) })
	if len(found) == 0 {
		fmt.Fprintln(out, title+": nothing breaks.")
	}
	for _, line := range found {
		fmt.Fprintln(out, line)
	}
	return len(found), nil
}
