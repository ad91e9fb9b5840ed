package hosts

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/kelseyhightower/envconfig"

	"shipments/activities/carriers"
	"shipments/activities/documents/typeface"
	"shipments/hosts/keyring"
	"shipments/shipment"
	"shipments/workflows"
)

// Config is the configuration of the hosts, read from the environment. The
// names of NATS's and Temporal's variables are those of their own tools.
type Config struct {
	NATSURL   string `envconfig:"NATS_URL" default:"nats://127.0.0.1:4222" desc:"NATS servers, comma-separated"`
	NATSCreds string `envconfig:"NATS_CREDS" desc:"NATS credentials file"`

	NATSAccess

	TemporalAddress       string `envconfig:"TEMPORAL_ADDRESS" default:"127.0.0.1:7233" desc:"Temporal frontend, host:port"`
	TemporalNamespace     string `envconfig:"TEMPORAL_NAMESPACE" default:"default" desc:"Temporal namespace"`
	TemporalAPIKey        string `envconfig:"TEMPORAL_API_KEY" secret:"true" desc:"Temporal API key; turns TLS on"`
	TemporalTLS           bool   `envconfig:"TEMPORAL_TLS" default:"false" desc:"use TLS to Temporal"`
	TemporalTLSCert       string `envconfig:"TEMPORAL_TLS_CLIENT_CERT_PATH" desc:"client certificate, PEM; turns TLS on"`
	TemporalTLSKey        string `envconfig:"TEMPORAL_TLS_CLIENT_KEY_PATH" desc:"client key, PEM; needs the certificate"`
	TemporalTLSCA         string `envconfig:"TEMPORAL_TLS_SERVER_CA_CERT_PATH" desc:"CA of Temporal's certificate, PEM; turns TLS on"`
	TemporalTLSServerName string `envconfig:"TEMPORAL_TLS_SERVER_NAME" desc:"name in Temporal's certificate; does not turn TLS on"`

	TemporalAccess

	TemporalUI string `envconfig:"SHIPMENTS_TEMPORAL_UI" desc:"where operators reach the Temporal UI, such as http://127.0.0.1:8080: shipments why prints links to it"`

	PayloadKeys string `envconfig:"SHIPMENTS_PAYLOAD_KEYS" desc:"file with the keys that encrypt what Temporal stores; without one it is not encrypted"`

	HTTPAccess

	HTTPAddr  string `envconfig:"SHIPMENTS_HTTP_ADDR" default:"127.0.0.1:43210" desc:"address of the HTTP API"`
	AdminAddr string `envconfig:"SHIPMENTS_ADMIN_ADDR" desc:"address for operators, one for each process: /healthz, /readyz with its reasons, /metrics; none by default, 127.0.0.1:43211 in the dev stack"`
	Pprof     bool   `envconfig:"SHIPMENTS_PPROF" default:"false" desc:"serve Go's profiles at SHIPMENTS_ADMIN_ADDR, below /debug/pprof/"`
	PublicURL string `envconfig:"SHIPMENTS_PUBLIC_URL" desc:"where users reach the HTTP API; http://SHIPMENTS_HTTP_ADDR by default"`

	Emulation         bool          `envconfig:"SHIPMENTS_EMULATION" default:"false" desc:"let shipment ids drive category, failures and booking time"`
	CollectionDelay   time.Duration `envconfig:"SHIPMENTS_COLLECTION_DELAY" default:"5s" desc:"from scheduling to booking a collection; only while emulating"`
	ChildWorkflows    string        `envconfig:"SHIPMENTS_CHILD_WORKFLOWS" default:"all" desc:"stages that run as child workflows: all, none, or a list of category, manifestation, documents, collection, carrier"`
	Carriers          string        `envconfig:"SHIPMENTS_CARRIERS" desc:"carrier table, a YAML or JSON file; without one, hosts start only while emulating, with the demo's two simulated carriers"`
	Fonts             string        `envconfig:"SHIPMENTS_FONTS" desc:"folder of further TrueType fonts for documents, tried after the built-in one, which has Latin, Greek and Cyrillic; none by default"`
	RebookingWindow   time.Duration `envconfig:"SHIPMENTS_REBOOKING_TIME" default:"24h" desc:"how long a shipment stays open after a failed booking, for a rebooking to be requested; while emulating only for ids ending with 3"`
	CollectionHorizon time.Duration `envconfig:"SHIPMENTS_COLLECTION_HORIZON" default:"2160h" desc:"how far ahead a collection date may be (90 days by default); later ones are rejected"`
	Uncollected       string        `envconfig:"SHIPMENTS_UNCOLLECTED" default:"void" desc:"what becomes of manifested legs when the collection will not be booked any more: void, or keep for parcels that are handed in at a counter"`
	CarrierDeadline   time.Duration `envconfig:"SHIPMENTS_CARRIER_DEADLINE" default:"24h" desc:"how long a carrier may give no answer before the shipment fails"`
	CarrierFirstTry   bool          `envconfig:"SHIPMENTS_CARRIER_FIRST_TRY" default:"true" desc:"make the first attempt of a carrier call part of the workflow's own task, which is cheaper; false is better for carriers that often take longer than seconds"`

	Concurrency    int           `envconfig:"SHIPMENTS_CONSUMER_CONCURRENCY" default:"64" desc:"events that the consumer handles at once"`
	InFlight       int           `envconfig:"SHIPMENTS_CONSUMER_IN_FLIGHT" default:"128" desc:"shipments that may be on their way to their documents, over all consumers; while there are more, events wait in JetStream; 0 is no bound; with slow carriers, use shipments per second times seconds of a carrier call"`
	MaxDeliveries  uint64        `envconfig:"SHIPMENTS_MAX_DELIVERIES" default:"30" desc:"deliveries after which an event counts as the cause of a crash loop and is rejected; a request has a hundred times as many, since it may wait for its shipment"`
	CORSOrigins    string        `envconfig:"SHIPMENTS_CORS_ORIGINS" desc:"origins of pages whose scripts may use the HTTP API, with commas between them, such as https://app.example.com; none by default"`
	UI             string        `envconfig:"SHIPMENTS_UI" default:"read" desc:"pages for people at SHIPMENTS_HTTP_ADDR: off, read, or operate, which can cancel, rebook and replay too"`
	IndexShipments int           `envconfig:"SHIPMENTS_INDEX_SHIPMENTS" default:"100000" desc:"recent shipments that the api host keeps in memory to list them, 400 bytes each at most"`
	StreamReplicas int           `envconfig:"SHIPMENTS_STREAM_REPLICAS" default:"1" desc:"replicas of the JetStream streams, 1 to 5"`
	Provision      string        `envconfig:"SHIPMENTS_PROVISION" default:"apply" desc:"what hosts do about streams, the durable consumer and the bucket at start: apply (create and update them), check (wait until they are there), or none"`
	DrainTimeout   time.Duration `envconfig:"SHIPMENTS_DRAIN_TIMEOUT" default:"10s" desc:"how long stopping waits for each kind of work in progress"`

	TracesExporter     string `envconfig:"OTEL_TRACES_EXPORTER" desc:"otlp sends traces, none does not; by default they are sent if one of the next two is set"`
	OTLPEndpoint       string `envconfig:"OTEL_EXPORTER_OTLP_ENDPOINT" desc:"URL of an OpenTelemetry collector, such as http://localhost:4318"`
	OTLPTracesEndpoint string `envconfig:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" desc:"URL that traces are posted to; /v1/traces at the collector by default"`
	OTLPProtocol       string `envconfig:"OTEL_EXPORTER_OTLP_PROTOCOL" desc:"http/protobuf, which is the only protocol and the default"`
	OTLPTracesProtocol string `envconfig:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" desc:"the same, for traces alone"`
	TracesSampler      string `envconfig:"OTEL_TRACES_SAMPLER" default:"parentbased_always_on" desc:"which traces are sampled: always_on, always_off, traceidratio, or one of them after parentbased_, which does as the publisher does"`
	TracesSamplerArg   string `envconfig:"OTEL_TRACES_SAMPLER_ARG" desc:"share of traces for traceidratio, from 0 to 1; 1 by default"`
	OTelDisabled       string `envconfig:"OTEL_SDK_DISABLED" desc:"true makes no traces, whatever the other variables say"`

	LogLevel  string `envconfig:"SHIPMENTS_LOG_LEVEL" default:"info" desc:"trace (with the Temporal SDK's debug lines), debug, info, warn or error"`
	LogFormat string `envconfig:"SHIPMENTS_LOG_FORMAT" default:"auto" desc:"console, json, or auto: console on a terminal, else json"`

	composition workflows.Composition
	temporalTLS *tls.Config
	payloadKeys *keyring.Ring
	carriers    carriers.Table
	typeface    *typeface.Typeface
	environment []string // as of os.Environ, for the variables that are not read
}

// LoadConfig reads the environment. A wrong value is a [*ConfigError] that names
// its variable.
func LoadConfig() (Config, error) {
	var c Config
	if err := envconfig.Process("", &c); err != nil {
		var wrong *envconfig.ParseError
		if errors.As(err, &wrong) {
			return c, &ConfigError{fmt.Errorf("%s: %q is not %s", wrong.KeyName, wrong.Value, inWords(wrong.TypeName))}
		}
		return c, &ConfigError{fmt.Errorf("read the environment: %w", err)}
	}
	c.environment = os.Environ()
	if err := errors.Join(c.applyNATSContext(), c.applyTemporalProfile()); err != nil {
		return c, &ConfigError{err}
	}
	return c, c.Validate()
}

// inWords describes the values of a Go type.
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

// Rules are what shipments are validated, classified and scheduled by.
func (c *Config) Rules() shipment.Rules {
	rules := shipment.Rules{
		Emulation: c.Emulation, CollectionDelay: c.CollectionDelay, RebookingWindow: c.RebookingWindow,
		CollectionHorizon: c.CollectionHorizon, Carriers: c.carriers.Known(),
	}
	if c.typeface != nil {
		rules.Typeface = c.typeface
	}
	return rules
}

// settings are part of the input of every process.
func (c *Config) settings() workflows.Settings {
	return workflows.Settings{
		ChildWorkflows: c.composition, PublicURL: c.PublicURL, Rules: c.Rules(),
		CarrierDeadline: c.CarrierDeadline, CarrierFirstTry: c.CarrierFirstTry,
		Uncollected: workflows.Uncollected(c.Uncollected),
	}
}
