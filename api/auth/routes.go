package auth

import "strings"

// public are the routes that everybody may use: whether the host is well, what
// describes the API, and the login.
var public = map[string]bool{
	"GET /healthz": true, "GET /readyz": true, "GET /schemas/{$}": true, "GET /schemas/{name}": true,
	"GET /openapi.json": true, "GET /asyncapi.json": true, "GET /docs": true, "GET /favicon.ico": true,
	"GET /session": true, "POST /session": true, "DELETE /session": true, "POST /session/end": true,
}

// scopes are those of the other routes, by the pattern that they are registered
// with. A route that is not in this table needs [ScopeOperate].
var scopes = map[string]Scope{
	"POST /{shipmentId}":                        ScopeWrite,
	"POST /shipments":                           ScopeWrite,
	"GET /rejections":                           ScopeOperate,
	"POST /rejections/{sequence}/replay":        ScopeOperate,
	"POST /shipments/{shipmentId}/cancellation": ScopeWrite,
	"POST /shipments/{shipmentId}/rebooking":    ScopeWrite,
	"GET /{shipmentId}":                         ScopeRead,
	"GET /{$}":                                  ScopeRead,
	"GET /live":                                 ScopeRead,
	"POST /actions/{action}":                    ScopeOperate,
	"GET /shipments":                            ScopeRead,
	"GET /shipments/{shipmentId}":               ScopeRead,
	"GET /shipments/{shipmentId}/events":        ScopeRead,
	"GET /shipment-documents/{name}":            ScopeDocuments,
	"POST /shipment-documents/{name}/links":     ScopeDocuments,
}

// documentRoute is the route that signed links lead to.
const documentRoute = "GET /shipment-documents/{name}"

// ScopeOf returns the scope that a route needs, by its pattern; none if it is public.
// Of files below /assets/ there are none but those of the page.
func ScopeOf(pattern string) (scope Scope, open bool) {
	if public[pattern] || strings.HasPrefix(pattern, "GET /assets/") {
		return "", true
	}
	if scope, known := scopes[pattern]; known {
		return scope, false
	}
	return ScopeOperate, false
}

// Knows reports whether a route, by its pattern, has a scope of its own or is public.
func Knows(pattern string) bool {
	_, known := scopes[pattern]
	_, open := ScopeOf(pattern)
	return known || open
}
