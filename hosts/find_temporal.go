package hosts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
)

// findTemporal finds out why Temporal cannot be used, after err. It is final if
// waiting does not change that.
func findTemporal(ctx context.Context, config Config, err error) (f Finding, final bool) {
	at := "Temporal at " + config.TemporalAddress
	var namespace *serviceerror.NamespaceNotFound
	if errors.As(err, &namespace) {
		return Finding{
			Variable: "TEMPORAL_NAMESPACE", Found: fmt.Sprintf("%s has no namespace %s", at, config.TemporalNamespace),
			Remedy: fmt.Sprintf("make it with `temporal operator namespace create --namespace %s`, or correct its name", config.TemporalNamespace), Err: err,
		}, false
	}
	switch serviceerror.ToStatus(err).Code() {
	case codes.Unauthenticated, codes.PermissionDenied:
		return Finding{
			Variable: "TEMPORAL_API_KEY", Found: at + " refuses this client: " + err.Error(),
			Remedy: "use a key, or a client certificate, that may use namespace " + config.TemporalNamespace, Err: err,
		}, false
	default:
	}
	probe, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if config.temporalTLS == nil {
		return findPlain(probe, config, at, err)
	}
	return findTLS(probe, config, at, err)
}

// findPlain looks at a server that is called without TLS.
func findPlain(ctx context.Context, config Config, at string, err error) (Finding, bool) {
	if yes, known := speaksTLS(ctx, config.TemporalAddress); known && yes {
		return Finding{Variable: "TEMPORAL_TLS", Found: at + " speaks TLS, and TLS is off here", Remedy: "set TEMPORAL_TLS=true", Err: err}, true
	}
	return Finding{Variable: "TEMPORAL_ADDRESS", Found: at + " does not answer: " + err.Error(), Remedy: "start it, or correct the address", Err: err}, false
}

// findTLS looks at a server that is called with TLS.
func findTLS(ctx context.Context, config Config, at string, err error) (Finding, bool) {
	current := config.temporalTLS
	if renewed, err := config.loadTLS(); err == nil && renewed != nil {
		current = renewed
	}
	failed := handshake(ctx, config.TemporalAddress, current)
	temporal := func(variable, found, remedy string) Finding {
		return Finding{Variable: variable, Found: at + found, Remedy: remedy, Err: err}
	}
	const certificate = " has a certificate that cannot be trusted: "
	switch trustOf(failed) {
	case expired:
		return temporal("TEMPORAL_ADDRESS", certificate+failed.Error(), "renew it"), false
	case wrongName:
		return temporal("TEMPORAL_TLS_SERVER_NAME", certificate+failed.Error(), "set it to a name that the certificate has"), true
	case untrusted:
		return temporal("TEMPORAL_TLS_SERVER_CA_CERT_PATH", certificate+failed.Error(), "set it to a file with its CA's certificate, in PEM"), true
	case trusted:
	}
	var notTLS tls.RecordHeaderError
	switch {
	case errors.As(failed, &notTLS):
		variable := config.tlsVariable()
		return temporal(variable, " does not speak TLS, which "+variable+" turns on", "unset "+variable+", or correct TEMPORAL_ADDRESS"), true
	case isRemoteAlert(failed):
		return temporal("TEMPORAL_TLS_CLIENT_CERT_PATH", " ended the TLS handshake: "+failed.Error(),
			"set it, and TEMPORAL_TLS_CLIENT_KEY_PATH, to a certificate that the server accepts"), false
	}
	return temporal("TEMPORAL_ADDRESS", " does not answer: "+err.Error(), "start it, or correct the address"), false
}
