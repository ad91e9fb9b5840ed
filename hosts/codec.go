package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/rs/zerolog"

	"shipments/api"
	"shipments/hosts/payloads"
)

// ServeCodec serves the decryption of payloads at an address until ctx is done, for
// pages of one site, the Temporal UI's, or of none. The error is a [*ConfigError] if the
// keys are missing, or if other hosts could have payloads decrypted without being asked
// who they are.
func ServeCodec(ctx context.Context, config Config, address, origin string, log zerolog.Logger) error {
	if config.payloadKeys == nil {
		return &ConfigError{errors.New("SHIPMENTS_PAYLOAD_KEYS is not set: name the file with the keys of the hosts")}
	}
	if origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return fmt.Errorf("the origin %q is not scheme, host and port alone, such as https://temporal.example.com", origin)
		}
	}
	if host, _, err := net.SplitHostPort(address); err == nil && !isLoopback(host) && !config.asksWho() {
		return &ConfigError{fmt.Errorf("SHIPMENTS_AUTH_TOKENS: %s can be reached from other hosts: set it, or SHIPMENTS_AUTH_JWKS_URL, whatever SHIPMENTS_AUTH says", address)}
	}
	access, err := config.access(ctx, log)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	return api.Serve(ctx, listener, payloads.NewServer(payloads.ServerConfig{
		Ring: config.payloadKeys, Origin: origin, Authenticator: access.Authenticator, Log: log,
	}), config.DrainTimeout, log)
}
