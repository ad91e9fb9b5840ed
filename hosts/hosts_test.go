package hosts_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"shipments/hosts"
	"shipments/workflows"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	t.Run("there is one for each worker, the consumer and the API", func(t *testing.T) {
		t.Parallel()
		var names []string
		for _, w := range workflows.Workers() {
			names = append(names, w.Host)
		}
		require.Equal(t, append(append([]string{"consumer"}, names...), "api"), hosts.Names())
	})
	t.Run("each is a service in compose", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile(filepath.Join("..", "compose.yaml"))
		require.NoError(t, err)
		var compose struct {
			Services map[string]struct {
				Command []string `yaml:"command"`
				Image   string   `yaml:"image"`
			} `yaml:"services"`
		}
		require.NoError(t, yaml.Unmarshal(text, &compose))
		for _, name := range hosts.Names() {
			require.Equal(t, []string{"run", name}, compose.Services[name].Command)
			require.Equal(t, "shipments", compose.Services[name].Image)
		}
		ours := 0
		for _, service := range compose.Services {
			if service.Image == "shipments" {
				ours++
			}
		}
		require.Equal(t, len(hosts.Names()), ours)
	})
}

// variables are the names of the variables that the configuration has.
func variables(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[hosts.Config]()) {
		if name := field.Tag.Get("envconfig"); name != "" {
			names = append(names, name)
		}
	}
	require.NotEmpty(t, names)
	return names
}

func TestDocsOfHosts(t *testing.T) {
	t.Parallel()
	lists := func(t *testing.T, document, what string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("..", "docs", document))
		require.NoError(t, err)
		if !strings.Contains(string(text), what) {
			t.Errorf("docs/%s does not list %s", document, what)
		}
	}
	t.Run("list every host", func(t *testing.T) {
		t.Parallel()
		for _, h := range hosts.All() {
			lists(t, "architecture.md", "| `"+h.Name+"` |")
			lists(t, "architecture.md", h.Queue)
		}
	})
	t.Run("list every variable", func(t *testing.T) {
		t.Parallel()
		for _, name := range variables(t) {
			lists(t, "configuration.md", "| `"+name+"` |")
		}
	})
	t.Run("list every reason", func(t *testing.T) {
		t.Parallel()
		for _, file := range []string{"../events/reasons.go", "../shipment/rules.go"} {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			codes := 0
			for line := range strings.SplitSeq(string(source), "\n") {
				name, value, found := strings.Cut(strings.TrimSpace(line), "= \"")
				if found && strings.HasPrefix(name, "Code") {
					lists(t, "events.md", "`"+strings.TrimSuffix(value, `"`)+"`")
					codes++
				}
			}
			require.Positive(t, codes, "there are no codes in %s", file)
		}
	})
}
