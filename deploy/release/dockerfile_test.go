package main

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// instruction is one of a Dockerfile.
type instruction struct{ name, arguments string }

// parseDockerfile reads the stages of a Dockerfile.
func parseDockerfile(t *testing.T, file string) (stages [][]instruction) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	joined := strings.ReplaceAll(regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(text), ""), "\\\n", " ")
	for line := range strings.Lines(joined) {
		name, arguments, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" {
			continue
		}
		if name == "FROM" {
			stages = append(stages, nil)
		}
		require.NotEmpty(t, stages, "%s before FROM", name)
		stages[len(stages)-1] = append(stages[len(stages)-1], instruction{name, strings.TrimSpace(arguments)})
	}
	return stages
}

func all(stage []instruction, name string) (arguments []string) {
	for _, i := range stage {
		if i.name == name {
			arguments = append(arguments, i.arguments)
		}
	}
	return arguments
}

func TestDockerfileMakesAnImageOfOneProgram(t *testing.T) {
	t.Parallel()
	stages := parseDockerfile(t, "../Dockerfile")
	require.Len(t, stages, 2)
	build, image := stages[0], stages[1]
	require.Equal(t, []string{"scratch"}, all(image, "FROM"))
	require.Regexp(t, builderImage, "FROM "+all(build, "FROM")[0], "the check of vulnerabilities reads the version of Go")
	require.Empty(t, all(image, "RUN"), "there is no shell")
	require.Equal(t, []string{"65532:65532"}, all(image, "USER"), "by number: there is no /etc/passwd")
	require.Equal(t, []string{`["/shipments"]`}, all(image, "ENTRYPOINT"), "as a list: there is no shell")
	require.Equal(t, []string{`["run"]`}, all(image, "CMD"))
	require.Empty(t, all(image, "VOLUME"))
	require.Empty(t, all(image, "ENV"))
	require.Empty(t, all(image, "ADD"))
	var copied []string
	for _, arguments := range all(image, "COPY") {
		words := strings.Fields(arguments)
		require.Equal(t, "--from=build", words[0], "nothing of the checkout")
		copied = append(copied, path.Base(words[1]))
	}
	require.Equal(t, []string{"ca-certificates.crt", "shipments"}, copied)
	require.Less(t, slices.IndexFunc(image, func(i instruction) bool { return i.name == "USER" }),
		slices.IndexFunc(image, func(i instruction) bool { return i.name == "ENTRYPOINT" }))
	labels := strings.Join(all(image, "LABEL"), " ")
	for _, label := range []string{"title", "description", "licenses", "version", "revision"} {
		require.Regexp(t, `org\.opencontainers\.image\.`+label+`="[^"]+"`, labels)
	}
	licence, err := os.ReadFile("../../LICENSE")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(licence), "MIT License"), "as the label says")

	last := all(build, "RUN")[len(all(build, "RUN"))-1]
	require.Contains(t, last, "CGO_ENABLED=0 go build ")
	for _, flag := range buildFlags {
		name, value, _ := strings.Cut(flag, "=")
		require.Contains(t, strings.ReplaceAll(last, `"`, ""), name, "the image is built as the check of reproducible builds builds")
		require.Contains(t, strings.ReplaceAll(last, `"`, ""), value)
	}
	ignored, err := os.ReadFile("../../.dockerignore")
	require.NoError(t, err)
	require.Contains(t, strings.Split(string(ignored), "\n"), ".git")
}

func TestComposeRunsHostsWithoutAFileSystemToWrite(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../compose.yaml")
	require.NoError(t, err)
	var compose struct {
		Services map[string]struct {
			Image       string   `yaml:"image"`
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			SecurityOpt []string `yaml:"security_opt"`
			Privileged  bool     `yaml:"privileged"`
			User        string   `yaml:"user"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(text, &compose))
	hosts := 0
	for name, service := range compose.Services {
		if service.Image != "shipments" {
			continue
		}
		hosts++
		require.True(t, service.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, service.CapDrop, name)
		require.Equal(t, []string{"no-new-privileges:true"}, service.SecurityOpt, name)
		require.False(t, service.Privileged, name)
		require.Empty(t, service.User, "%s: the image has one", name)
	}
	require.GreaterOrEqual(t, hosts, 7)
}
