package auth

import (
	"context"
	"errors"
	"slices"
)

// Scope is a right.
type Scope string

// The scopes. None of them contains another one.
const (
	// ScopeWrite: publish shipments, and requests for them.
	ScopeWrite Scope = "shipments:write"
	// ScopeRead: read the status of shipments and their events.
	ScopeRead Scope = "shipments:read"
	// ScopeDocuments: read documents, and make links to them.
	ScopeDocuments Scope = "documents:read"
	// ScopeOperate: read and replay rejections, and all that is for operators.
	ScopeOperate Scope = "operate"
)

// Scopes are all scopes.
func Scopes() []Scope { return []Scope{ScopeWrite, ScopeRead, ScopeDocuments, ScopeOperate} }

// Principal is who asks.
type Principal struct {
	// Name is empty for somebody unknown.
	Name   string
	Scopes []Scope
}

// May reports whether the principal has a scope.
func (p Principal) May(scope Scope) bool { return slices.Contains(p.Scopes, scope) }

var (
	// ErrRefused is returned for a token that is not good for anything, or no longer.
	ErrRefused = errors.New("the token is not valid")
	// ErrUnavailable is returned when it cannot be known whether a token is good.
	ErrUnavailable = errors.New("tokens cannot be verified at the moment")
)

// Authenticator finds out who a bearer token belongs to. The error wraps
// [ErrRefused] or [ErrUnavailable], and does not show the token.
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (Principal, error)
}

// Any tries authenticators one after the other.
type Any []Authenticator

// Authenticate returns the principal of the first one that has one.
func (a Any) Authenticate(ctx context.Context, token string) (Principal, error) {
	err := ErrRefused
	for _, one := range a {
		principal, failed := one.Authenticate(ctx, token)
		if failed == nil {
			return principal, nil
		}
		if errors.Is(failed, ErrUnavailable) || !errors.Is(err, ErrUnavailable) {
			err = failed
		}
	}
	return Principal{}, err
}

// key is the key of the principal in a context.
type key struct{}

// Of returns who a request comes from. The name is empty where nobody is asked.
func Of(ctx context.Context) Principal {
	p, _ := ctx.Value(key{}).(Principal)
	return p
}
