package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shipments/events/streams"
)

// The codes of JetStream's errors that nats.go has no name for.
const (
	codeNoPeers              = 10005 // no suitable peers for placement
	codeReplicasNotSupported = 10074 // replicas > 1 not supported in non-clustered mode
)

// findNATS finds out why NATS or JetStream cannot be used, after err. A finding
// is final if waiting does not change it: only a restart with another
// configuration, of this program or of a server, does.
func findNATS(ctx context.Context, config Config, err error) (f Finding, final bool) {
	if f, final, known := findJetStream(config, err); known {
		return f, final
	}
	return findServers(ctx, config, err)
}

// Unusable returns an [*UnusableError] if an error of JetStream says that the
// server cannot be used as it is configured, and otherwise the error itself.
func Unusable(config Config, err error) error {
	if f, final, known := findJetStream(config, err); known && final {
		return &UnusableError{f}
	}
	return err
}

// findJetStream finds what JetStream itself has said.
func findJetStream(config Config, err error) (f Finding, final, known bool) {
	servers, _ := natsServers(config.NATSURL) // Validate has checked it.
	at := "NATS at " + redacted(servers)
	const replicas = "SHIPMENTS_STREAM_REPLICAS"
	var (
		conflict *streams.StreamConflictError
		missing  *missingError
		api      *jetstream.APIError
	)
	switch {
	case errors.As(err, &conflict):
		return Finding{
			Variable: "NATS_URL", Found: at + " has streams that cannot be used as they are: " + err.Error(),
			Remedy: "settle the differences; `shipments streams check` lists them", Err: err,
		}, true, true
	case errors.As(err, &missing):
		return Finding{
			Variable: "SHIPMENTS_PROVISION", Found: at + ": " + err.Error(),
			Remedy: "run `shipments streams apply` as a user who may create them", Err: err,
		}, false, true
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return Finding{
			Variable: "NATS_URL", Found: at + " has JetStream off, or not for this account",
			Remedy: "start nats-server with --jetstream, and give the account JetStream", Err: err,
		}, false, true
	case !errors.As(err, &api):
		return Finding{}, false, false
	case api.ErrorCode == codeReplicasNotSupported:
		return Finding{
			Variable: replicas, Found: fmt.Sprintf("%s is not a cluster and cannot have %d replicas of a stream", at, config.StreamReplicas),
			Remedy: fmt.Sprintf("set %s=1, or run a NATS cluster of at least %d servers", replicas, config.StreamReplicas), Err: err,
		}, true, true
	case api.ErrorCode == codeNoPeers:
		return Finding{
			Variable: replicas, Found: fmt.Sprintf("%s has too few servers for %d replicas of a stream: %s", at, config.StreamReplicas, api.Description),
			Remedy: "start the other servers of the cluster, or ask for fewer replicas", Err: err,
		}, false, true
	}
	return Finding{Variable: "NATS_URL", Found: at + " reports: " + err.Error(), Remedy: "see the server's log", Err: err}, false, true
}

// findServers connects to each server on its own, all at once. It is final only
// if it is for each: any one of them is enough.
func findServers(ctx context.Context, config Config, err error) (f Finding, final bool) {
	servers, _ := natsServers(config.NATSURL) // Validate has checked it.
	findings := make([]Finding, len(servers))
	finals := make([]bool, len(servers))
	var all sync.WaitGroup
	for i, server := range servers {
		all.Go(func() { findings[i], finals[i] = findServer(ctx, config, server) })
	}
	all.Wait()
	final = true
	var found []string
	for i := range servers {
		if findings[i].Found == "" {
			// It can be connected to: what failed needs time, or JetStream a leader.
			return Finding{
				Variable: "NATS_URL", Found: servers[i].Redacted() + " is there, but JetStream gives no answer: " + err.Error(),
				Remedy: "see whether its cluster has a leader", Err: err,
			}, false
		}
		found = append(found, findings[i].Found)
		if !finals[i] && final {
			f, final = findings[i], false
		}
	}
	if final {
		f = findings[0]
	}
	f.Found = strings.Join(found, "; ")
	return f, final
}

// lastDial dials, and keeps the error of the last attempt: nats.go replaces it.
type lastDial struct {
	net.Dialer

	err error
}

func (d *lastDial) Dial(network, address string) (conn net.Conn, err error) {
	conn, d.err = d.Dialer.Dial(network, address)
	return conn, d.err
}

// findServer connects to one server. Nothing is found if that succeeds.
func findServer(ctx context.Context, config Config, server *url.URL) (f Finding, final bool) {
	dialer := &lastDial{Dialer: net.Dialer{Timeout: dialTimeout}}
	nc, err := nats.Connect(server.String(), append(natsOptions(config, "check"), nats.NoReconnect(), nats.SetCustomDialer(dialer))...)
	if err == nil {
		nc.Close()
		return Finding{}, false
	}
	at := server.Redacted()
	url := func(found, remedy string) Finding {
		return Finding{Variable: "NATS_URL", Found: at + found, Remedy: remedy, Err: err}
	}
	const certificate = " has a certificate that cannot be trusted: "
	var timeout net.Error
	switch trustOf(err) {
	case expired:
		return url(certificate+err.Error(), "renew it"), false
	case wrongName:
		return url(certificate+err.Error(), "use a host name that the certificate has"), true
	case untrusted:
		return url(certificate+err.Error(), "set NATS_CA to a file with its CA's certificate, in PEM"), true
	case trusted:
	}
	switch {
	case dialer.err != nil:
		return url(" cannot be reached: "+dialer.err.Error(), "start the server, or correct the address"), false
	case errors.Is(err, nats.ErrSecureConnWanted):
		return url(" does not offer TLS, which its scheme asks for", "use nats:// instead of "+server.Scheme+"://, or give the server a certificate"), true
	case isAuth(err):
		return Finding{Variable: config.natsLoginVariable(), Found: at + " refuses the credentials: " + err.Error(), Remedy: natsAuthRemedy, Err: err}, false
	case isRemoteAlert(err), errors.Is(err, nats.ErrTLS):
		return url(" ended the TLS handshake, most likely for want of a client certificate: "+err.Error(),
			"set NATS_CERT and NATS_KEY to a certificate that the server accepts, and its key"), false
	case errors.As(err, &timeout) && timeout.Timeout():
		probe, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		if yes, known := speaksTLS(probe, hostPort(server)); known && yes {
			return url(" expects TLS before anything else", "set NATS_TLS_FIRST=true, or correct the address"), true
		}
		return url(" takes the connection, but does not greet as NATS does", "correct the address: NATS listens on port 4222 by default"), false
	}
	return url(" cannot be used: "+err.Error(), "see the server's log, or correct the address"), false
}

// hostPort is the address of a server, with NATS's port by default.
func hostPort(server *url.URL) string {
	port := server.Port()
	if port == "" {
		port = "4222"
	}
	return net.JoinHostPort(server.Hostname(), port)
}
