package permissions_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/streams"
)

// TestPermissionsDoNotCoverReplySubjects holds what docs/security.md says of them:
// within one account, an answer of the server is stored where its reply subject
// says. If this fails, NATS has changed, and the document can.
func TestPermissionsDoNotCoverReplySubjects(t *testing.T) {
	t.Parallel()
	as := provisioned(t, "")
	publisher, operator := as(t, "publisher"), as(t, "operator")
	require.NoError(t, publisher.PublishRequest(events.Subject(events.TypeCreated, "abc"), events.Subject(events.TypeAccepted, "abc"), []byte("{}")))
	var entry *jetstream.RawStreamMsg
	require.Eventually(t, func() bool {
		var err error
		entry, err = streams.LastDirect(t.Context(), operator.js, events.StreamEvents, events.Subject(events.TypeAccepted, "abc"))
		return err == nil && entry != nil
	}, 30*time.Second, 10*time.Millisecond)
	require.Contains(t, string(entry.Data), `"stream":"SHIPMENTS"`, "it is the confirmation of the input")
	_, err := streams.ReadLedger(t.Context(), operator.js, "abc")
	require.Error(t, err)
	require.NotErrorIs(t, err, streams.ErrUnknownShipment, "a reader does not take it for an entry")
}
