package main

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers/conformance"
)

func TestCarrierKeepsEveryRule(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newCarrier("secret"))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	findings, err := conformance.Check(t.Context(), base, conformance.Options{Token: "secret"})
	require.NoError(t, err)
	require.NotEmpty(t, findings)
	for _, f := range findings {
		t.Run(f.Rule, func(t *testing.T) { require.Equal(t, conformance.Passed, f.Result, f.Seen) })
	}
}
