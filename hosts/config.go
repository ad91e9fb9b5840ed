package hosts

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"
	"github.com/rs/zerolog"

	"shipments/activities/carriers"
	"shipments/shipment"
	"shipments/workflows"
)

// Config is the configuration of the hosts, read from the environment. The
// names of NATS's and Temporal's variables are those of their own tools.
type Config struct {
	NATSURL   string `envconfig:"NATS_URL" default:"nats://127.0.0.1:4222" desc:"NATS servers, comma-separated"`
	NATSCreds string `envconfig:"NATS_CREDS" desc:"NATS credentials file"`

	TemporalAddress       string `envconfig:"TEMPORAL_ADDRESS" default:"127.0.0.1:7233" desc:"Temporal frontend, host:port"`
	TemporalNamespace     string `envconfig:"TEMPORAL_NAMESPACE" default:"default" desc:"Temporal namespace"`
	TemporalAPIKey        string `envconfig:"TEMPORAL_API_KEY" desc:"Temporal API key; turns TLS on"`
	TemporalTLS           bool   `envconfig:"TEMPORAL_TLS" default:"false" desc:"use TLS to Temporal"`
	TemporalTLSCert       string `envconfig:"TEMPORAL_TLS_CLIENT_CERT_PATH" desc:"client certificate, PEM; turns TLS on"`
	TemporalTLSKey        string `envconfig:"TEMPORAL_TLS_CLIENT_KEY_PATH" desc:"client key, PEM; needs the certificate"`
	TemporalTLSCA         string `envconfig:"TEMPORAL_TLS_SERVER_CA_CERT_PATH" desc:"CA of Temporal's certificate, PEM; turns TLS on"`
	TemporalTLSServerName string `envconfig:"TEMPORAL_TLS_SERVER_NAME" desc:"name in Temporal's certificate; does not turn TLS on"`

	HTTPAddr   string `envconfig:"SHIPMENTS_HTTP_ADDR" default:"127.0.0.1:43210" desc:"address of the HTTP API"`
	HealthAddr string `envconfig:"SHIPMENTS_HEALTH_ADDR" desc:"address of /healthz and /readyz for processes without the API, asked by shipments healthcheck if set; none by default"`
	PublicURL  string `envconfig:"SHIPMENTS_PUBLIC_URL" desc:"where users reach the HTTP API; http://SHIPMENTS_HTTP_ADDR by default"`

	Emulation       bool          `envconfig:"SHIPMENTS_EMULATION" default:"false" desc:"let shipment ids drive category, failures and booking time"`
	CollectionDelay time.Duration `envconfig:"SHIPMENTS_COLLECTION_DELAY" default:"5s" desc:"from scheduling to booking a collection, while emulating"`
	ChildWorkflows  string        `envconfig:"SHIPMENTS_CHILD_WORKFLOWS" default:"all" desc:"stages that run as child workflows: all, none, or a list of category, manifestation, documents, collection, carrier"`
	Carriers        string        `envconfig:"SHIPMENTS_CARRIERS" desc:"carrier table, a YAML or JSON file; two simulated carriers by default"`
	RebookingWindow time.Duration `envconfig:"SHIPMENTS_REBOOKING_TIME" default:"24h" desc:"how long a shipment stays open after a failed booking, for a rebooking to be requested; while emulating only for ids ending with 3"`
	CarrierDeadline time.Duration `envconfig:"SHIPMENTS_CARRIER_DEADLINE" default:"24h" desc:"how long a carrier may give no answer before the shipment fails"`
	CarrierFirstTry bool          `envconfig:"SHIPMENTS_CARRIER_FIRST_TRY" default:"true" desc:"make the first attempt of a carrier call part of the workflow's own task, which is cheaper; better off for carriers that often take longer than seconds"`

	Concurrency    int           `envconfig:"SHIPMENTS_CONSUMER_CONCURRENCY" default:"64" desc:"events handled at once by the consumer"`
	InFlight       int           `envconfig:"SHIPMENTS_CONSUMER_IN_FLIGHT" default:"128" desc:"shipments that may be on their way to their documents, over all consumers; while there are more, events wait in JetStream; 0 is no bound; with slow carriers, raise it to shipments per second times seconds"`
	MaxDeliveries  uint64        `envconfig:"SHIPMENTS_MAX_DELIVERIES" default:"30" desc:"deliveries after which an event is taken for the cause of a crash loop and rejected; a hundred times as many for a request, which may wait for its shipment"`
	StreamReplicas int           `envconfig:"SHIPMENTS_STREAM_REPLICAS" default:"1" desc:"replicas of the JetStream streams, 1 to 5"`
	DrainTimeout   time.Duration `envconfig:"SHIPMENTS_DRAIN_TIMEOUT" default:"10s" desc:"how long stopping waits for each kind of work in progress"`

	LogLevel  string `envconfig:"SHIPMENTS_LOG_LEVEL" default:"info" desc:"trace (with the Temporal SDK's debug lines), debug, info, warn or error"`
	LogFormat string `envconfig:"SHIPMENTS_LOG_FORMAT" default:"auto" desc:"console, json, or auto: console on a terminal, else json"`

	composition workflows.Composition
	temporalTLS *tls.Config
	carriers    carriers.Table
}

// LoadConfig reads the environment. A wrong value is an error that names its
// variable; nothing has been dialled then.
func LoadConfig() (Config, error) {
	var c Config
	if err := envconfig.Process("", &c); err != nil {
		var wrong *envconfig.ParseError
		if errors.As(err, &wrong) {
			return c, fmt.Errorf("%s: %q is not %s", wrong.KeyName, wrong.Value, inWords(wrong.TypeName))
		}
		return c, fmt.Errorf("read the environment: %w", err)
	}
	return c, c.Validate()
}

// inWords says what a value of a Go type looks like.
func inWords(typeName string) string {
	switch typeName {
	case "time.Duration":
		return "a duration such as 5s or 1m30s"
	case "bool":
		return "true or false"
	default:
		return "a whole number"
	}
}

// Validate checks the values and prepares what is derived from them. It has to
// be called again after a change.
func (c *Config) Validate() error {
	var wrong []error
	check := func(ok bool, variable, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("%s: %s", variable, fmt.Sprintf(format, args...)))
		}
	}
	check(c.NATSURL != "", "NATS_URL", "is empty")
	check(c.TemporalNamespace != "", "TEMPORAL_NAMESPACE", "is empty")
	for _, address := range []struct {
		variable, value string
		optional        bool
	}{
		{variable: "TEMPORAL_ADDRESS", value: c.TemporalAddress},
		{variable: "SHIPMENTS_HTTP_ADDR", value: c.HTTPAddr},
		{variable: "SHIPMENTS_HEALTH_ADDR", value: c.HealthAddr, optional: true},
	} {
		_, _, err := net.SplitHostPort(address.value)
		check(err == nil || (address.optional && address.value == ""), address.variable, "%q is not host:port", address.value)
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.HTTPAddr
	}
	public, err := url.Parse(c.PublicURL)
	check(err == nil && public.Host != "" && strings.HasPrefix(public.Scheme, "http"), "SHIPMENTS_PUBLIC_URL", "%q is not an http(s) URL", c.PublicURL)
	c.composition, err = workflows.ParseComposition(c.ChildWorkflows)
	check(err == nil, "SHIPMENTS_CHILD_WORKFLOWS", "%v", err)
	check(c.CollectionDelay >= 0, "SHIPMENTS_COLLECTION_DELAY", "%v is negative", c.CollectionDelay)
	check(c.RebookingWindow >= 0, "SHIPMENTS_REBOOKING_TIME", "%v is negative", c.RebookingWindow)
	check(c.CarrierDeadline > 0, "SHIPMENTS_CARRIER_DEADLINE", "%v is not positive", c.CarrierDeadline)
	check(c.DrainTimeout > 0, "SHIPMENTS_DRAIN_TIMEOUT", "%v is not positive", c.DrainTimeout)
	check(c.Concurrency >= 1 && c.Concurrency <= 1000, "SHIPMENTS_CONSUMER_CONCURRENCY", "%d is not within 1 to 1000", c.Concurrency)
	check(c.InFlight >= 0, "SHIPMENTS_CONSUMER_IN_FLIGHT", "%d is negative", c.InFlight)
	check(c.MaxDeliveries >= 2, "SHIPMENTS_MAX_DELIVERIES", "%d is less than 2", c.MaxDeliveries)
	check(c.StreamReplicas >= 1 && c.StreamReplicas <= 5, "SHIPMENTS_STREAM_REPLICAS", "%d is not within 1 to 5", c.StreamReplicas)
	_, err = zerolog.ParseLevel(c.LogLevel)
	check(err == nil, "SHIPMENTS_LOG_LEVEL", "%q is not trace, debug, info, warn or error", c.LogLevel)
	check(c.LogFormat == "auto" || c.LogFormat == "json" || c.LogFormat == "console", "SHIPMENTS_LOG_FORMAT", "%q is not auto, json or console", c.LogFormat)
	if c.NATSCreds != "" {
		_, err := os.Stat(c.NATSCreds)
		check(err == nil, "NATS_CREDS", "%v", err)
	}
	c.carriers = carriers.DemoTable()
	if c.Carriers != "" {
		c.carriers, err = carriers.LoadTable(c.Carriers)
		check(err == nil, "SHIPMENTS_CARRIERS", "%v", err)
	}
	if c.temporalTLS, err = c.loadTLS(); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

func (c *Config) loadTLS() (*tls.Config, error) {
	if !c.TemporalTLS && c.TemporalAPIKey == "" && c.TemporalTLSCert == "" && c.TemporalTLSCA == "" {
		return nil, nil //nolint:nilnil // no TLS
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TemporalTLSServerName}
	if c.TemporalTLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TemporalTLSCert, c.TemporalTLSKey)
		if err != nil {
			return nil, fmt.Errorf("TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if c.TemporalTLSCA != "" {
		pem, err := os.ReadFile(c.TemporalTLSCA)
		if err != nil {
			return nil, fmt.Errorf("TEMPORAL_TLS_SERVER_CA_CERT_PATH: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("TEMPORAL_TLS_SERVER_CA_CERT_PATH: %s holds no PEM certificate", c.TemporalTLSCA)
		}
	}
	return config, nil
}

// Rules are what shipments are judged by.
func (c *Config) Rules() shipment.Rules {
	return shipment.Rules{Emulation: c.Emulation, CollectionDelay: c.CollectionDelay, RebookingWindow: c.RebookingWindow, Carriers: c.carriers.Known()}
}

// settings travel with every process.
func (c *Config) settings() workflows.Settings {
	return workflows.Settings{ChildWorkflows: c.composition, PublicURL: c.PublicURL, Rules: c.Rules(), CarrierDeadline: c.CarrierDeadline, CarrierFirstTry: c.CarrierFirstTry}
}
