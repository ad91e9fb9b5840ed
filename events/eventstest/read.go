package eventstest

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"shipments/events/streams"
)

// Messages reads all messages of a stream that match a subject.
func (s *Server) Messages(t *testing.T, stream, subject string) []*jetstream.RawStreamMsg {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	handle, err := s.JS.Stream(ctx, stream)
	require.NoError(t, err)
	var found []*jetstream.RawStreamMsg
	for next := uint64(1); ; {
		msg, err := handle.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if err != nil {
			require.ErrorIs(t, err, jetstream.ErrMsgNotFound)
			return found
		}
		found = append(found, msg)
		next = msg.Sequence + 1
	}
}

// Rejections reads all stored rejections.
func (s *Server) Rejections(t *testing.T) []streams.StoredRejection {
	t.Helper()
	return Rejections(t, s.JS)
}

// Rejections reads all stored rejections of any server.
func Rejections(t *testing.T, js jetstream.JetStream) []streams.StoredRejection {
	t.Helper()
	var found []streams.StoredRejection
	require.NoError(t, streams.Rejections(t.Context(), js, "", time.Unix(0, 0), func(r streams.StoredRejection) bool {
		found = append(found, r)
		return true
	}))
	return found
}
