package hosts

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATSAccess is how the program connects to NATS, besides NATS_URL and
// NATS_CREDS. The variables are those of the nats command. All files are read
// again with each connection, so that what was renewed takes effect.
type NATSAccess struct {
	NATSContext      string `envconfig:"NATS_CONTEXT" desc:"context of the nats command, whose file has what the other NATS_ variables do not set"`
	NATSUser         string `envconfig:"NATS_USER" desc:"NATS user; without a password it is a token"`
	NATSPassword     string `envconfig:"NATS_PASSWORD" secret:"true" desc:"password of NATS_USER"`
	NATSPasswordFile string `envconfig:"NATS_PASSWORD_FILE" desc:"file with the password of NATS_USER, read with each connection"`
	NATSNKey         string `envconfig:"NATS_NKEY" desc:"file with the seed of an nkey"`
	NATSCert         string `envconfig:"NATS_CERT" desc:"client certificate for NATS, PEM; turns TLS on, needs NATS_KEY"`
	NATSKey          string `envconfig:"NATS_KEY" desc:"client key for NATS, PEM"`
	NATSCA           string `envconfig:"NATS_CA" desc:"CA of the NATS servers' certificates, PEM; turns TLS on"`
	NATSTLSFirst     bool   `envconfig:"NATS_TLS_FIRST" default:"false" desc:"make the TLS handshake before anything else, as the servers have to"`
	NATSInboxPrefix  string `envconfig:"NATS_INBOX_PREFIX" desc:"prefix of the subjects that replies come to; _INBOX by default"`
	NATSJSDomain     string `envconfig:"NATS_JS_DOMAIN" desc:"JetStream domain"`

	// A context may have these too.
	natsToken, natsUserJWT, natsUserSeed, natsAPIPrefix string
}

// natsLogin is a way to log in to NATS.
type natsLogin struct {
	variable string
	set      bool
	option   nats.Option
}

// natsLogins are the ways to log in, of which at most one is set.
func (c *Config) natsLogins() []natsLogin {
	return []natsLogin{
		{"NATS_CREDS", c.NATSCreds != "", nats.UserCredentials(c.NATSCreds)},
		{"NATS_NKEY", c.NATSNKey != "", nkeyOption(c.NATSNKey)},
		{"NATS_USER", c.NATSUser != "" && c.hasNATSPassword(), nats.UserInfoHandler(c.natsUserInfo)},
		{"NATS_USER", c.NATSUser != "" && !c.hasNATSPassword(), nats.Token(c.NATSUser)},
		{"NATS_CONTEXT", c.natsToken != "", nats.Token(c.natsToken)},
		{"NATS_CONTEXT", c.natsUserJWT != "", nats.UserJWTAndSeed(c.natsUserJWT, c.natsUserSeed)},
	}
}

func (c *Config) hasNATSPassword() bool { return c.NATSPassword != "" || c.NATSPasswordFile != "" }

func (c *Config) natsUserInfo() (user, password string) {
	if c.NATSPasswordFile == "" {
		return c.NATSUser, c.NATSPassword
	}
	content, err := os.ReadFile(c.NATSPasswordFile)
	if err != nil {
		return c.NATSUser, "" // The server refuses it, and the file may come back.
	}
	return c.NATSUser, strings.TrimRight(string(content), "\r\n")
}

// nkeyOption logs in with an nkey, whose seed is read with each connection.
func nkeyOption(file string) nats.Option {
	return func(o *nats.Options) error {
		option, err := nats.NkeyOptionFromSeed(file)
		if err != nil {
			return fmt.Errorf("NATS_NKEY: %w", err)
		}
		return option(o)
	}
}

// natsLoginVariable is the variable of the way to log in that is set.
func (c *Config) natsLoginVariable() string {
	for _, login := range c.natsLogins() {
		if login.set {
			return login.variable
		}
	}
	return "NATS_CREDS"
}

// accessOptions are the options by which a connection logs in, and speaks TLS.
func (c *Config) accessOptions() []nats.Option {
	var options []nats.Option
	for _, login := range c.natsLogins() {
		if login.set {
			options = append(options, login.option)
		}
	}
	if c.NATSCert != "" || c.NATSCA != "" {
		options = append(options, nats.ClientTLSConfig(c.natsCertificate(), c.natsRoots()))
	}
	if c.NATSTLSFirst {
		options = append(options, nats.TLSHandshakeFirst())
	}
	if c.NATSInboxPrefix != "" {
		options = append(options, nats.CustomInboxPrefix(c.NATSInboxPrefix))
	}
	return options
}

func (c *Config) natsCertificate() nats.TLSCertHandler {
	if c.NATSCert == "" {
		return nil
	}
	return func() (tls.Certificate, error) { return tls.LoadX509KeyPair(c.NATSCert, c.NATSKey) }
}

func (c *Config) natsRoots() nats.RootCAsHandler {
	if c.NATSCA == "" {
		return nil
	}
	return func() (*x509.CertPool, error) { return readPool(c.NATSCA) }
}

// readPool reads the certificates of a PEM file.
func readPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file) //nolint:gosec // the configuration names the file
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", file)
	}
	return pool, nil
}

// jetStream makes the JetStream client of a connection.
func (c *Config) jetStream(nc *nats.Conn) (jetstream.JetStream, error) {
	switch {
	case c.natsAPIPrefix != "":
		return jetstream.NewWithAPIPrefix(nc, c.natsAPIPrefix)
	case c.NATSJSDomain != "":
		// By its prefix, since jetstreamext makes a wrong one of the domain itself.
		return jetstream.NewWithAPIPrefix(nc, "$JS."+c.NATSJSDomain+".API")
	}
	return jetstream.New(nc)
}

var (
	subjectPrefix = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	subjectToken  = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// checkNATSAccess checks the variables of the connection to NATS besides its URL.
func (c *Config) checkNATSAccess(check func(ok bool, variable, format string, args ...any)) {
	var logins []string
	for _, login := range c.natsLogins() {
		if login.set {
			logins = append(logins, login.variable)
		}
	}
	check(len(logins) < 2, strings.Join(logins, ", "), "are several ways to log in: use one")
	checkFile := func(variable, file string, read func(string) error) {
		if file != "" {
			err := read(file)
			check(err == nil, variable, "%v", err)
		}
	}
	readable := func(file string) error { _, err := os.ReadFile(file); return err } //nolint:gosec // the configuration names the file
	checkFile("NATS_CREDS", c.NATSCreds, readable)
	checkFile("NATS_PASSWORD_FILE", c.NATSPasswordFile, readable)
	checkFile("NATS_NKEY", c.NATSNKey, func(file string) error { _, err := nats.NkeyOptionFromSeed(file); return err })
	checkFile("NATS_CA", c.NATSCA, func(file string) error { _, err := readPool(file); return err })
	check(c.NATSPassword == "" || c.NATSPasswordFile == "", "NATS_PASSWORD, NATS_PASSWORD_FILE", "are both set: use one")
	check(!c.hasNATSPassword() || c.NATSUser != "", "NATS_USER", "is not set, and its password is")
	switch {
	case c.NATSCert == "" && c.NATSKey == "":
	case c.NATSCert == "":
		check(false, "NATS_CERT", "is not set, and its key, NATS_KEY, is")
	default:
		_, err := tls.LoadX509KeyPair(c.NATSCert, c.NATSKey)
		check(err == nil, "NATS_CERT, NATS_KEY", "%v", err)
	}
	check(c.NATSInboxPrefix == "" || subjectPrefix.MatchString(c.NATSInboxPrefix), "NATS_INBOX_PREFIX",
		"%q is not a subject such as _INBOX_shipments_api", c.NATSInboxPrefix)
	check(c.NATSJSDomain == "" || subjectToken.MatchString(c.NATSJSDomain), "NATS_JS_DOMAIN", "%q is not the name of a domain", c.NATSJSDomain)
}

// natsAuthRemedy is what helps against refused credentials.
const natsAuthRemedy = "set NATS_CREDS to a credentials file of this server's account, or NATS_NKEY, or NATS_USER and NATS_PASSWORD"
