package hosts

import (
	"net"
	"net/url"
	"strings"

	"shipments/activities/carriers"
)

// risks says what is risky about values, by variable: it may be meant so, and an
// operator should know.
func (c *Config) risks() map[string]string {
	risks := map[string]string{}
	note := func(when bool, variable, risk string) {
		if when && risks[variable] == "" {
			risks[variable] = risk
		}
	}
	natsRemote, natsTLS := c.natsReach()
	loggedIn := false
	for _, login := range c.natsLogins() {
		loggedIn = loggedIn || login.set
	}
	note(hasSecret(c.NATSURL), "NATS_URL",
		"it has a password, which whoever lists the process's environment can read: use NATS_CREDS or NATS_PASSWORD_FILE")
	note(natsRemote && !loggedIn && !hasSecret(c.NATSURL) && c.NATSCert == "", "NATS_URL",
		"nobody logs in: whoever reaches the server can publish and read everything")
	note(natsRemote && !natsTLS, "NATS_URL", "without TLS, whoever is on the way reads and changes everything: use tls://, or set NATS_CA")
	note(c.NATSPassword != "" && c.isSet("NATS_PASSWORD"), "NATS_PASSWORD", "a secret in the environment: use NATS_PASSWORD_FILE")

	host, _, err := net.SplitHostPort(c.TemporalAddress)
	temporalRemote := err == nil && !isLoopback(host)
	note(temporalRemote && c.tlsVariable() == "", "TEMPORAL_ADDRESS",
		"without TLS, whoever is on the way reads and changes everything: set TEMPORAL_TLS")
	note(c.TemporalAPIKey != "" && c.isSet("TEMPORAL_API_KEY"), "TEMPORAL_API_KEY", "a secret in the environment: use TEMPORAL_API_KEY_FILE")
	note(c.TemporalTLSKeyData != "" && c.isSet("TEMPORAL_TLS_CLIENT_KEY_DATA"), "TEMPORAL_TLS_CLIENT_KEY_DATA",
		"a secret in the environment: use TEMPORAL_TLS_CLIENT_KEY_PATH")
	note(c.TemporalTLSUnverified, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "whoever is on the way to Temporal can read and change everything")
	note(c.PayloadKeys == "" && temporalRemote, "SHIPMENTS_PAYLOAD_KEYS", "who may read Temporal's database or UI reads names and addresses")

	c.noteExposure(note)
	note(c.Emulation, "SHIPMENTS_EMULATION",
		"shipment ids decide what happens, and whoever reaches the API makes sample shipments: for demonstrations alone")
	note(len(c.carriers.Simulated()) > 0, "SHIPMENTS_CARRIERS",
		"carriers are simulated, and nothing is really carried: "+strings.Join(c.carriers.Simulated(), ", "))
	for _, entry := range c.carriers.Carriers {
		u, err := url.Parse(entry.URL)
		plain := err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
		note(entry.Protocol == carriers.OverHTTP && plain, "SHIPMENTS_CARRIERS",
			"carrier "+entry.Name+" is called without TLS: its token and addresses can be read on the way")
	}
	return risks
}

// noteExposure notes what other hosts than this one reach.
func (c *Config) noteExposure(note func(when bool, variable, risk string)) {
	remote := func(address string) bool {
		host, _, err := net.SplitHostPort(address)
		return address != "" && err == nil && !isLoopback(host)
	}
	note(c.Auth == authNone, "SHIPMENTS_AUTH", "whoever reaches the API can publish shipments and read documents")
	note(remote(c.HTTPAddr) && !c.asksWho() && c.Auth != authNone, "SHIPMENTS_HTTP_ADDR",
		"an api host does not start: other hosts reach it, and nobody is asked who they are")
	note(c.UI == "operate" && !c.asksWho(), "SHIPMENTS_UI", "whoever reaches the pages can cancel, rebook and replay")
	note(remote(c.AdminAddr), "SHIPMENTS_ADMIN_ADDR", "keep it from the public: it shows errors and metrics to whoever reaches it")
	note(remote(c.AdminAddr) && c.Pprof, "SHIPMENTS_PPROF", "profiles show what is in memory to whoever reaches SHIPMENTS_ADMIN_ADDR")
	public, err := url.Parse(c.PublicURL)
	note(err == nil && public.Scheme == "http" && !isLoopback(public.Hostname()), "SHIPMENTS_PUBLIC_URL",
		"without https, tokens and documents can be read on the way")
	note(c.AuthRate == 0 && c.asksWho(), "SHIPMENTS_AUTH_RATE", "nothing bounds how much one principal asks")
}

// natsReach reports whether a NATS server is another host, and whether TLS is used.
func (c *Config) natsReach() (remote, secure bool) {
	servers, _ := natsServers(c.NATSURL) // Validate reports what is wrong.
	secure = c.NATSCA != "" || c.NATSCert != "" || c.NATSTLSFirst
	for _, server := range servers {
		remote = remote || !isLoopback(server.Hostname())
		secure = secure || server.Scheme == "tls" || server.Scheme == "wss"
	}
	return remote, secure
}
