package payloads_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"shipments/api/auth"
	"shipments/hosts/payloads"
)

const origin = "https://temporal.test"

func TestServerDecryptsForTheTemporalUI(t *testing.T) {
	t.Parallel()
	operator, operatorLine, err := auth.NewToken("ada", []auth.Scope{auth.ScopeOperate}, time.Time{})
	require.NoError(t, err)
	reader, readerLine, err := auth.NewToken("bob", []auth.Scope{auth.ScopeRead}, time.Time{})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	require.NoError(t, os.WriteFile(file, []byte("tokens:\n"+operatorLine+readerLine), 0o600))
	tokens, err := auth.LoadTokens(file)
	require.NoError(t, err)
	ring, _ := load(t, line(t, "a"))
	var log bytes.Buffer
	server := httptest.NewServer(payloads.NewServer(payloads.ServerConfig{Ring: ring, Origin: origin, Authenticator: tokens, Log: zerolog.New(&log)}))
	t.Cleanup(server.Close)
	c := payloads.NewConverters(ring)
	encrypted, err := c.Data.ToPayloads(ada)
	require.NoError(t, err)
	plain, err := converter.GetDefaultDataConverter().ToPayload("in the clear")
	require.NoError(t, err)
	encrypted.Payloads = append(encrypted.GetPayloads(), plain)
	body, err := protojson.Marshal(encrypted)
	require.NoError(t, err)

	ask := func(t *testing.T, method, path, token string, header ...string) (*http.Response, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Namespace", "default")
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response, string(text)
	}
	t.Run("for an operator", func(t *testing.T) {
		response, text := ask(t, http.MethodPost, "/decode", operator, "Origin", origin)
		require.Equal(t, http.StatusOK, response.StatusCode, text)
		require.Equal(t, origin, response.Header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
		var decoded commonpb.Payloads
		require.NoError(t, protojson.Unmarshal([]byte(text), &decoded))
		require.Len(t, decoded.GetPayloads(), 2)
		require.Contains(t, string(decoded.GetPayloads()[0].GetData()), "Ada Thompson")
		require.Contains(t, string(decoded.GetPayloads()[1].GetData()), "in the clear")
		require.Contains(t, log.String(), `"principal":"ada","namespace":"default"`)
		require.NotContains(t, log.String(), "Thompson")
	})
	t.Run("for a program without an origin", func(t *testing.T) {
		response, _ := ask(t, http.MethodPost, "/decode", operator)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
	})
	t.Run("after a preflight without a token", func(t *testing.T) {
		response, _ := ask(t, http.MethodOptions, "/decode", "", "Origin", origin, "Access-Control-Request-Method", http.MethodPost)
		require.Equal(t, http.StatusNoContent, response.StatusCode)
		require.Contains(t, response.Header.Get("Access-Control-Allow-Headers"), "X-Namespace")
	})
	for name, c := range map[string]struct {
		method, path, token string
		header              []string
		status              int
	}{
		"without a token":              {http.MethodPost, "/decode", "", nil, http.StatusUnauthorized},
		"with a wrong token":           {http.MethodPost, "/decode", "shipments_x", nil, http.StatusUnauthorized},
		"without the scope":            {http.MethodPost, "/decode", reader, nil, http.StatusForbidden},
		"for a page of another site":   {http.MethodPost, "/decode", operator, []string{"Origin", "https://elsewhere.test"}, http.StatusForbidden},
		"for another site's preflight": {http.MethodOptions, "/decode", "", []string{"Origin", "https://elsewhere.test"}, http.StatusForbidden},
		"to encrypt":                   {http.MethodPost, "/encode", operator, nil, http.StatusNotFound},
		"by GET":                       {http.MethodGet, "/decode", operator, nil, http.StatusMethodNotAllowed},
	} {
		t.Run("not "+name, func(t *testing.T) {
			response, text := ask(t, c.method, c.path, c.token, c.header...)
			require.Equal(t, c.status, response.StatusCode)
			require.NotContains(t, text, "Thompson")
			if c.status == http.StatusForbidden && len(c.header) > 0 {
				require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
			}
		})
	}
}
