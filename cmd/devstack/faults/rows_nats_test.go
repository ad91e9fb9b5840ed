package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"shipments/events"
)

func TestPublishOnceRow04PubAckLostAndRetriedAfterTheDuplicateWindow(t *testing.T) {
	t.Parallel()
	s := newSite(t, "04", "first PubAck of everything lost, window of 100 ms", siteOptions{})
	h := s.run(nil)
	s.ready(h)
	for _, name := range []string{events.StreamEvents, events.StreamRejections} {
		stream, err := s.js.Stream(t.Context(), name)
		require.NoError(t, err)
		config := stream.CachedInfo().Config
		config.Duplicates = 100 * time.Millisecond
		_, err = s.js.UpdateStream(t.Context(), config)
		require.NoError(t, err)
	}
	// The reply to the first attempt of each publication is lost.
	var mu sync.Mutex
	attempted, unlucky := map[string]bool{}, map[string]bool{}
	var lost atomic.Int64
	s.toNATS.lose(func(f frame) bool {
		mu.Lock()
		defer mu.Unlock()
		if unlucky[f.subject] {
			delete(unlucky, f.subject)
			lost.Add(1)
			return true
		}
		// Rejections share a subject: they are told apart by their text.
		publication := f.subject
		if strings.HasPrefix(publication, events.TypeRejected) {
			_, publication, _ = strings.Cut(string(f.payload), `"input":`)
		}
		if f.verb == "HPUB" && strings.HasPrefix(f.subject, "shipments.") && !attempted[publication] {
			attempted[publication] = true
			unlucky[f.reply] = true
		}
		return false
	})
	inputs := several(20, s.load.mixed)
	s.load.publish(inputs...)
	s.finish(time.Now(), 5)
	require.GreaterOrEqual(t, lost.Load(), int64(len(inputs)), "replies were lost")
}

func TestNATSRow07AwayUnderLoad(t *testing.T) {
	for _, c := range []struct {
		fault  string
		inject func(*site)
	}{
		{"nats-server killed", func(s *site) {
			for range 2 {
				s.nats.Kill()
				s.outage(2 * time.Second)
				s.nats.restart()
				s.outage(3 * time.Second)
			}
		}},
		{"nats-server paused", func(s *site) {
			s.nats.Pause()
			s.outage(either(35*time.Second, time.Minute))
			s.nats.Resume()
		}},
		{"nats-server restarted", func(s *site) {
			_ = s.nats.Terminate(syscall.SIGTERM)
			s.nats.restart()
		}},
		{"connections to NATS cut again and again", func(s *site) {
			for range 5 {
				s.toNATS.cut()
				s.outage(500 * time.Millisecond)
				s.toNATS.heal()
				s.outage(time.Second)
			}
		}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "07", c.fault, siteOptions{})
			s.ready(s.run(nil))
			stop := s.load.flow(rate, s.load.mixed)
			s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 10 })
			c.inject(s)
			healed := time.Now()
			stop()
			s.finish(healed, 8)
		})
	}
}

func TestNATSRow13DiskFull(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	const size = 64 << 20
	err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if err != nil {
		t.Skipf("this test needs to mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	s := newSite(t, "13", "disk of nats-server full", siteOptions{natsStore: filepath.Join(disk, "store")})
	h := s.run(nil)
	s.ready(h)
	stop := s.load.flow(rate, s.load.mixed)
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 10 })
	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	s.eventually("the hosts are not ready", func(ctx context.Context) bool { return h.readiness(ctx) == http.StatusServiceUnavailable })
	require.NoError(t, os.Remove(filler))
	// nats-server stops writing to a stream when a write has failed. An operator
	// frees space and restarts it.
	_ = s.nats.Terminate(syscall.SIGTERM)
	s.nats.restart()
	healed := time.Now()
	s.ready(h)
	stop()
	s.finish(healed, 10)
}

// fill writes a file until the disk is full.
func fill(t *testing.T, file string) {
	t.Helper()
	out, err := os.Create(file)
	require.NoError(t, err)
	defer out.Close()
	for block := make([]byte, 4<<10); err == nil; {
		_, err = out.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

func TestNATSRow14CredentialsRotated(t *testing.T) {
	t.Parallel()
	keys := newAuthority(t)
	operator := keys.user(t)
	own := filepath.Join(t.TempDir(), "own.creds")
	require.NoError(t, os.WriteFile(own, operator.creds, 0o600))
	s := newSite(t, "14", "credentials rotated", siteOptions{natsConfig: keys.config(t), natsOptions: []nats.Option{nats.UserCredentials(own)}})
	first := keys.user(t)
	file := filepath.Join(s.dir, "hosts.creds")
	require.NoError(t, os.WriteFile(file, first.creds, 0o600))
	h := s.run([]string{"NATS_CREDS=" + file})
	s.ready(h)
	stop := s.load.flow(rate, s.load.mixed)
	s.eventually("shipments end", func(ctx context.Context) bool { return s.ended(ctx) > 10 })

	keys.revoke(first)
	s.rewriteNATSConfig(keys.config(t))
	s.nats.Signal(syscall.SIGHUP)
	s.eventually("the hosts are not ready", func(ctx context.Context) bool { return h.readiness(ctx) == http.StatusServiceUnavailable })
	s.outage(5 * time.Second) // Two refusals in a row close a connection that has the client's default options.
	require.NoError(t, os.WriteFile(file, keys.user(t).creds, 0o600))
	healed := time.Now()
	s.ready(h)
	stop()
	s.finish(healed, 8)
}

// authority issues credentials, as an operator of NATS does.
type authority struct {
	operator, account, system nkeys.KeyPair
	trusted                   string // the operator's own claims
	claims                    *jwt.AccountClaims
}

// credential is one user's.
type credential struct {
	public string
	creds  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	pair := func(kind func() (nkeys.KeyPair, error)) nkeys.KeyPair {
		p, err := kind()
		require.NoError(t, err)
		return p
	}
	a := &authority{operator: pair(nkeys.CreateOperator), account: pair(nkeys.CreateAccount), system: pair(nkeys.CreateAccount)}
	operator := jwt.NewOperatorClaims(public(t, a.operator))
	operator.SystemAccount = public(t, a.system)
	a.trusted = a.encode(t, operator)
	a.claims = jwt.NewAccountClaims(public(t, a.account))
	a.claims.Limits.JetStreamLimits = jwt.JetStreamLimits{DiskStorage: jwt.NoLimit, MemoryStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit}
	return a
}

func public(t *testing.T, pair nkeys.KeyPair) string {
	t.Helper()
	key, err := pair.PublicKey()
	require.NoError(t, err)
	return key
}

// config is the part of a server's configuration that trusts the authority.
func (a *authority) config(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("operator: %s\nsystem_account: %[2]s\nresolver: MEMORY\nresolver_preload: {\n%[2]s: %[3]s\n%[4]s: %[5]s\n}\n",
		a.trusted, public(t, a.system), a.encode(t, jwt.NewAccountClaims(public(t, a.system))), public(t, a.account), a.encode(t, a.claims))
}

func (a *authority) encode(t *testing.T, claims jwt.Claims) string {
	t.Helper()
	text, err := claims.Encode(a.operator)
	require.NoError(t, err)
	return text
}

func (a *authority) user(t *testing.T) credential {
	t.Helper()
	pair, err := nkeys.CreateUser()
	require.NoError(t, err)
	claims := jwt.NewUserClaims(public(t, pair))
	text, err := claims.Encode(a.account)
	require.NoError(t, err)
	secret, err := pair.Seed()
	require.NoError(t, err)
	creds, err := jwt.FormatUserConfig(text, secret)
	require.NoError(t, err)
	return credential{public: public(t, pair), creds: creds}
}

func (a *authority) revoke(c credential) { a.claims.Revoke(c.public) }
