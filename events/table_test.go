package events_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/events"
)

func TestTableRowsAreComplete(t *testing.T) {
	t.Parallel()
	for _, row := range events.Table() {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, row.Says)
			require.NotNil(t, row.Data)
			require.Equal(t, map[events.Kind]string{
				events.KindInput: events.StreamShipments, events.KindOutcome: events.StreamEvents, events.KindRejection: events.StreamRejections,
			}[row.Kind], row.Stream)
			require.Equal(t, row.Request, events.IsRequest(row.Name))
			found, known := events.Lookup(row.Name)
			require.True(t, known)
			require.Equal(t, row, found)
			eventType, rest := events.SplitSubject(row.Name)
			require.Equal(t, row.Name, eventType, "a type is two tokens of a subject")
			require.Empty(t, rest)
			ids := ".*"
			if row.Kind == events.KindInput {
				require.Contains(t, events.StreamSubjects(row.Stream), row.Name)
				ids = ".>" // What has other tokens is rejected, not lost.
			}
			require.Contains(t, events.StreamSubjects(row.Stream), row.Name+ids)
		})
	}
	_, known := events.Lookup("shipments.unheard-of")
	require.False(t, known)
}

func TestTableHasTheStory(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		events.TypeAccepted, events.TypeManifested, events.TypeDocumentsGenerated, events.TypeCollectionBooked, events.TypeCompleted,
	}, events.Story())
	for i, name := range events.Story() {
		row, _ := events.Lookup(name)
		require.Equal(t, i+1, row.Position)
		require.Equal(t, name == events.TypeCompleted, row.Ends)
	}
}

// Each type has a schema and each schema a type.
func TestTableAndSchemasHaveTheSameTypes(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(events.Schemas(), "*.json")
	require.NoError(t, err)
	want := []string{"definitions.json"}
	for _, name := range events.Types() {
		want = append(want, events.SchemaName(name))
	}
	require.ElementsMatch(t, want, files)
}

// What the schema names is in the Go type, and what the Go type always writes is
// in the schema.
func TestTableAndSchemasHaveTheSameMembers(t *testing.T) {
	t.Parallel()
	for _, row := range events.Table() {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			content, err := fs.ReadFile(events.Schemas(), events.SchemaName(row.Name))
			require.NoError(t, err)
			var schema struct {
				Title      string         `json:"title"`
				Properties map[string]any `json:"properties"`
				Required   []string       `json:"required"`
			}
			require.NoError(t, json.Unmarshal(content, &schema))
			require.Equal(t, row.Name, schema.Title)
			always, sometimes := members(reflect.TypeOf(row.Data))
			for name := range schema.Properties {
				require.Contains(t, append(always, sometimes...), name)
			}
			for _, name := range always {
				require.Contains(t, schema.Properties, name)
			}
			for _, name := range schema.Required {
				require.Contains(t, schema.Properties, name)
			}
		})
	}
}

// members are the names of a struct's members in JSON: those that are always
// written, and those that may be left out.
func members(of reflect.Type) (always, sometimes []string) {
	for i := range of.NumField() {
		name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if strings.Contains(options, "omitempty") {
			sometimes = append(sometimes, name)
		} else {
			always = append(always, name)
		}
	}
	return always, sometimes
}

func TestTableIsDocumented(t *testing.T) {
	t.Parallel()
	var want [][]string
	for _, row := range events.Table() {
		want = append(want, []string{"`" + row.Name + "`", "`" + row.Stream + "`", row.Says})
	}
	for _, file := range []string{"README.md", "docs/events.md"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join("..", file))
			require.NoError(t, err)
			var got [][]string
			for _, cells := range tableOf(string(content), "event") {
				got = append(got, cells[:3])
			}
			require.Equal(t, want, got, "the table of events: event, stream, meaning")
		})
	}
}

// tableOf returns the rows of the first Markdown table whose first column has a
// name.
func tableOf(text, column string) (rows [][]string) {
	_, table, found := strings.Cut(text, "\n| "+column+" |")
	if !found {
		return nil
	}
	lines := strings.Split(table, "\n")[2:] // Without its head and the line below.
	end := slices.IndexFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "|") })
	for _, line := range lines[:max(end, 0)] {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}
