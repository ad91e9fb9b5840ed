// Package auth decides who may ask what of the HTTP API: by static tokens, by JWTs
// of an identity provider, or by signed links to documents.
//
//   - auth.go: principals, scopes and authenticators
//   - tokens.go: static tokens, from a file
//   - jwt.go: JWTs, by a JWK set
//   - routes.go: the scope that each route needs
//   - guard.go: the handler in front of the routes
//   - cors.go: scripts of other origins
//   - session.go: the login of browsers
//   - links.go: signed links
//   - limit.go: the rate of each principal
package auth
