package hosts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

// probeTimeout bounds a look at a server's TLS.
const probeTimeout = time.Second

// handshake dials a server and makes a TLS handshake. The error is the
// handshake's, or the dial's.
func handshake(ctx context.Context, address string, config *tls.Config) error {
	config = config.Clone()
	config.NextProtos = []string{"h2"}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// speaksTLS finds out whether a server speaks TLS from its first byte, whatever
// its certificate. It is not known if the server cannot be reached, or closes
// the connection without a word.
func speaksTLS(ctx context.Context, address string) (yes, known bool) {
	err := handshake(ctx, address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // nothing is sent
	var notTLS tls.RecordHeaderError
	switch {
	case err == nil, isRemoteAlert(err):
		return true, true
	case errors.As(err, &notTLS):
		return false, true
	}
	return false, false
}

// isRemoteAlert reports whether the other side ended a TLS handshake with an alert.
func isRemoteAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// trust is what the verification of a server's certificate came to.
type trust int

const (
	trusted   trust = iota // or not verified
	expired                // it may be renewed
	wrongName              // it is another host's
	untrusted              // its CA is not known
)

// trustOf is what an error says about a certificate.
func trustOf(err error) trust {
	var (
		verification *tls.CertificateVerificationError
		invalid      x509.CertificateInvalidError
		hostname     x509.HostnameError
	)
	switch {
	case !errors.As(err, &verification):
		return trusted
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return expired
	case errors.As(err, &hostname):
		return wrongName
	}
	return untrusted
}
