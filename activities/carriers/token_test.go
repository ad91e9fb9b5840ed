package carriers_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
)

func TestTokenOfACarrierMayBeInAFile(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	table, err := loadTable(t, strings.Replace(twoCarriers, "https://one.example/api", server.URL, 1))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "token")
	t.Setenv("TOKEN_OF_ONE_FILE", file)
	_, err = table.Integrations(false)
	require.ErrorContains(t, err, "TOKEN_OF_ONE_FILE")

	require.NoError(t, os.WriteFile(file, []byte("first\n"), 0o600))
	clients, err := table.Integrations(false)
	require.NoError(t, err)
	require.NoError(t, carriers.Probe(t.Context(), clients["one"]))
	require.Equal(t, "Bearer first", got)
	require.NoError(t, os.WriteFile(file, []byte("second"), 0o600))
	require.NoError(t, carriers.Probe(t.Context(), clients["one"]))
	require.Equal(t, "Bearer second", got, "it is read with each request")
	require.NoError(t, os.Remove(file))
	err = carriers.Probe(t.Context(), clients["one"])
	require.ErrorContains(t, err, "read the file with the carrier's token")
	require.ErrorIs(t, carriers.Probe(t.Context(), clients["two"]), carriers.ErrNoProbe)

	t.Setenv("TOKEN_OF_ONE", "s3cr3t")
	_, err = table.Integrations(false)
	require.ErrorContains(t, err, "TOKEN_OF_ONE, TOKEN_OF_ONE_FILE: are both set")
	require.NotContains(t, err.Error(), "s3cr3t")
}
