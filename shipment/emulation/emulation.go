package emulation

import "strings"

// ID is a shipment id that drives the demo behaviour.
type ID string

// Route is what the first character of an id decides.
type Route string

// The routes. Any other first character means International.
const (
	Domestic      Route = "1"
	Paperless     Route = "2"
	International Route = "c"
)

// Ending is what the last character of an id decides.
type Ending string

// The endings. Any other last character means Succeeds.
const (
	Succeeds                Ending = "0"
	DeclinesManifestation   Ending = "1"
	DeclinesCollection      Ending = "2"
	DeclinesFirstCollection Ending = "3"
)

// NewID makes an id that takes a route and has an ending. The name in between
// tells shipments apart; it has letters, digits, '-' and '_' alone.
func NewID(route Route, name string, ending Ending) string {
	return string(route) + name + string(ending)
}

// Route is the category that the id asks for.
func (id ID) Route() Route {
	for _, route := range []Route{Domestic, Paperless} {
		if strings.HasPrefix(string(id), string(route)) {
			return route
		}
	}
	return International
}

// Ending is what the carriers decline for the shipment.
func (id ID) Ending() Ending {
	for _, ending := range []Ending{DeclinesManifestation, DeclinesCollection, DeclinesFirstCollection} {
		if strings.HasSuffix(string(id), string(ending)) {
			return ending
		}
	}
	return Succeeds
}
