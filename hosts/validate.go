package hosts

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"shipments/activities/carriers"
	"shipments/activities/documents/typeface"
	"shipments/api/auth"
	"shipments/workflows"
)

// Validate checks the values and computes what is derived from them. It has to
// be called again after a change. The error is a [*ConfigError] with every
// variable that is wrong.
func (c *Config) Validate() error {
	var wrong []error
	check := func(ok bool, variable, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("%s: %s", variable, fmt.Sprintf(format, args...)))
		}
	}
	checkErr := func(variable string, err error) { check(err == nil, variable, "%v", err) }

	_, err := natsServers(c.NATSURL)
	checkErr("NATS_URL", err)
	c.checkNATSAccess(check)
	check(c.TemporalNamespace != "", "TEMPORAL_NAMESPACE", "is empty")
	checkErr("TEMPORAL_ADDRESS", checkAddress(c.TemporalAddress, true))
	c.checkTemporalAccess(check)
	c.temporalTLS, err = c.loadTLS()
	if err != nil {
		wrong = append(wrong, err)
	}
	checkErr("SHIPMENTS_PAYLOAD_KEYS", c.loadPayloadKeys())
	checkErr("SHIPMENTS_HTTP_ADDR", checkAddress(c.HTTPAddr, false))
	if c.AdminAddr != "" {
		checkErr("SHIPMENTS_ADMIN_ADDR", checkAddress(c.AdminAddr, false))
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.HTTPAddr
	}
	public, err := url.Parse(c.PublicURL)
	check(err == nil && public.Host != "" && (public.Scheme == "http" || public.Scheme == "https") && public.RawQuery == "" && public.Fragment == "",
		"SHIPMENTS_PUBLIC_URL", "%q is not an http(s) URL without query and fragment", c.PublicURL)
	c.composition, err = workflows.ParseComposition(c.ChildWorkflows)
	checkErr("SHIPMENTS_CHILD_WORKFLOWS", err)
	checkErr("SHIPMENTS_CARRIERS", c.loadCarriers())
	c.typeface, err = typeface.Load(c.Fonts)
	checkErr("SHIPMENTS_FONTS", err)
	c.checkNumbers(check)
	c.checkHTTPAccess(check)
	c.checkTracing(check)
	check(slices.Contains([]string{provisionApply, provisionCheck, provisionNone}, c.Provision), "SHIPMENTS_PROVISION", "%q is not apply, check or none", c.Provision)
	_, err = zerolog.ParseLevel(c.LogLevel)
	check(err == nil, "SHIPMENTS_LOG_LEVEL", "%q is not trace, debug, info, warn or error", c.LogLevel)
	check(slices.Contains([]string{"auto", "json", "console"}, c.LogFormat), "SHIPMENTS_LOG_FORMAT", "%q is not auto, json or console", c.LogFormat)
	check(slices.Contains([]string{string(workflows.VoidUncollected), string(workflows.KeepUncollected)}, c.Uncollected),
		"SHIPMENTS_UNCOLLECTED", "%q is not void or keep", c.Uncollected)
	if len(wrong) == 0 {
		return nil
	}
	return &ConfigError{errors.Join(wrong...)}
}

func (c *Config) checkNumbers(check func(ok bool, variable, format string, args ...any)) {
	check(c.CollectionDelay >= 0, "SHIPMENTS_COLLECTION_DELAY", "%v is negative", c.CollectionDelay)
	check(c.RebookingWindow >= 0, "SHIPMENTS_REBOOKING_TIME", "%v is negative", c.RebookingWindow)
	check(c.CollectionHorizon > 0, "SHIPMENTS_COLLECTION_HORIZON", "%v is not positive", c.CollectionHorizon)
	check(c.CarrierDeadline > 0, "SHIPMENTS_CARRIER_DEADLINE", "%v is not positive", c.CarrierDeadline)
	check(c.DrainTimeout > 0, "SHIPMENTS_DRAIN_TIMEOUT", "%v is not positive", c.DrainTimeout)
	check(c.Concurrency >= 1 && c.Concurrency <= 1000, "SHIPMENTS_CONSUMER_CONCURRENCY", "%d is not within 1 to 1000", c.Concurrency)
	check(c.InFlight >= 0, "SHIPMENTS_CONSUMER_IN_FLIGHT", "%d is negative", c.InFlight)
	check(c.MaxDeliveries >= 2, "SHIPMENTS_MAX_DELIVERIES", "%d is less than 2", c.MaxDeliveries)
	check(slices.Contains([]string{"off", "read", "operate"}, c.UI), "SHIPMENTS_UI", "%q is not off, read or operate", c.UI)
	_, err := auth.ParseOrigins(c.CORSOrigins)
	check(err == nil, "SHIPMENTS_CORS_ORIGINS", "%v", err)
	check(c.IndexShipments >= 1, "SHIPMENTS_INDEX_SHIPMENTS", "%d is less than 1", c.IndexShipments)
	check(c.StreamReplicas >= 1 && c.StreamReplicas <= 5, "SHIPMENTS_STREAM_REPLICAS", "%d is not within 1 to 5", c.StreamReplicas)
}

// natsServers splits a list of NATS servers as nats.go does, and finds what
// nats.go would refuse, or dial in vain for ever. The errors show no password.
func natsServers(list string) ([]*url.URL, error) {
	const example = "use a URL such as nats://host:4222"
	var servers []*url.URL
	websockets := 0
	for server := range strings.SplitSeq(list, ",") {
		if server = strings.TrimSpace(server); server == "" {
			continue
		}
		if !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		u, err := url.Parse(server)
		if err != nil {
			var parse *url.Error
			if errors.As(err, &parse) {
				err = parse.Err // Without the URL, which may have a password.
			}
			return nil, fmt.Errorf("server %d is malformed (%w): %s", len(servers)+1, err, example)
		}
		switch u.Scheme {
		case "nats", "tls":
		case "ws", "wss":
			websockets++
		default:
			return nil, fmt.Errorf("%q has the scheme %s, which is not one of nats, tls, ws and wss: %s", u.Redacted(), u.Scheme, example)
		}
		if u.Hostname() == "" {
			return nil, fmt.Errorf("%q has no host: %s", u.Redacted(), example)
		}
		if u.Port() != "" {
			if err := checkAddress(u.Host, true); err != nil {
				return nil, fmt.Errorf("%w: %s", err, example)
			}
		}
		servers = append(servers, u)
	}
	switch websockets {
	case 0, len(servers):
	default:
		return nil, errors.New("ws:// and wss:// cannot be mixed with nats:// and tls://")
	}
	if len(servers) == 0 {
		return nil, errors.New("is empty: " + example)
	}
	return servers, nil
}

// checkAddress checks an address of the form host:port: one to dial, whose host
// and port are needed, or one to listen on.
func checkAddress(address string, dial bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port", address)
	}
	number, err := net.LookupPort("tcp", port) //nolint:noctx // it asks no server
	if err != nil || (dial && number == 0) {
		return fmt.Errorf("%q is not host:port: %q is not a port", address, port)
	}
	if dial && host == "" {
		return fmt.Errorf("%q is not host:port: it has no host", address)
	}
	return nil
}

// loadCarriers reads the carrier table. Without one there are carriers only
// while emulating: [Check] has more on that.
func (c *Config) loadCarriers() (err error) {
	c.carriers = carriers.Table{}
	switch {
	case c.Carriers != "":
		c.carriers, err = carriers.LoadTable(c.Carriers)
	case c.Emulation:
		c.carriers = carriers.DemoTable()
	}
	return err
}
