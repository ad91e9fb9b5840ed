package hosts

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Warning is about an environment variable that is set and not used.
type Warning struct {
	Variable string
	// Text says why it is not used and what to do, in a sentence that begins with
	// the variable.
	Text string
}

// UnknownVariables warns of the variables that look like configuration of this
// program, by their prefix, and are not: a misspelt name would otherwise be
// silently ignored. What other programs set or read is left out.
func (c *Config) UnknownVariables() []Warning {
	var known []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if name := field.Tag.Get("envconfig"); name != "" {
			known = append(known, name)
		}
	}
	read := slices.Concat(known, failpointVariables())
	for _, entry := range c.carriers.Carriers {
		read = append(read, entry.TokenVariable, entry.TokenFileVariable())
	}
	var warnings []Warning
	for _, variable := range c.environment {
		name, value, _ := strings.Cut(variable, "=")
		if !ourPrefix.MatchString(name) || slices.Contains(read, name) || isForeign(name, value) {
			continue
		}
		text := name + " is unknown and has no effect"
		if successor := replaced[name]; successor != "" {
			text += ": use " + successor
		} else if nearest := Nearest(name, known); nearest != "" {
			text += ": did you mean " + nearest + "?"
		} else {
			text += ": `shipments run --help` lists the variables"
		}
		warnings = append(warnings, Warning{name, text})
	}
	return warnings
}

// Warnings are about the variables that are set and have no effect, known or not.
func (c *Config) Warnings() []Warning { return slices.Concat(c.UnknownVariables(), c.ineffective()) }

// replaced are names that variables had before, with those that took their place.
var replaced = map[string]string{"SHIPMENTS_HEALTH_ADDR": "SHIPMENTS_ADMIN_ADDR"}

var ourPrefix = regexp.MustCompile(`^(SHIPMENTS|NATS|TEMPORAL)_`)

// isForeign reports whether a variable with one of our prefixes is another
// program's.
func isForeign(name, value string) bool {
	switch {
	case serviceVariable.MatchString(name), toolVariable.MatchString(name):
		return true
	case strings.HasSuffix(name, "_PORT"): // of a service or a link
		return strings.Contains(value, "://")
	case strings.HasSuffix(name, "_NAME"): // of a link
		return strings.HasPrefix(value, "/")
	}
	return false
}

var (
	// serviceVariable matches what Kubernetes sets for a service, and Docker for a
	// link, whose name is ours or begins with it: shipments, nats, temporal-frontend.
	serviceVariable = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|_ENV_`)
	// toolVariable matches what the tools of NATS and Temporal read: the nats
	// command, nats-server's image; the temporal command, the SDK, the server and
	// the UI.
	toolVariable = regexp.MustCompile(`^NATS_(TOKEN|JWT|SEED|TIMEOUT|SOCKS_PROXY|COLOR|DOMAIN|VERSION|SERVER|DOCKERIZED|RELEASE_.+)$` +
		`|^TEMPORAL_(CLI|UI|GRPC_META|CODEC|CORS|AUTH|SERVER|SERVICES|BROADCAST|WORKFLOW|SDK|CLOUD)(_.+)?$` +
		`|^TEMPORAL_(ENV|ENV_FILE|ENVIRONMENT|DEBUG|HOME|ROOT|CONFIG_DIR|AVAILABILITY_ZONE|ALLOW_NO_AUTH|VERSION)$` +
		`|^TEMPORAL_(DEFAULT_NAMESPACE|SHOW_TEMPORAL_SYSTEM_NAMESPACE|FEEDBACK_URL|NOTIFY_ON_NEW_VERSION|CSRF_COOKIE_INSECURE|HIDE_LOGS|DISABLE_.+)$` +
		`|^TEMPORAL_TLS_(CA|CERT|KEY|REFRESH_INTERVAL|ENABLE_HOST_VERIFICATION)$`)
)

// ineffective warns of the variables that are known and set, and have no effect
// together with the others. What only some hosts read is left out: all hosts may
// well share one environment.
func (c *Config) ineffective() []Warning {
	var warnings []Warning
	warn := func(when bool, name, reason string) {
		set := slices.ContainsFunc(c.environment, func(variable string) bool {
			n, value, _ := strings.Cut(variable, "=")
			return n == name && value != ""
		})
		if when && set {
			warnings = append(warnings, Warning{name, fmt.Sprintf("%s has no effect: %s", name, reason)})
		}
	}
	warn(!c.Emulation, "SHIPMENTS_COLLECTION_DELAY",
		"SHIPMENTS_EMULATION is off, so a collection is booked when its date and the carrier's booking window say")
	warn(c.temporalTLS == nil, "TEMPORAL_TLS_SERVER_NAME", "TLS is off; TEMPORAL_TLS=true turns it on")
	warn(c.TemporalTLSCert == "" && c.TemporalTLSCertData == "", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_CLIENT_CERT_PATH, its certificate, is not set")
	warn(!c.TemporalTLS && c.temporalTLS != nil, "TEMPORAL_TLS", c.tlsVariable()+" turns TLS on")
	warn(c.AdminAddr == "", "SHIPMENTS_PPROF", "SHIPMENTS_ADMIN_ADDR, where the profiles are, is not set")
	if c.TemporalTLSUnverified {
		warnings = append(warnings, Warning{"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is on: whoever is on the way to Temporal can read and change everything"})
	}
	return warnings
}
