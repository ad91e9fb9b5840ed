package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/activities/carriers/conformance"
)

func TestCarrierCheck(t *testing.T) {
	right := httptest.NewServer(carriers.NewServer(carriers.Simulator{}, "secret", carriers.Chaos{}))
	t.Cleanup(right.Close)
	wrong := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(wrong.Close)
	t.Run("passes the simulator", func(t *testing.T) {
		out, err := shipments(t, "carrier", "check", right.URL, "--token", "secret")
		require.NoError(t, err)
		require.Regexp(t, `(?m)^RULE +RESULT +SEEN +RIGHT$`, out)
		require.Regexp(t, `(?m)^lost reply +ok +the lost call had `, out)
		require.NotContains(t, out, "failed")
	})
	t.Run("fails another service", func(t *testing.T) {
		out, err := shipments(t, "carrier", "check", wrong.URL, "--token", "secret", "--json")
		require.ErrorContains(t, err, "rules failed")
		var findings []conformance.Finding
		require.NoError(t, json.Unmarshal([]byte(out), &findings))
		require.Equal(t, "manifest", findings[0].Rule)
		require.Equal(t, conformance.Failed, findings[0].Result)
		require.Contains(t, findings[0].Seen, "404")
		require.Contains(t, findings[0].Right, "tracking number")
	})
	t.Run("needs a URL", func(t *testing.T) {
		_, err := shipments(t, "carrier", "check")
		require.ErrorContains(t, err, "needs the base URL")
		_, err = shipments(t, "carrier", "check", "localhost:1")
		require.ErrorContains(t, err, "is not an http(s) URL")
		_, err = shipments(t, "carrier")
		require.ErrorContains(t, err, "check")
	})
}

func TestCarrierSimulatorChecksItsFlags(t *testing.T) {
	_, err := shipments(t, "carrier-simulator", "--labels", "gif")
	require.ErrorContains(t, err, "use pdf, png or zpl")
}
