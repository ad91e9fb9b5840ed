package hosts_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/hosts"
	"shipments/hosts/permissions"
)

// restricted runs a NATS server, empty, with an administrator, and a user who has
// the permissions of a role. It returns the configuration of the role's host, and
// the administrator's JetStream.
func restricted(t *testing.T, role, provision string) (config hosts.Config, admin jetstream.JetStream) {
	t.Helper()
	r, err := permissions.Named(permissions.Options{}, role)
	require.NoError(t, err)
	server := bare(t, func(o *natsserver.Options) {
		o.JetStream, o.StoreDir = true, t.TempDir()
		o.Users = []*natsserver.User{{Username: "admin", Password: "secret"}, {
			Username: role, Password: "secret", Permissions: &natsserver.Permissions{
				Publish: &natsserver.SubjectPermission{Allow: r.Publish}, Subscribe: &natsserver.SubjectPermission{Allow: r.Subscribe},
			},
		}}
	})
	nc, err := nats.Connect(server, nats.UserInfo("admin", "secret"))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	admin, err = jetstream.New(nc)
	require.NoError(t, err)
	config, err = hosts.LoadConfig()
	require.NoError(t, err)
	config.NATSURL, config.TemporalAddress, config.Emulation, config.Provision = server, "127.0.0.1:1", true, provision
	config.NATSUser, config.NATSPassword, config.NATSInboxPrefix = role, "secret", r.InboxPrefix
	require.NoError(t, config.Validate())
	return config, admin
}

func TestProvisionCheckWaitsForTheStreams(t *testing.T) {
	t.Parallel()
	config, admin := restricted(t, "api", "check")
	r := run(t, config, "api")
	l := r.first(t, "Waiting for NATS")
	require.Equal(t, "SHIPMENTS_PROVISION", l.Variable)
	require.Contains(t, l.Found, "SHIPMENT_EVENTS, SHIPMENT_REJECTIONS, shipment-replays, shipment-documents: missing")
	require.Contains(t, l.Remedy, "shipments streams apply")
	_, err := hosts.ApplyStreams(t.Context(), admin, config)
	require.NoError(t, err)
	r.ready(t)

	response, err := http.Post(r.url+"/1-by-the-api0", "", nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusAccepted, response.StatusCode)
	status, body := r.get(t, "/shipments/1-by-the-api0")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "Pending")
	require.Empty(t, r.lines(t, "NATS reported an error"), "it has all permissions that it needs")
}

func TestProvisionCheckWarnsOfWhatDiffers(t *testing.T) {
	t.Parallel()
	config, admin := restricted(t, "api", "check")
	_, err := hosts.ApplyStreams(t.Context(), admin, config)
	require.NoError(t, err)
	stream, err := admin.Stream(t.Context(), events.StreamEvents)
	require.NoError(t, err)
	wanted := stream.CachedInfo().Config
	wanted.MaxAge = time.Hour
	_, err = admin.UpdateStream(t.Context(), wanted)
	require.NoError(t, err)
	r := run(t, config, "api")
	r.ready(t)
	r.first(t, "JetStream is not as it should be; `shipments streams check` has advice")
	stream, err = admin.Stream(t.Context(), events.StreamEvents)
	require.NoError(t, err)
	require.Equal(t, time.Hour, stream.CachedInfo().Config.MaxAge, "it changes nothing itself")
}

func TestProvisionNoneLooksAtNoStream(t *testing.T) {
	t.Parallel()
	config, admin := restricted(t, "api", "none")
	r := run(t, config, "api")
	require.Eventually(t, func() bool { return strings.Contains(r.about(t).Checks["api"], "JetStream does not answer reads") }, 10*time.Second, 10*time.Millisecond)
	_, err := admin.Stream(t.Context(), events.StreamEvents)
	require.ErrorIs(t, err, jetstream.ErrStreamNotFound)
	require.Empty(t, r.lines(t, "Waiting for NATS"))
	_, err = hosts.ApplyStreams(t.Context(), admin, config)
	require.NoError(t, err)
	r.ready(t)
}

func TestProvisionApplyWithoutThePermissionSaysSo(t *testing.T) {
	t.Parallel()
	config, _ := restricted(t, "api", "apply")
	l := run(t, config, "api").first(t, "NATS reported an error")
	require.Contains(t, l.Remedy, "SHIPMENTS_PROVISION=check")
}
