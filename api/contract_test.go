package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/api/auth"
	"shipments/api/contract/contracttest"
	"shipments/events"
	"shipments/shipment/sample"
)

func TestMain(m *testing.M) { os.Exit(contracttest.Main(m)) }

func TestContractHasEveryRoute(t *testing.T) {
	t.Parallel()
	_, config := configure(t)
	config.UI = api.UIOperate
	routes, documented := api.Routes(config), contracttest.Patterns()
	for _, pattern := range routes {
		require.Contains(t, documented, pattern, "openapi.yaml lacks this route: describe it in api/contract/generate/openapi.yaml, and run \"go generate ./api/contract\"")
	}
	for _, pattern := range documented {
		require.Contains(t, routes, pattern, "the API lacks this route: take it out of api/contract/generate/openapi.yaml, and run \"go generate ./api/contract\"")
	}
}

// wildcards are values for the wildcards of patterns.
var wildcards = strings.NewReplacer("{shipmentId}", "1a", "{name}", "abc_labels", "{sequence}", "1", "{action}", "cancel", "{$}", "")

// requestFor makes a request for a route that nothing is wrong with, as far as that can be
// known without its parameters.
func requestFor(pattern string) (method, path, contentType, body string) {
	method, path, _ = strings.Cut(pattern, " ")
	switch path = wildcards.Replace(path); {
	case method != http.MethodPost:
	case strings.HasSuffix(path, "/cancellation"):
		return method, path, "application/json", `{"reason":"no longer wanted"}`
	case strings.HasSuffix(path, "/rebooking"):
		return method, path, "application/json", `{"collectionDate":"2030-01-16"}`
	case strings.HasPrefix(path, "/actions/"):
		return method, path, "application/x-www-form-urlencoded", "shipment=1a&reason=no+longer+wanted"
	case strings.HasPrefix(path, "/session"):
		return method, path, "application/x-www-form-urlencoded", "token=x"
	}
	return method, path, "", ""
}

// authenticator finds out who asks by a function.
type authenticator func() (auth.Principal, error)

func (a authenticator) Authenticate(context.Context, string) (auth.Principal, error) { return a() }

// TestContractOfTheGuard asks every route for every reply of the guard in front of it.
func TestContractOfTheGuard(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		access auth.Config
		status int
		header []string
	}{
		"no token":           {auth.Config{Authenticator: authenticator(func() (auth.Principal, error) { return auth.Principal{}, auth.ErrRefused })}, 401, nil},
		"no scope":           {auth.Config{Authenticator: authenticator(func() (auth.Principal, error) { return auth.Principal{Name: "x"}, nil })}, 403, []string{"Authorization", "Bearer x"}},
		"another site":       {auth.Config{}, 403, []string{"Sec-Fetch-Site", "cross-site"}},
		"too many":           {auth.Config{RequestsPerSecond: 0.0001, Authenticator: authenticator(func() (auth.Principal, error) { return auth.Principal{Name: "x"}, nil })}, 429, []string{"Authorization", "Bearer x"}},
		"no one can tell it": {auth.Config{Authenticator: authenticator(func() (auth.Principal, error) { return auth.Principal{}, auth.ErrUnavailable })}, 503, []string{"Authorization", "Bearer x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *api.Config) { c.Access, c.UI = test.access, api.UIOperate })
			if test.access.RequestsPerSecond > 0 {
				b.do(t, http.MethodGet, "/1a", "", "", test.header...)
			}
			for _, pattern := range contracttest.Patterns() {
				_, open := auth.ScopeOf(pattern)
				guarded := !open
				if name == "another site" {
					guarded = strings.HasPrefix(pattern, "POST ")
				}
				if guarded {
					method, path, contentType, body := requestFor(pattern)
					require.Equal(t, test.status, b.do(t, method, path, contentType, body, test.header...).StatusCode, pattern)
				}
			}
		})
	}
}

func TestContractOfPagesThatAreOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, pattern := range []string{"GET /{$}", "GET /live", "GET /assets/{name}", "POST /actions/{action}"} {
		method, path, contentType, body := requestFor(pattern)
		require.Equal(t, http.StatusNotFound, b.do(t, method, path, contentType, body).StatusCode, pattern)
	}
}

// TestContractWithoutJetStream asks every route that reads or writes.
func TestContractWithoutJetStream(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.UI = api.UIOperate })
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/1a", "", "").StatusCode)
	for _, stream := range []string{events.StreamShipments, events.StreamEvents, events.StreamRejections, "OBJ_shipment-documents"} {
		require.NoError(t, b.JS.DeleteStream(t.Context(), stream))
	}
	data, err := json.Marshal(sample.Shipment("c1x", time.Now()))
	require.NoError(t, err)
	for _, pattern := range []string{
		"GET /shipments/{shipmentId}", "GET /{shipmentId}", "GET /shipments/{shipmentId}/events", "GET /rejections", "GET /shipment-documents/{name}",
		"POST /shipments/{shipmentId}/cancellation", "POST /shipments/{shipmentId}/rebooking", "POST /rejections/{sequence}/replay",
		"POST /actions/{action}", "POST /{shipmentId}", "POST /shipments", "GET /shipments",
	} {
		method, path, contentType, body := requestFor(pattern)
		if pattern == "POST /shipments" {
			contentType, body = "application/json", string(data)
		}
		require.Equal(t, http.StatusServiceUnavailable, b.do(t, method, path, contentType, body).StatusCode, pattern)
	}
}

// TestContractHasEveryHeaderAndStatus compares openapi.yaml with the source of the routes.
func TestContractHasEveryHeaderAndStatus(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("contract/openapi.yaml")
	require.NoError(t, err)
	has := func(pattern string) bool { return regexp.MustCompile(`(?im)` + pattern).Match(document) }
	found := 0
	for _, expression := range []struct{ code, documented string }{
		{`\.(?:Set|Add|Get)\("([A-Z][A-Za-z-]+)"`, `^ +(?:- )?(?:name: )?%s(?::|$)`},
		{`Header\(\)\.(?:Set|Add)\("([A-Z][A-Za-z-]+)"`, `^ +%s:`},
		{`Query\(\)\.Get\("([a-zA-Z]+)"\)`, `^ +(?:- )?name: %s$`},
		{`PostForm\.Get\("([a-zA-Z]+)"\)`, `^ +%s:`},
		{`query\["([a-z]+)"\]`, `^ +(?:- )?name: %s$`},
	} {
		for _, file := range sources(t) {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range regexp.MustCompile(expression.code).FindAllStringSubmatch(string(source), -1) {
				if slices.Contains(undocumentedHeaders, match[1]) {
					continue
				}
				require.True(t, has(strings.ReplaceAll(expression.documented, "%s", regexp.QuoteMeta(match[1]))),
					"%s uses %s, which openapi.yaml does not have: describe it in api/contract/generate/openapi.yaml, and run \"go generate ./api/contract\"", file, match[1])
				found++
			}
		}
	}
	require.Greater(t, found, 30)
}

// undocumentedHeaders are those that OpenAPI has a place of its own for.
var undocumentedHeaders = []string{"Content-Type", "Accept", "Authorization"}

// sources are the files of the routes, without tests.
func sources(t *testing.T) (files []string) {
	t.Helper()
	for _, folder := range []string{".", "auth"} {
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, entry := range entries {
			if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != "admin.go" {
				files = append(files, folder+"/"+name)
			}
		}
	}
	return files
}
