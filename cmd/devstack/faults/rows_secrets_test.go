package faults_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"shipments/cmd/devstack/harness"
	"shipments/hosts"
	"shipments/hosts/keyring"
	"shipments/shipment"
)

// secrets are the certificates of a site.
type secrets struct{ nats, temporal, hosts, test harness.Files }

func newSecrets(t *testing.T, authority *harness.Authority) *secrets {
	t.Helper()
	dir := t.TempDir()
	s := &secrets{
		nats: harness.NewFiles(dir, "nats"), temporal: harness.NewFiles(dir, "temporal"),
		hosts: harness.NewFiles(dir, "hosts"), test: harness.NewFiles(dir, "test"),
	}
	s.issue(t, authority)
	s.trust(t, authority)
	return s
}

func (s *secrets) all() []harness.Files {
	return []harness.Files{s.nats, s.temporal, s.hosts, s.test}
}

// issue replaces all certificates.
func (s *secrets) issue(t *testing.T, authority *harness.Authority) {
	t.Helper()
	for _, files := range s.all() {
		files.Issue(t, authority)
	}
}

// trust replaces the authorities that everybody trusts.
func (s *secrets) trust(t *testing.T, authorities ...*harness.Authority) {
	t.Helper()
	for _, files := range s.all() {
		files.Trust(t, authorities...)
	}
}

// natsConfig is the part of the configuration of nats-server that has it ask for
// certificates.
func (s *secrets) natsConfig() string {
	return fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }\n", s.nats.Cert, s.nats.Key, s.nats.CA)
}

// env are the variables of the hosts.
func (s *secrets) env() []string {
	f := s.hosts
	return []string{
		"NATS_CERT=" + f.Cert, "NATS_KEY=" + f.Key, "NATS_CA=" + f.CA,
		"TEMPORAL_TLS_CLIENT_CERT_PATH=" + f.Cert, "TEMPORAL_TLS_CLIENT_KEY_PATH=" + f.Key, "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + f.CA,
	}
}

// clientTLS is TLS for a client of a test, with the files as they are at each
// connection.
func (s *secrets) clientTLS(t testing.TB, files harness.Files) *tls.Config {
	t.Helper()
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
			return &pair, err
		},
		InsecureSkipVerify: true, // The next function verifies.
		VerifyConnection: func(state tls.ConnectionState) error {
			text, err := os.ReadFile(files.CA)
			if err != nil {
				return err
			}
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(text)
			_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool})
			return err
		},
	}
}

// takes reports whether both servers let a client in with a certificate.
func (s *site) takes(files harness.Files) (byNATS, byTemporal bool) {
	s.Helper()
	config := s.options.secrets.clientTLS(s, files)
	nc, err := nats.Connect("nats://"+s.nats.address, nats.Secure(config), nats.Timeout(5*time.Second))
	if err == nil {
		nc.Close()
	}
	config.NextProtos = []string{"h2"}
	conn, errTemporal := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", s.temporal.address, config)
	if errTemporal == nil {
		// The server's refusal comes after the client's handshake; settings of HTTP/2
		// come from one that lets it in.
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, errTemporal = io.ReadFull(conn, make([]byte, 1))
		_ = conn.Close()
	}
	return err == nil, errTemporal == nil
}

func TestSecretsRow20CertificatesRotated(t *testing.T) {
	t.Parallel()
	before, after := harness.NewAuthority(t, "before"), harness.NewAuthority(t, "after")
	secrets := newSecrets(t, before)
	old := harness.NewFiles(t.TempDir(), "old")
	old.Issue(t, before)
	old.Trust(t, before, after)
	s := newSite(t, "20", "certificates of NATS and Temporal rotated", siteOptions{
		secrets: secrets, natsConfig: secrets.natsConfig(),
		natsOptions: []nats.Option{nats.Secure(secrets.clientTLS(t, secrets.test))},
	})
	h := s.run(secrets.env())
	s.ready(h)
	stop := s.load.flow(rate, s.load.mixed)
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 10 })
	s.eventually("the old certificate is taken", func(context.Context) bool {
		byNATS, byTemporal := s.takes(old)
		return byNATS && byTemporal
	})

	// First everybody trusts both authorities, then the certificates are replaced, and
	// the old authority is taken away last.
	for _, step := range []func(){
		func() { secrets.trust(t, before, after) },
		func() { secrets.issue(t, after) },
		func() { secrets.trust(t, after) },
	} {
		step()
		s.nats.Signal(syscall.SIGHUP)
		n := s.ended(t.Context())
		s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > n+5 })
		for _, p := range []*proxy{s.toNATS, s.toTemporal} {
			p.cut()
			p.heal()
		}
	}
	s.eventually("the old certificate is refused", func(context.Context) bool {
		byNATS, byTemporal := s.takes(old)
		return !byNATS && !byTemporal
	})
	for _, p := range []*proxy{s.toNATS, s.toTemporal} {
		p.cut()
		p.heal()
	}
	healed := time.Now()
	n := s.ended(t.Context())
	s.eventually("shipments end with the new certificates alone", func(ctx context.Context) bool { return s.ended(ctx) > n+5 })
	stop()
	s.finish(healed, 8)
	byNATS, byTemporal := s.takes(secrets.hosts)
	require.True(t, byNATS && byTemporal, "the new certificate is taken")
}

func TestSecretsRow20PayloadKeysRotated(t *testing.T) {
	t.Parallel()
	line := func(id string) string {
		text, err := keyring.New(id)
		require.NoError(t, err)
		return text
	}
	first, second := line("first"), line("second")
	dir := t.TempDir()
	starts, works := filepath.Join(dir, "starts.yaml"), filepath.Join(dir, "works.yaml")
	write := func(file, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(file+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(file+".new", file))
	}
	for _, file := range []string{starts, works} {
		write(file, "readOnly: true\nkeys:\n"+first)
	}
	s := newSite(t, "20", "encryption turned on, keys rotated", siteOptions{})
	consumer := s.run([]string{"SHIPMENTS_PAYLOAD_KEYS=" + starts}, "consumer", "api")
	workers := s.run([]string{"SHIPMENTS_PAYLOAD_KEYS=" + works}, slices.DeleteFunc(hosts.Names(), func(name string) bool {
		return name == "consumer" || name == "api"
	})...)
	s.ready(consumer)
	s.ready(workers)
	stop := s.load.flow(rate, s.load.mixed)
	more := func() {
		t.Helper()
		n := s.ended(t.Context())
		s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > n+8 })
	}
	more()
	for _, step := range []struct{ file, text string }{
		{starts, first}, {works, first}, // encryption is turned on
		{starts, first + second}, {works, first + second}, // the new key is everywhere
		{starts, second + first}, {works, second + first}, // and encrypts
	} {
		write(step.file, "keys:\n"+step.text)
		more()
	}
	// The old key is taken from the workers while shipments are on their way, and the
	// consumer goes back to it: what it starts cannot be read until the key is there again.
	write(works, "keys:\n"+second)
	write(starts, "keys:\n"+first+second)
	s.eventually("a workflow meets the key that is missing", func(context.Context) bool { return s.logged(keyring.ErrUnknownKey.Error()) })
	s.outage(3 * time.Second)
	write(works, "keys:\n"+second+first)
	healed := time.Now()
	stop()
	s.finish(healed, 20)
	require.Subset(t, s.keysUsed(), []string{"", "first", "second"}, "what is stored was encrypted in all of these ways")
}

// logged reports whether the second process of hosts has logged a text.
func (s *site) logged(text string) bool {
	s.Helper()
	log, err := os.ReadFile(filepath.Join(s.dir, "hosts-2.log"))
	require.NoError(s, err)
	return strings.Contains(string(log), text)
}

// keysUsed are the ids of the keys that the shipments' events were encrypted with; empty
// for an event that was not.
func (s *site) keysUsed() []string {
	s.Helper()
	var used []string
	for _, id := range s.shipments() {
		history := s.client.GetWorkflowHistory(s.Context(), shipment.ProcessID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			require.NoError(s, err)
			for _, payload := range event.GetWorkflowExecutionSignaledEventAttributes().GetInput().GetPayloads() {
				used = append(used, string(payload.GetMetadata()["encryption-key-id"]))
			}
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// shipments are the ids of those that were published, the latest first.
func (s *site) shipments() []string {
	s.load.mu.Lock()
	defer s.load.mu.Unlock()
	var ids []string
	for _, in := range slices.Backward(s.load.shipments) {
		ids = append(ids, in.id)
	}
	return ids
}
