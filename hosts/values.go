package hosts

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
)

// Where a value may come from.
const (
	sourceDefault = "default"
	sourceEnv     = "environment"
	sourceContext = "NATS_CONTEXT"
	sourceProfile = "TEMPORAL_PROFILE"
	sourceDerived = "derived"
	sourceFile    = "file"
)

// masked is shown in place of a secret.
const masked = "********"

// Value is a value of the configuration for people: no secret is in it.
type Value struct {
	Variable string `json:"variable"`
	// Value is the value as text, a secret masked; empty if nothing is set.
	Value   string `json:"value"`
	Default string `json:"default,omitempty"`
	// Source is default, environment, derived, file, or where else it comes from.
	Source string `json:"source"`
	// Secret says that the value is masked.
	Secret bool `json:"secret,omitempty"`
	// Risk is what is risky about it; empty if nothing is.
	Risk string `json:"risk,omitempty"`
}

// Values returns all values of a configuration that [LoadConfig] has read, in the order
// of the documentation, and the tokens of the carriers of its table. It works for a
// configuration that is not valid too.
func (c *Config) Values() []Value {
	risks := c.risks()
	var values []Value
	v := reflect.ValueOf(c).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		name := field.Tag.Get("envconfig")
		if name == "" || field.Anonymous {
			continue
		}
		value := Value{Variable: name, Value: text(v.FieldByIndex(field.Index)), Default: field.Tag.Get("default"), Risk: risks[name]}
		value.Source = c.source(name, value)
		switch {
		case value.Value == "":
		case field.Tag.Get("secret") != "", name == "NATS_USER" && !c.hasNATSPassword(): // A user without a password is a token.
			value.Value, value.Secret = masked, true
		case strings.HasSuffix(name, "_DATA"):
			value.Value = fmt.Sprintf("%d bytes", len(value.Value))
		default:
			value.Value = withoutSecrets(value.Value)
		}
		values = append(values, value)
	}
	values = append(values, c.metadataValues()...)
	return append(values, c.tokenValues(risks)...)
}

// text is the value of a field as it is set.
func text(v reflect.Value) string {
	if v.IsZero() && v.Kind() == reflect.String {
		return ""
	}
	return fmt.Sprint(v.Interface())
}

// source says where a value comes from.
func (c *Config) source(name string, v Value) string {
	inEnvironment := slices.ContainsFunc(c.environment, func(variable string) bool { return strings.HasPrefix(variable, name+"=") })
	switch {
	case inEnvironment && (v.Value != "" || v.Default == ""):
		return sourceEnv
	case v.Value == "" || sameValue(v.Value, v.Default):
		return sourceDefault
	case strings.HasPrefix(name, "NATS_"):
		return sourceContext + " " + c.NATSContext
	case strings.HasPrefix(name, "TEMPORAL_"):
		return strings.TrimSpace(sourceProfile + " " + cmp.Or(c.TemporalProfile, "default"))
	}
	return sourceDerived
}

// sameValue reports whether a value is the default, which may be written in another way:
// 24h is 24h0m0s.
func sameValue(value, byDefault string) bool {
	trimmed := func(s string) string {
		if s, found := strings.CutSuffix(s, "h0m0s"); found {
			return s + "h"
		}
		return s
	}
	return trimmed(value) == trimmed(byDefault)
}

// withoutSecrets masks the passwords in URLs, of which a value may be a list.
func withoutSecrets(value string) string {
	if !strings.Contains(value, "@") {
		return value
	}
	parts := strings.Split(value, ",")
	for i, part := range parts {
		trimmed := strings.TrimSpace(part)
		at := strings.LastIndex(trimmed, "@")
		if at < 0 {
			continue
		}
		scheme, rest, found := strings.Cut(trimmed, "://")
		if !found {
			scheme, rest = "", trimmed
		} else {
			scheme += "://"
		}
		user, host := rest[:strings.LastIndex(rest, "@")], rest[strings.LastIndex(rest, "@")+1:]
		name, _, hasPassword := strings.Cut(user, ":")
		if !hasPassword { // A user without a password is a token.
			name = masked
		} else {
			name += ":" + masked
		}
		parts[i] = scheme + name + "@" + host
	}
	return strings.Join(parts, ",")
}

// hasSecret reports whether a list of URLs has a user, with a password or as a token.
func hasSecret(list string) bool { return strings.Contains(list, "@") }

// metadataValues are the headers of requests to Temporal, which may well be secrets.
func (c *Config) metadataValues() []Value {
	var values []Value
	for _, variable := range c.environment {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TEMPORAL_GRPC_META_") && value != "" {
			values = append(values, Value{Variable: name, Value: masked, Source: sourceEnv, Secret: true})
		}
	}
	return values
}

// tokenValues are the tokens of the carriers.
func (c *Config) tokenValues(risks map[string]string) []Value {
	var values []Value
	for _, entry := range c.carriers.Carriers {
		if entry.TokenVariable == "" {
			continue
		}
		v := Value{Variable: entry.TokenVariable, Source: sourceDefault, Secret: true, Risk: risks[entry.TokenVariable]}
		switch file := os.Getenv(entry.TokenFileVariable()); {
		case os.Getenv(entry.TokenVariable) != "":
			v.Value, v.Source = masked, sourceEnv
		case file != "":
			v.Value, v.Source = masked, sourceFile+" "+file
		}
		values = append(values, v)
	}
	return values
}
