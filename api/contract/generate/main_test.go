package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGenerateHasBeenRun(t *testing.T) {
	t.Parallel()
	for name := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := document(name)
			require.NoError(t, err)
			committed, err := os.ReadFile(filepath.Join("..", name))
			require.NoError(t, err)
			require.True(t, string(made) == string(committed), "%s is not what the tables of the code make: run \"go generate ./api/contract\"", name) //nolint:testifylint // Equal would print both
		})
	}
}
