package hosts

import "fmt"

// ConfigError says which environment variables have wrong values, one line for
// each. Nothing was dialled or listened on.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// UnusableError says that a server cannot be used as it is configured, or as
// this program is, and that waiting does not change that.
type UnusableError struct{ Finding }

// Finding is why a server cannot be used.
type Finding struct {
	// Variable is the environment variable that leads to the server, or that it
	// cannot meet.
	Variable string
	// Found is what is wrong.
	Found string
	// Remedy is what an operator does about it.
	Remedy string
	// Err is the error behind it, if any.
	Err error
}

func (e *UnusableError) Error() string { return e.String() }
func (e *UnusableError) Unwrap() error { return e.Err }

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Variable, f.Found, f.Remedy) }
