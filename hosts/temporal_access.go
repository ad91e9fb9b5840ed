package hosts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"go.temporal.io/sdk/client"
	profiles "go.temporal.io/sdk/contrib/envconfig"
	"google.golang.org/grpc/credentials"
)

// TemporalAccess is how the program connects to Temporal, besides the variables that it
// always had. The variables, and the file of profiles, are those of the temporal command
// and the SDKs. But a file is read only if a variable names it, or a profile in it: what
// lies in a home directory has no effect by itself. Files with keys and certificates are
// read again with each request or connection, so that what was renewed takes effect.
type TemporalAccess struct {
	TemporalConfigFile    string `envconfig:"TEMPORAL_CONFIG_FILE" desc:"file of profiles of the temporal command, TOML, which has what the other TEMPORAL_ variables do not set; read only if this or TEMPORAL_PROFILE is set"`
	TemporalProfile       string `envconfig:"TEMPORAL_PROFILE" desc:"profile in that file; default by default"`
	TemporalAPIKeyFile    string `envconfig:"TEMPORAL_API_KEY_FILE" desc:"file with the Temporal API key, read with each request; turns TLS on"`
	TemporalAuthority     string `envconfig:"TEMPORAL_CLIENT_AUTHORITY" desc:"authority of requests to Temporal without TLS"`
	TemporalTLSCertData   string `envconfig:"TEMPORAL_TLS_CLIENT_CERT_DATA" desc:"client certificate itself, PEM, instead of its path"`
	TemporalTLSKeyData    string `envconfig:"TEMPORAL_TLS_CLIENT_KEY_DATA" secret:"true" desc:"client key itself, PEM, instead of its path"`
	TemporalTLSCAData     string `envconfig:"TEMPORAL_TLS_SERVER_CA_CERT_DATA" desc:"CA of Temporal's certificate itself, PEM, instead of its path"`
	TemporalTLSUnverified bool   `envconfig:"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION" default:"false" desc:"do not verify Temporal's certificate: whoever is on the way can read and change everything"`

	grpcMeta map[string]string
}

// applyTemporalProfile takes from a profile what no variable sets, and the gRPC metadata
// of TEMPORAL_GRPC_META_ variables.
func (c *Config) applyTemporalProfile() error {
	var profile profiles.ClientConfigProfile
	if c.TemporalConfigFile != "" || c.TemporalProfile != "" {
		var err error
		profile, err = profiles.LoadClientConfigProfile(profiles.LoadClientConfigProfileOptions{ConfigFileStrict: true, DisableEnv: true})
		if err != nil {
			return fmt.Errorf("TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: %w", err)
		}
		if c.TemporalConfigFile != "" {
			if _, err := os.Stat(c.TemporalConfigFile); err != nil { // To envconfig, a file that is missing is an empty one.
				return fmt.Errorf("TEMPORAL_CONFIG_FILE: %w", err)
			}
		}
	}
	turnsTLSOn := profile.TLS != nil && !profile.TLS.Disabled
	if err := profile.ApplyEnvVars(nil); err != nil {
		return err
	}
	take := func(variable string, into *string, from string) {
		if from != "" && !c.isSet(variable) {
			*into = from
		}
	}
	take("TEMPORAL_ADDRESS", &c.TemporalAddress, profile.Address)
	take("TEMPORAL_NAMESPACE", &c.TemporalNamespace, profile.Namespace)
	if c.TemporalAPIKeyFile == "" {
		take("TEMPORAL_API_KEY", &c.TemporalAPIKey, profile.APIKey)
	}
	take("TEMPORAL_CLIENT_AUTHORITY", &c.TemporalAuthority, profile.Authority)
	c.grpcMeta = profile.GRPCMeta
	if profile.TLS == nil {
		return nil
	}
	if !c.isSet("TEMPORAL_TLS") {
		c.TemporalTLS = turnsTLSOn
	}
	t := profile.TLS
	c.TemporalTLSUnverified = t.DisableHostVerification
	take("TEMPORAL_TLS_SERVER_NAME", &c.TemporalTLSServerName, t.ServerName)
	// A variable with a path replaces a profile's data, and the other way round.
	for _, v := range []struct {
		path, data string
		pathInto   *string
		dataInto   *string
		fromPath   string
		fromData   []byte
	}{
		{"TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_DATA", &c.TemporalTLSCert, &c.TemporalTLSCertData, t.ClientCertPath, t.ClientCertData},
		{"TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_CLIENT_KEY_DATA", &c.TemporalTLSKey, &c.TemporalTLSKeyData, t.ClientKeyPath, t.ClientKeyData},
		{"TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_DATA", &c.TemporalTLSCA, &c.TemporalTLSCAData, t.ServerCACertPath, t.ServerCACertData},
	} {
		if !c.isSet(v.path) && !c.isSet(v.data) {
			*v.pathInto, *v.dataInto = v.fromPath, string(v.fromData)
		}
	}
	return nil
}

// isSet reports whether the environment has a variable.
func (c *Config) isSet(variable string) bool {
	return slices.ContainsFunc(c.environment, func(v string) bool { return strings.HasPrefix(v, variable+"=") })
}

func (c *Config) checkTemporalAccess(check func(ok bool, variable, format string, args ...any)) {
	for _, pair := range [][2]string{{c.TemporalTLSCert, c.TemporalTLSCertData}, {c.TemporalTLSKey, c.TemporalTLSKeyData}, {c.TemporalTLSCA, c.TemporalTLSCAData}} {
		check(pair[0] == "" || pair[1] == "", "TEMPORAL_TLS_", "a certificate or key has both a path and data: use one")
	}
	check(c.TemporalAPIKey == "" || c.TemporalAPIKeyFile == "", "TEMPORAL_API_KEY, TEMPORAL_API_KEY_FILE", "are both set: use one")
	if c.TemporalAPIKeyFile != "" {
		_, err := readSecret(c.TemporalAPIKeyFile)
		check(err == nil, "TEMPORAL_API_KEY_FILE", "%v", err)
	}
}

// readSecret reads a file with a secret, which may end with a line break.
func readSecret(file string) (string, error) {
	content, err := os.ReadFile(file) //nolint:gosec // the configuration names the file
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return secret, nil
}

// temporalCredentials are those of an API key, or nil.
func (c *Config) temporalCredentials() client.Credentials {
	switch {
	case c.TemporalAPIKeyFile != "":
		return client.NewAPIKeyDynamicCredentials(func(context.Context) (string, error) { return readSecret(c.TemporalAPIKeyFile) })
	case c.TemporalAPIKey != "":
		return client.NewAPIKeyStaticCredentials(c.TemporalAPIKey)
	}
	return nil
}

// metadata are fixed headers of requests to Temporal.
type metadata map[string]string

// GetHeaders returns the headers.
func (m metadata) GetHeaders(context.Context) (map[string]string, error) { return m, nil }

// loadTLS reads the files of TLS to Temporal; it is nil without TLS.
func (c *Config) loadTLS() (*tls.Config, error) {
	if c.tlsVariable() == "" {
		return nil, nil //nolint:nilnil // no TLS
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: c.TemporalTLSServerName,
		InsecureSkipVerify: c.TemporalTLSUnverified, //nolint:gosec // its variable says what that means
	}
	var pair tls.Certificate
	var err error
	switch {
	case c.TemporalTLSCert != "":
		pair, err = c.loadPair()
	case c.TemporalTLSCertData != "":
		pair, err = tls.X509KeyPair([]byte(c.TemporalTLSCertData), []byte(c.TemporalTLSKeyData))
	}
	if err != nil {
		return nil, fmt.Errorf("TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH: %w", err)
	}
	if len(pair.Certificate) > 0 {
		config.Certificates = []tls.Certificate{pair}
	}
	switch {
	case c.TemporalTLSCA != "":
		if config.RootCAs, err = readPool(c.TemporalTLSCA); err != nil {
			return nil, fmt.Errorf("TEMPORAL_TLS_SERVER_CA_CERT_PATH: %w", err)
		}
	case c.TemporalTLSCAData != "":
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(c.TemporalTLSCAData)) {
			return nil, errors.New("TEMPORAL_TLS_SERVER_CA_CERT_DATA: holds no PEM certificate")
		}
	}
	return config, nil
}

// loadPair reads the client certificate, whose key may be given itself.
func (c *Config) loadPair() (tls.Certificate, error) {
	if c.TemporalTLSKeyData == "" {
		return tls.LoadX509KeyPair(c.TemporalTLSCert, c.TemporalTLSKey)
	}
	cert, err := os.ReadFile(c.TemporalTLSCert)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, []byte(c.TemporalTLSKeyData))
}

// tlsVariable is the variable that turns on TLS to Temporal, if one does.
func (c *Config) tlsVariable() string {
	switch {
	case c.TemporalTLS:
		return "TEMPORAL_TLS"
	case c.TemporalAPIKey != "":
		return "TEMPORAL_API_KEY"
	case c.TemporalAPIKeyFile != "":
		return "TEMPORAL_API_KEY_FILE"
	case c.TemporalTLSCert != "":
		return "TEMPORAL_TLS_CLIENT_CERT_PATH"
	case c.TemporalTLSCertData != "":
		return "TEMPORAL_TLS_CLIENT_CERT_DATA"
	case c.TemporalTLSCA != "":
		return "TEMPORAL_TLS_SERVER_CA_CERT_PATH"
	case c.TemporalTLSCAData != "":
		return "TEMPORAL_TLS_SERVER_CA_CERT_DATA"
	}
	return ""
}

// freshTLS makes each connection with the certificates that the files have then. While
// they cannot be read, it uses the last ones that could.
type freshTLS struct {
	load func() (*tls.Config, error)
	last *atomic.Pointer[tls.Config]
}

var _ credentials.TransportCredentials = (*freshTLS)(nil)

func newFreshTLS(first *tls.Config, load func() (*tls.Config, error)) *freshTLS {
	f := &freshTLS{load: load, last: &atomic.Pointer[tls.Config]{}}
	f.last.Store(first)
	return f
}

func (f *freshTLS) current() credentials.TransportCredentials {
	if config, err := f.load(); err == nil && config != nil {
		f.last.Store(config)
	}
	return credentials.NewTLS(f.last.Load())
}

// ClientHandshake makes the handshake of a new connection.
func (f *freshTLS) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return f.current().ClientHandshake(ctx, authority, conn)
}

// ServerHandshake fails: these are credentials of a client.
func (f *freshTLS) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("these credentials are a client's")
}

// Info describes the protocol.
func (f *freshTLS) Info() credentials.ProtocolInfo { return credentials.NewTLS(f.last.Load()).Info() }

// Clone returns credentials that read the same files.
func (f *freshTLS) Clone() credentials.TransportCredentials { return f }

// OverrideServerName fails: the configuration has the name.
func (f *freshTLS) OverrideServerName(string) error {
	return errors.New("TEMPORAL_TLS_SERVER_NAME has the name")
}
