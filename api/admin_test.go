package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/api"
)

func TestAdminReadiness(t *testing.T) {
	t.Parallel()
	readiness := api.Readiness{Ready: true, Checks: map[string]string{"nats": "ok"}, Warnings: []string{"no search attributes"}}
	handler := api.Admin(api.AdminConfig{
		Readiness: func() api.Readiness { return readiness },
		About:     api.About{Version: "v1", Hosts: []string{"consumer"}},
	})
	get := func(path string) (status int, members map[string]any) {
		reply := httptest.NewRecorder()
		handler.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, path, nil))
		require.NoError(t, json.Unmarshal(reply.Body.Bytes(), &members))
		return reply.Code, members
	}
	status, members := get("/readyz")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]any{
		"status": "ready", "checks": map[string]any{"nats": "ok"}, "warnings": []any{"no search attributes"},
		"version": "v1", "hosts": []any{"consumer"},
	}, members)

	readiness = api.Readiness{Why: "temporal: no answer", Checks: map[string]string{"nats": "ok", "temporal": "no answer"}}
	status, members = get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "temporal: no answer", members["detail"])
	require.Equal(t, map[string]any{"nats": "ok", "temporal": "no answer"}, members["checks"])
	require.Equal(t, "v1", members["version"])
	status, _ = get("/healthz")
	require.Equal(t, http.StatusOK, status, "alive, whatever is missing")
}

func TestAdminProfilesAreOffByDefault(t *testing.T) {
	t.Parallel()
	for on, want := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		handler := api.Admin(api.AdminConfig{Pprof: on})
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
			reply := httptest.NewRecorder()
			handler.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, path, nil))
			require.Equal(t, want, reply.Code, path)
		}
	}
}
