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
	for field := range reflect.TypeFor[Config]().Fields() {
		if name := field.Tag.Get("envconfig"); name != "" {
			known = append(known, name)
		}
	}
	read := slices.Concat(known, failpointVariables())
	for _, entry := range c.carriers.Carriers {
		read = append(read, entry.TokenVariable)
	}
	var warnings []Warning
	for _, variable := range c.environment {
		name, value, _ := strings.Cut(variable, "=")
		if !ourPrefix.MatchString(name) || slices.Contains(read, name) || isForeign(name, value) {
			continue
		}
		text := name + " is unknown and has no effect"
		if nearest := Nearest(name, known); nearest != "" {
			text += ": did you mean " + nearest + "?"
		} else {
			text += ": `shipments run --help` lists the variables"
		}
		warnings = append(warnings, Warning{name, text})
	}
	return warnings
}

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
	toolVariable = regexp.MustCompile(`^NATS_(CONTEXT|USER|PASSWORD|TOKEN|NKEY|JWT|SEED|CERT|KEY|CA|TIMEOUT|SOCKS_PROXY|COLOR|DOMAIN|VERSION|SERVER|DOCKERIZED|RELEASE_.+)$` +
		`|^TEMPORAL_(CLI|UI|GRPC_META|CODEC|CORS|AUTH|SERVER|SERVICES|BROADCAST|WORKFLOW|SDK|CLOUD)(_.+)?$` +
		`|^TEMPORAL_(CONFIG_FILE|PROFILE|ENV|ENV_FILE|ENVIRONMENT|CLIENT_AUTHORITY|DEBUG|HOME|ROOT|CONFIG_DIR|AVAILABILITY_ZONE|ALLOW_NO_AUTH|VERSION)$` +
		`|^TEMPORAL_(DEFAULT_NAMESPACE|SHOW_TEMPORAL_SYSTEM_NAMESPACE|FEEDBACK_URL|NOTIFY_ON_NEW_VERSION|CSRF_COOKIE_INSECURE|HIDE_LOGS|DISABLE_.+)$` +
		`|^TEMPORAL_TLS_(CLIENT_CERT_DATA|CLIENT_KEY_DATA|SERVER_CA_CERT_DATA|DISABLE_HOST_VERIFICATION|CA|CERT|KEY|REFRESH_INTERVAL|ENABLE_HOST_VERIFICATION)$`)
)

// ineffective warns of the variables that are known and set, and have no effect
// together with the others, or with the hosts that run. What only some hosts
// read is left out: all hosts may well share one environment.
func (c *Config) ineffective(run []Host) []Warning {
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
	warn(c.TemporalTLSCert == "", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_CLIENT_CERT_PATH, its certificate, is not set")
	warn(!c.TemporalTLS && c.temporalTLS != nil, "TEMPORAL_TLS", c.tlsVariable()+" turns TLS on")
	warn(servesHTTP(run), "SHIPMENTS_HEALTH_ADDR",
		"this process runs the API, so /healthz and /readyz are at SHIPMENTS_HTTP_ADDR; unset it, since `shipments healthcheck` would ask there")
	return warnings
}
